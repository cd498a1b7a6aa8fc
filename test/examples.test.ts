/** Every example's configuration is one that the program accepts. */

import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { runFairlead } from './support/fairlead.ts';
import { root } from './support/paths.ts';

const examples = join(root, 'examples');
const names = readdirSync(examples);

describe('the examples', () => {
  it('are there', () => assert.ok(names.length >= 3));

  for (const name of names) {
    it(`${name} has a README and a configuration that fairlead -c accepts`, () => {
      assert.ok(existsSync(join(examples, name, 'README.md')));
      const { code, output } = runFairlead(['-c', '-f', join(examples, name, 'haproxy.cfg')]);
      assert.equal(code, 0, output);
      assert.match(output, /Configuration file is valid/);
    });
  }
});
