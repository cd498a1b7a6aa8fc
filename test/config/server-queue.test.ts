import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { loadText } from '../../src/config/load.ts';

/** maxconn, minconn and maxqueue of a server with these words. */
function limits(words: string, defaults = ''): readonly (number | undefined)[] {
  const { config, diagnostics } = loadText(`backend be\n default-server ${defaults}\n server s1 127.0.0.1:80 ${words}\n`, 'test.cfg', {
    env: {},
  });
  assert.deepEqual(
    diagnostics.filter(({ severity }) => severity === 'alert').map(({ message }) => message),
    [],
  );
  const server = config?.proxies[0]?.servers[0];
  return [server?.maxconn, server?.minconn, server?.maxqueue];
}

describe('maxconn, minconn and maxqueue', () => {
  const cases = [
    ['', '', [0, 0, 0]],
    ['maxconn 10 maxqueue 3', '', [10, 0, 3]],
    ['maxconn 10 minconn 2', '', [10, 2, 0]],
    // HAProxy: it is a maxconn then.
    ['minconn 5', '', [5, 5, 0]],
    ['minconn 5 maxconn 2', '', [5, 5, 0]],
    ['maxconn 10', 'minconn 5', [10, 5, 0]],
    ['minconn 5', 'maxconn 10 maxqueue 4', [10, 5, 4]],
  ] as const;
  for (const [words, defaults, expected] of cases) {
    it(`'${words}' on top of '${defaults}'`, () => assert.deepEqual(limits(words, defaults), expected));
  }
});
