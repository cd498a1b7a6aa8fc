/** Every example's configuration is one that the program accepts, and so is what the documents show. */

import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { parse } from 'yaml';
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

  it('consul has a balancer that registrator leaves out: registered, it would send requests to itself', () => {
    const { services } = parse(readFileSync(join(examples, 'consul', 'compose.yml'), 'utf8'));
    assert.deepEqual(services.balancer.environment, { SERVICE_IGNORE: 'true' });
  });
});

/** Fenced blocks that begin with a section. */
function configurationsOf(document: string): string[] {
  const text = readFileSync(join(root, document), 'utf8');
  return [...text.matchAll(/^```\n((?:global|defaults|listen|frontend|backend)\b.*?\n)```$/gms)].map(([, block = '']) => block);
}

describe('what a reader copies', () => {
  for (const document of [
    'README.md',
    'docs/commands.md',
    'docs/consul.md',
    'docs/docker.md',
    'docs/files.md',
    'docs/monitoring.md',
    'docs/runtime-api.md',
  ]) {
    const blocks = configurationsOf(document);
    it(`is there in ${document}`, () => assert.ok(blocks.length > 0));
    for (const [index, block] of blocks.entries()) {
      it(`is accepted whole: ${document}, configuration ${index + 1}`, (test) => {
        const folder = mkdtempSync(join(tmpdir(), 'fairlead-document-'));
        test.after(() => rmSync(folder, { recursive: true }));
        const file = join(folder, 'haproxy.cfg');
        writeFileSync(file, block);
        // A backend alone is no whole configuration, but without a mistake.
        const { output } = runFairlead(['-c', '-f', file]);
        assert.doesNotMatch(output, /ALERT|ignored|Falling back/);
        assert.match(output, /valid|no listener/i);
      });
    }
  }
});
