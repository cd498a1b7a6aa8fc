/** `fairlead servers`: the steps of haproxy-docker-config's readme, one after the other, with what it printed. */

import assert from 'node:assert/strict';
import { chmodSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { after, before, describe, it } from 'node:test';
import { servers } from '../../src/ctl/servers.ts';
import { FakeEngine } from '../discovery/docker/fake-engine.ts';
import { ask } from '../support/client.ts';
import { Fairlead, runFairlead } from '../support/fairlead.ts';
import { startUpstream, type Upstream } from '../support/upstream.ts';
import { until } from '../support/wait.ts';

const IDS = ['caee75cbf7b5', '597215a9450b', 'a32198606724', 'f2cc6e975169'] as const;
const [FIRST, SECOND, THIRD, FOURTH] = IDS;

const configOf = (more = '') => `
global
    stats socket %DIR%/cli level admin
    stats socket %DIR%/operator level operator
defaults
    mode http
    timeout connect 2s
    timeout client 10s
    timeout server 10s
listen dockerha-app1
    bind 127.0.0.1:0
    balance roundrobin
    docker-servers members=%DIR%/app1 address=published check inter 2000 rise 2 fall 5
listen two
    bind 127.0.0.1:0
    docker-servers members=%DIR%/app2 name=several address=published
backend plain
    server s1 127.0.0.1:1
${more}`;

interface Said {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

describe('fairlead servers', () => {
  let engine: FakeEngine;
  let fairlead: Fairlead;
  const upstreams: Upstream[] = [];
  const full: string[] = [];
  let several = '';
  const file = (name: string) => join(fairlead.folder, name);

  before(async () => {
    engine = new FakeEngine();
    await engine.listen();
    for (const digits of IDS) {
      const upstream = await startUpstream(digits);
      upstreams.push(upstream);
      full.push(engine.create(digits, { id: digits, ports: { 8080: upstream.port } }));
    }
    several = engine.create('several', { id: 'fedc', ports: { 90: 49001, 91: 49002, 92: undefined } });
    fairlead = await Fairlead.start(configOf(), { env: { DOCKER_HOST: engine.endpoint } });
  });

  after(async () => {
    await fairlead.stop();
    for (const upstream of upstreams) await upstream.stop();
    await engine.dispose();
  });

  async function run(...words: readonly string[]): Promise<Said> {
    const said = { out: '', err: '' };
    const into = (stream: 'out' | 'err') =>
      new Writable({
        write: (chunk, _encoding, done) => {
          said[stream] += String(chunk);
          done();
        },
      });
    const edge = {
      env: { FAIRLEAD_SOCKET: file('cli') },
      cwd: fairlead.folder,
      stdin: process.stdin,
      stdout: into('out'),
      stderr: into('err'),
    };
    const code = await servers(words, edge);
    return { code, ...said };
  }

  const app1 = (...words: readonly string[]) => run('-l', 'dockerha-app1', ...words);
  const at = (index: number) => `127.0.0.1:${upstreams[index]?.port}`;
  const parameters = 'check inter 2000 rise 2 fall 5';

  it('takes the first three servers into balancing', async () => {
    assert.deepEqual(await app1('--add', IDS.slice(0, 3).join(','), '--restart'), {
      code: 0,
      out:
        `caee75cbf7b5            balanced        ${at(0)}\n` +
        `597215a9450b            balanced        ${at(1)}\n` +
        `a32198606724            balanced        ${at(2)}\n`,
      err: '',
    });
    assert.deepEqual(readFileSync(file('app1'), 'utf8').trimEnd().split('\n'), full.slice(0, 3));
    const answers = new Set<string>();
    for (let i = 0; i < 6; i++) answers.add((await ask(fairlead.port('dockerha-app1'))).body);
    assert.deepEqual([...answers].sort(), [...IDS.slice(0, 3)].sort());
  });

  it('sees that servers are balanced', async () => {
    const out = 'caee75cbf7b5            balanced\n597215a9450b            balanced\na32198606724            balanced\n';
    assert.deepEqual(await app1('-c', '-v'), { code: 0, out, err: '' });
  });

  it('sees that one is not', async () => {
    assert.deepEqual(await app1('-c', FOURTH), { code: 1, out: 'f2cc6e975169            not_balanced\n', err: '' });
  });

  it('takes a server out, and shows the members', async () => {
    const out = `caee75cbf7b5 ${at(0)} ${parameters}\n597215a9450b ${at(1)} ${parameters}\n`;
    assert.deepEqual(await app1('--delete', THIRD, '--show'), { code: 0, out, err: '' });
    assert.equal((await app1('-c', THIRD)).code, 1);
  });

  it('shows them as JSON and as YAML', async () => {
    const shown = (index: number) => ({ id: IDS[index], ip: '127.0.0.1', port: upstreams[index]?.port, parameters });
    const { out } = await app1('--show', '--json');
    assert.deepEqual(JSON.parse(out), [shown(0), shown(1)]);
    const yaml = `---\n${[0, 1]
      .map((index) => `- id: "${IDS[index]}"\n  ip: "127.0.0.1"\n  port: ${upstreams[index]?.port}\n  parameters: "${parameters}"\n`)
      .join('')}`;
    assert.equal((await app1('-s', '--yaml')).out, yaml);
  });

  it('sees that one that is killed is not found, and that it is back when it runs again', async () => {
    const found = 'caee75cbf7b5            found\n597215a9450b            found\n';
    assert.deepEqual(await app1('--verify'), { code: 0, out: found, err: '' });
    const second = full[1] ?? '';
    engine.kill(second, '9');
    engine.die(second);
    await until('it is not found', async () => (await app1('--verify')).code === 1);
    assert.equal((await app1('--verify')).out, 'caee75cbf7b5            found\n597215a9450b            not_found\n');
    assert.equal((await app1('-s')).out, `caee75cbf7b5 ${at(0)} ${parameters}\n`);
    assert.match((await app1('-s', '-v')).err, /597215a9450b: container is exited/);
    engine.state(second, 'running');
    engine.emit('start', second);
    await until('it is found', async () => (await app1('--verify')).code === 0);
  });

  it('keeps the members over a reload, and reads what somebody has written into the file', async () => {
    writeFileSync(file('app1'), `# by hand\n${FIRST}  # the first\n${SECOND}\n${FOURTH.slice(0, 4)}:8080\n`);
    fairlead.signal('SIGHUP');
    await until('it counts', async () => (await app1('-c', FOURTH)).code === 0);
    assert.equal((await app1('-d', `${FIRST},${FOURTH}`)).code, 0);
    assert.equal(readFileSync(file('app1'), 'utf8'), `# by hand\n${SECOND}\n`);
  });

  it('leaves a file with a mistake alone, and its servers as they were', async () => {
    writeFileSync(file('app1'), `${SECOND}\nweb-1\n`);
    const { code, out, err } = await app1('-a', FIRST);
    assert.deepEqual([code, out], [1, 'caee75cbf7b5            not_balanced\n']);
    assert.match(err, /app1: line 2: 'web-1' is no container id with an optional :PORT\./);
    assert.equal(readFileSync(file('app1'), 'utf8'), `${SECOND}\nweb-1\n`);
    assert.equal((await ask(fairlead.port('dockerha-app1'))).body, SECOND);
    for (const words of [['-c'], ['--verify'], ['--show', '--json'], ['-c', SECOND, '-v']]) {
      const said = await app1(...words);
      assert.deepEqual([said.code, said.out], [2, ''], words.join(' '));
      assert.match(said.err, /^fairlead: dockerha-app1: .*app1: line 2: 'web-1' is no container id/);
    }
    assert.match(
      await fairlead.cli('show members'),
      /^# backend .*\n# .*app1: line 2: 'web-1' is no .*\ndockerha-app1 597215a9450b - found /,
    );
    writeFileSync(file('app1'), `${SECOND}\n`);
    assert.equal((await app1('-c')).out, '597215a9450b            balanced\n');
  });

  it('does not say of several members that one of them is balanced', async () => {
    writeFileSync(file('app1'), `${FIRST}\ncaee00000000\n${SECOND}\n`);
    assert.equal((await app1('-d', '0123')).code, 1);
    assert.deepEqual(await app1('-c', 'caee'), {
      code: 1,
      out: 'caee                    not_balanced\n',
      err: "fairlead: Several members of 'dockerha-app1' have an id that begins with caee.\n",
    });
    assert.equal((await app1('-a', 'caee')).out, `caee75cbf7b5            balanced        ${at(0)}\n`);
    writeFileSync(file('app1'), `${SECOND}\n`);
    assert.equal((await app1('-d', '0123')).code, 1);
  });

  it('says why a file cannot be written', { skip: process.getuid?.() === 0 ? 'root may write everywhere' : false }, async () => {
    chmodSync(fairlead.folder, 0o500);
    assert.match((await app1('-a', FIRST)).err, /app1 cannot be written: /);
    chmodSync(fairlead.folder, 0o700);
  });

  const refusals: readonly (readonly [words: string, err: RegExp])[] = [
    ['-l dockerha-app1 -a 0123', /^fairlead: No container has an id that begins with 0123\.\n$/],
    ['-l two -a fedc', /Container fedc00000000 is no server of 'two': it exposes the ports 90, 91, 92; name the one to use with port=\./],
    ['-l two -a fedc:92', /its port 92 is not published\./],
    ['-l two -a fedc:93', /its port 93 is not published\./],
    ['-l two -a caee75cbf7b5', /Container caee75cbf7b5 is not what the other selectors of 'two' mean\./],
    ['-l dockerha-app1 -d 0123', /No member of 'dockerha-app1' has an id that begins with 0123\./],
  ];
  for (const [words, err] of refusals) {
    it(`refuses ${words}`, async () => {
      const said = await run(...words.split(' '));
      assert.equal(said.code, 1);
      assert.match(said.err, err);
    });
  }

  const failures: readonly (readonly [words: string, err: RegExp])[] = [
    ['-l plain -c', /^fairlead: plain: 'plain' has no line 'docker-servers members=\.\.\.'\.\n$/],
    ['-l nobody -c', /^fairlead: nobody: Can't find backend\.\n$/],
    ['-c', /which section is meant\? '-l LISTENER' says it\nfairlead: 'fairlead servers --help' says more/],
    ['-l two', /nothing is asked for/],
    ['-l two --ad x', /unknown option '--ad' of 'servers'; did you mean '--add'\?/],
    ['-l two -a web-1', /'web-1' is no container id with an optional :PORT/],
    ['-l two -d fedc:90', /'fedc:90': a port stands with --add alone/],
    ['-l two -c -S /nonexistent/cli', /\/nonexistent\/cli: there is no such socket/],
  ];
  for (const [words, err] of failures) {
    it(`fails with 2: ${words}`, async () => {
      const said = await run(...words.split(' '));
      assert.deepEqual([said.code, said.out], [2, '']);
      assert.match(said.err, err);
    });
  }

  it('means a private port by the number behind an id, and the one that is published by its address', async () => {
    const first = await run('-l', 'two', '-a', 'fedc:90');
    assert.deepEqual(first, { code: 0, out: 'fedc00000000            balanced        127.0.0.1:49001\n', err: '' });
    assert.equal(
      (await run('-l', 'two', '-a', 'fedc:91', '-s')).out,
      'fedc00000000            balanced        127.0.0.1:49002\nfedc00000000 127.0.0.1:49002\n',
    );
    assert.equal(readFileSync(file('app2'), 'utf8'), `${several}:91\n`);
    assert.equal(await fairlead.cli('show members two'), `# backend id port state address\ntwo fedc00000000 91 found 127.0.0.1:49002\n\n`);
    assert.deepEqual(
      readdirSync(fairlead.folder).filter((name) => name.endsWith('.new')),
      [],
    );
  });

  it('changes nothing for who may not', async () => {
    const said = await run('-l', 'two', '-d', 'fedc', '-S', file('operator'));
    assert.deepEqual([said.code, said.err], [1, 'fairlead: Permission denied (changes need level admin)\n']);
  });

  it('is a word of the program, with help, and says what restarting comes to', () => {
    const program = (...words: readonly string[]) => runFairlead(['servers', ...words], { FAIRLEAD_SOCKET: file('cli') });
    assert.match(program('--help').output, /^fairlead servers: /);
    const said = program('-l', 'two', '--check', '--hot-restart', '/var/run/haproxy.pid', '-v');
    assert.equal(said.code, 0);
    assert.match(said.output, /fedc00000000 {12}balanced\n.*nothing has to be restarted/s);
  });
});
