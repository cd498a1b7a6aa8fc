import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readDocument } from '../../../src/discovery/file/document.ts';
import { type List, readList } from '../../../src/discovery/file/list.ts';

async function listOf(text: string): Promise<List> {
  const read = await readDocument(text);
  if ('fault' in read) throw new Error(`${read.fault.line}:${read.fault.column}: ${read.fault.message}`);
  return readList(read.items, '/etc/fairlead');
}

/** `name host:port state words`, and `line:column: message` of what is refused or not understood. */
async function said(text: string): Promise<readonly string[]> {
  const { entries, refused, warnings } = await listOf(text);
  return [
    ...entries.map(({ name, at, state, reason, words }) =>
      [
        name,
        `${at.address ?? at.fqdn}:${at.port}`,
        state,
        ...(reason === '' ? [] : [`(${reason})`]),
        ...words.flatMap((one) => one.words),
      ].join(' '),
    ),
    ...[...refused, ...warnings].map(({ line, column, message }) => `${line}:${column}: ${message}`),
  ];
}

describe('a list of servers', () => {
  const lists: readonly (readonly [what: string, text: string, said: readonly string[]])[] = [
    ['JSON of texts', '["192.0.2.1:80", "[2001:db8::1]:81"]', ['192.0.2.1:80 192.0.2.1:80 ready', '2001:db8::1:81 2001:db8::1:81 ready']],
    ['YAML of texts', '- 192.0.2.1:80\n- app.test:81\n', ['192.0.2.1:80 192.0.2.1:80 ready', 'app.test:81 app.test:81 ready']],
    ['under a key', '# written by hand\nservers:\n  - 192.0.2.1:80\n', ['192.0.2.1:80 192.0.2.1:80 ready']],
    ['empty', '[]', []],
    ['texts with parameters', '- 192.0.2.1:80 weight 5 backup', ['192.0.2.1:80 192.0.2.1:80 ready weight 5 backup']],
    [
      'objects',
      '- { name: a, address: 192.0.2.1, port: 80, weight: 5, check: true, inter: 2s }\n- name: b\n  address: 192.0.2.2:81\n  backup: false\n',
      ['a 192.0.2.1:80 ready weight 5 check inter 2s', 'b 192.0.2.2:81 ready no-backup'],
    ],
    [
      'states',
      '- {name: a, address: "x:1", state: drain}\n- {name: b, address: "x:2", state: maint, reason: new disk}\n- {name: c, address: "x:3", state: down}\n',
      ['a x:1 drain (the file says drain)', 'b x:2 down (new disk)', 'c x:3 down (the file says down)'],
    ],
    [
      'a socket',
      '- /run/app.sock\n- {name: b, address: unix@b.sock}\n',
      ['_run_app.sock /run/app.sock:0 ready', 'b /etc/fairlead/b.sock:0 ready'],
    ],
    [
      'anchors',
      '- &one {name: a, address: "192.0.2.1:80", maxconn: 7}\n- {<<: *one, name: b, address: "192.0.2.2:80"}\n',
      ['a 192.0.2.1:80 ready maxconn 7', 'b 192.0.2.2:80 ready maxconn 7'],
    ],
    [
      'mistakes, which cost their items alone',
      [
        '- 192.0.2.1:80',
        '- 192.0.2.1:80',
        '- 7',
        '- { address: 192.0.2.2 }',
        '- { name: a }',
        '- { name: b, address: "192.0.2.3:80",',
        '    state: redy }',
        '- { name: "b c", address: "192.0.2.4:80" }',
        '- { name: d, address: "192.0.2.5:80", port: 81 }',
        '- { name: e, address: "192.0.2.6:80", weight: [1] }',
        '- { name: f, address: "192.0.2.7:80", check: 5 }',
        '- { name: g, address: "192.0.2.8", port: eighty }',
        '- { name: h, address: "256.1.1.1:80" }',
        '- { name: i, address: "192.0.2.9:80", wieght: 5, region2datacenter: eu }',
      ].join('\n'),
      [
        '192.0.2.1:80 192.0.2.1:80 ready',
        'i 192.0.2.9:80 ready',
        "2:3: '192.0.2.1:80' is listed in line 1 already",
        "3:3: is no server: 'address:port' is expected, or an object with an address",
        "4:5: '192.0.2.2' has no port",
        "5:3: has no 'address'",
        "7:5: 'redy' is no state: ready, drain, maint or down",
        "8:5: character ' ' is not permitted in server name 'b c'",
        "9:39: '192.0.2.5:80' has another port than 'port' says",
        "10:39: 'weight' expects a value",
        "11:39: 'check' is true or false",
        "12:36: 'port' expects an integer argument, found 'eighty'.",
        "13:14: invalid address: '256.1.1.1' in '256.1.1.1:80'",
        "14:39: 'wieght' is unknown; did you mean 'weight'?",
        "14:50: 'region2datacenter' is unknown",
      ],
    ],
  ];
  for (const [what, text, expected] of lists) {
    it(`is read: ${what}`, async () => assert.deepEqual(await said(text), expected));
  }

  const broken: readonly (readonly [what: string, text: string, message: RegExp])[] = [
    ['nothing', '', /^1:1: it is empty; an empty list is written \[\]$/],
    ['a comment alone', '# soon\n', /^1:1: it is empty/],
    ['half an object', '[{"address": "192.0.2.1:80"', /^1:28: /],
    ['half a list', '["192.0.2.1:80", "192.0', /^1:24: Missing closing "quote/],
    ['a text', 'servers', /^1:1: it is no list of servers$/],
    ['another key', 'server:\n  - 192.0.2.1:80\n', /^1:1: 'server' is unknown; did you mean 'servers'\?$/],
    ['a key without a list', 'servers:\n', /^\d:\d: it is empty/],
    ['bad indentation', '- a: 1\n b: 2\n', /^2:1: Sequence item without/],
    ['a key twice', '- {name: a, name: b}', /^1:13: Map keys must be unique$/],
  ];
  for (const [what, text, message] of broken) {
    it(`is none: ${what}`, async () =>
      assert.rejects(listOf(text), ({ message: found }: Error) => message.test(found) || assert.fail(found)));
  }

  it('does not let aliases of aliases grow without end', async () => {
    const bomb = ['- &a [x,x,x,x,x,x,x,x,x]', ...'bcdefgh'.split('').map((name, i) => `- &${name} [${Array(9).fill(`*${'abcdefg'[i]}`)}]`)];
    const { entries, refused } = await listOf(bomb.join('\n'));
    assert.deepEqual([entries.length, refused.length], [0, 8]);
  });
});
