/** The words behind `fairlead servers`: those of haproxy-docker-config, in each form that its users have written. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseServers, type ServersOptions } from '../../src/ctl/servers-options.ts';

const member = (id: string, port?: number) => ({ id, port });

describe('the options of fairlead servers', () => {
  const cases: readonly (readonly [words: string, options: Partial<ServersOptions>])[] = [
    ['-l a -a abc,DEF:80', { add: [member('abc'), member('def', 80)] }],
    ['-la -aabc -aabd', { add: [member('abc'), member('abd')] }],
    ['--listen=a --add=abc --delete=abd,abe', { add: [member('abc')], remove: ['abd', 'abe'] }],
    ['-l a -c', { check: [] }],
    ['-l a -c -v', { check: [], verbose: true }],
    ['-c abc,abd -l a', { check: ['abc', 'abd'] }],
    ['-l a --check=abc --json', { check: ['abc'], format: 'json' }],
    ['-l a --verify -s --yaml', { verify: true, show: true, format: 'yaml' }],
    ['-l a -s -r', { show: true, restart: true }],
    ['-l a -h /var/run/haproxy.pid -s', { show: true, restart: true }],
    ['-l a -h -s', { show: true, restart: true }],
    ['-l a --hot-restart', { restart: true }],
    ['-l a -s -S /run/x -f a.cfg -f b.cfg', { show: true, socket: '/run/x', files: ['a.cfg', 'b.cfg'] }],
  ];
  const none = { listener: 'a', add: [], remove: [], check: undefined, verify: false, show: false, format: 'text' as const };
  const rest = { verbose: false, restart: false, socket: undefined, files: [] };
  for (const [words, options] of cases) {
    it(`understand ${words}`, () => {
      assert.deepEqual(parseServers(words.split(' ')), { kind: 'act', options: { ...none, ...rest, ...options } });
    });
  }

  const refused: readonly (readonly [words: string, message: string])[] = [
    ['-l', "'-l' expects a value"],
    ['-l a --show=x', "'--show' takes no value"],
    ['-l a -a abc:x', "invalid character 'x' in port number 'x'"],
    ['-l a abc', "unknown option 'abc' of 'servers'"],
  ];
  for (const [words, message] of refused) {
    it(`refuse ${words}`, () => assert.deepEqual(parseServers(words.split(' ')), { kind: 'refused', message }));
  }
});
