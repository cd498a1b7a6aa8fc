import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readServersState, serversState } from '../../src/backend/servers-state.ts';
import { OpState } from '../../src/backend/types.ts';
import { CHECK, makeBackend, serverConfig, verdict } from './support.ts';

const LINE = '3 be 1 s1 127.0.0.1 2 0 7 10 5 15 3 4 6 0 0 0 - 80 - 0 0 - - 0';

test('what is written is read again', () => {
  const { backend, servers } = makeBackend([
    serverConfig('s1', { check: { ...CHECK, port: 81 }, weight: 10 }),
    serverConfig('s2', { address: '::1', fqdn: 'app.test' }),
    serverConfig('s3', { address: undefined, fqdn: 'gone.test' }),
    serverConfig('s4', { address: '/run/app.sock', port: 0 }),
  ]);
  const [s1, s2] = servers;
  s1!.setVerdict(verdict('L7STS', 503), 1000);
  s1!.setWeight(3, 1000);
  s1!.enableCheck(false);
  s2!.setAdmin('drain', 4000);
  const text = serversState([backend], 9999);
  assert.deepEqual(text.split('\n').slice(2), [
    '1 app 1 s1 127.0.0.1 0 0 3 10 8 17 2 0 2 0 0 0 - 80 - 0 81 - - 0',
    '1 app 2 s2 ::1 2 8 1 1 5 1 0 2 0 0 0 0 app.test 80 - 0 0 - - 0',
    '1 app 3 s3 - 0 32 1 1 9 1 0 0 0 0 0 0 gone.test 80 - 0 0 - - 0',
    '1 app 4 s4 - 2 0 1 1 9 1 0 2 0 0 0 0 - 0 - 0 0 - - 0',
    '',
  ]);
  const read = readServersState(text);
  assert.ok('servers' in read);
  const saved = read.servers.get('app s1');
  assert.ok(saved !== undefined && !('error' in saved));
  const { op, weight, configuredWeight, since, checkDisabled, checkPort, verdict: found } = saved;
  assert.deepEqual(
    { op, weight, configuredWeight, since, checkDisabled, checkPort, code: found?.code },
    { op: OpState.Stopped, weight: 3, configuredWeight: 10, since: 8000, checkDisabled: true, checkPort: 81, code: 'L7STS' },
  );
});

const texts: readonly (readonly [what: string, text: string, answer: string])[] = [
  ['no text', '', 'version'],
  ['another version', `2\n${LINE}\n`, 'version'],
  ['no version', `${LINE}\n`, 'version'],
  ['a line that is cut', `1\n# be_id\n${LINE}\n3 be 1 s2 127.0.0.1\n`, 'corrupted 3'],
  ['comments, empty lines and more fields than there are', `1\n# x\n\n${LINE} more\n`, 'be s1'],
  ['a line that lacks its last field', `1\n${LINE.split(' ').slice(0, 19).join(' ')}\n`, 'corrupted 1'],
  ['a line of an older writer', `1\n${LINE.split(' ').slice(0, 20).join(' ')}\n`, 'be s1'],
  ['a last line without its end', `1\n${LINE}\n${LINE.replace(' s1 ', ' s2 ')}`, 'corrupted 2'],
  ['a comment without its end', `1\n${LINE}\n# the end`, 'corrupted 2'],
  ['a version without its end', '1', 'version'],
  ['an indented comment', `1\n \t# x\n${LINE}\n`, 'be s1'],
  ['a time that is not over yet', `1\n${LINE.replace(' 5 15 ', ' -5 15 ')}\n`, 'be s1'],
  ['a time longer than any', `1\n${LINE.replace(' 5 15 ', ' 99999999999 15 ')}\n`, 'be s1'],
  ['several spaces and tabs', `1\n${LINE.replaceAll(' ', ' \t ')}\n`, 'be s1'],
  ['the first of two lines', `1\n${LINE}\n${LINE.replace(' 7 10 ', ' 9 10 ')}\n`, 'be s1 7'],
  ['the first of two lines, be it wrong', `1\n${LINE.replace(' 7 10 ', ' 999 10 ')}\n${LINE}\n`, 'be s1 wrong'],
];
for (const [what, text, answer] of texts) {
  test(`a state file with ${what}`, () => {
    const read = readServersState(text);
    if (!('servers' in read)) {
      assert.equal(read.error === 'version' ? read.error : `${read.error} ${read.line}`, answer);
      return;
    }
    const [[key, line] = assert.fail('no line')] = read.servers;
    assert.equal(answer.startsWith(key), true);
    if (answer !== key) assert.equal(`${key} ${'error' in line ? 'wrong' : line.weight}`, answer);
    else assert.ok(!('error' in line));
  });
}

/** Field -> what it may not be. */
const wrong: Readonly<Record<string, readonly [position: number, values: readonly string[]]>> = {
  srv_op_state: [5, ['4', '-1', 'x', '']],
  srv_admin_state: [6, ['9', '128', 'x']],
  srv_uweight: [7, ['257', '-1', '1.5', '0x1']],
  srv_iweight: [8, ['257', 'x']],
  srv_last_time_change: [9, ['x', '1.5', '', '99999999999999999999']],
  srv_check_status: [10, ['21', 'x']],
  srv_check_result: [11, ['5', 'x']],
  srv_check_health: [12, ['-1', 'x']],
  srv_check_state: [13, ['32', 'x']],
  srv_agent_state: [14, ['32', 'x']],
  srv_port: [18, ['65536', '99999', '80.5', '0x50', '1e3', '-1', 'x', '']],
};
for (const [name, [position, values]] of Object.entries(wrong)) {
  for (const value of values) {
    test(`a line whose ${name} is '${value}' is told by it and not taken`, () => {
      const fields = LINE.split(' ');
      fields[position] = value === '' ? '+' : value;
      const read = readServersState(`1\n${fields.join(' ')}\n`);
      assert.ok('servers' in read);
      assert.deepEqual(read.servers.get('be s1'), { error: `, invalid ${name} value '${fields[position]}'` });
    });
  }
}

const checkPorts: Readonly<Record<string, readonly [port: number, omitted: string | undefined]>> = {
  '0': [0, undefined],
  '81': [81, undefined],
  '65535': [65535, undefined],
  '65536': [0, ', provided port is invalid'],
  '-1': [0, ', provided port is invalid'],
  '80.5': [0, ', provided port is not an integer'],
  '0x50': [0, ', provided port is not an integer'],
  '1e3': [0, ', provided port is not an integer'],
};
for (const [word, [port, omitted]] of Object.entries(checkPorts)) {
  test(`a line whose srv_check_port is '${word}' is taken, ${omitted === undefined ? 'as it is' : 'without it'}`, () => {
    const fields = LINE.split(' ');
    fields[21] = word;
    const read = readServersState(`1\n${fields.join(' ')}\n`);
    assert.ok('servers' in read);
    const line = read.servers.get('be s1');
    assert.ok(line !== undefined && !('error' in line));
    assert.deepEqual([line.checkPort, line.omitted, line.weight], [port, omitted, 7]);
  });
}
