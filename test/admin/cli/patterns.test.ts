/** What the Runtime API says of ACLs and maps, and does to them. */

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, beforeEach, describe, it } from 'node:test';
import { patternCommands } from '../../../src/admin/cli/patterns.ts';
import type { Runtime } from '../../../src/admin/cli/runtime.ts';
import { CliSession } from '../../../src/admin/cli/session.ts';
import { compileRules } from '../../../src/rules/compile.ts';
import { Patterns } from '../../../src/rules/patterns.ts';
import { proxyWith } from '../../rules/support.ts';

const folder = mkdtempSync(join(tmpdir(), 'fairlead-patterns-'));
after(() => rmSync(folder, { recursive: true }));

const FILE = join(folder, 'a.map');
let patterns = new Patterns();

/** With entries for references, since those count on. */
function ask(line: string): string {
  const dialect = { prompt: () => '> ', address: (words: readonly string[]) => ({ words, commands: patternCommands }) };
  const session = new CliSession({ patterns } as Runtime, dialect, 'user', 'none', 1000);
  session.push(`${line.replaceAll('MAP', FILE)}\n`);
  let text = '';
  for (let piece = session.next(); piece !== undefined; piece = session.next()) text += piece;
  return text.replaceAll(FILE, 'MAP').replace(/^0x[0-9a-f]+/gm, 'REF');
}

describe('ACLs and maps of the Runtime API', () => {
  beforeEach(() => {
    writeFileSync(FILE, '/a 1\n/b two words\n/\u00e9 3\n');
    patterns = new Patterns();
    const lines = ['acl small path_beg /a /b', `http-request set-header x %[path,map(${FILE})] if small`];
    compileRules(proxyWith(lines), ({ message }) => assert.fail(message), patterns);
    patterns.finish(['test.cfg']);
  });

  const cases: readonly (readonly [line: string, answer: string])[] = [
    ['show acl', "# id (file) description\n0 () acl 'path_beg' file 'test.cfg' line 1. curr_ver=0 next_ver=0 entry_cnt=2\n\n"],
    [
      'show map',
      "# id (file) description\n1 (MAP) pattern loaded from file 'MAP' used by map at file 'test.cfg' line 2. curr_ver=0 next_ver=0 entry_cnt=3\n\n",
    ],
    ['show acl #0', 'REF /a\nREF /b\n\n'],
    ['show map MAP', 'REF /a 1\nREF /b two words\nREF /\u00e9 3\n\n'],
    ['get map #1 /b', 'type=str, case=sensitive, found=yes, idx=tree, key="/b", value="two words", type="str"\n\n'],
    ['get acl #0 /c', 'type=beg, case=sensitive, match=no\n\n'],
    [
      'add map #1 <<\n  /e  5 6 \n\nget map #1 /e',
      '\ntype=str, case=sensitive, found=yes, idx=tree, key="/e", value="5 6 ", type="str"\n\n',
    ],
    ['add map #1 <<\n/d 4\n/e\n\nshow map #1', "Missing value for key '/e'.\n\nREF /a 1\nREF /b two words\nREF /\u00e9 3\nREF /d 4\n\n"],
    ['set map #1 /a 2;get map #1 /a', '\ntype=str, case=sensitive, found=yes, idx=tree, key="/a", value="2", type="str"\n\n'],
    ['del map #1 /\u00e9;show map #1', '\nREF /a 1\nREF /b two words\n\n'],
    ['clear acl #0;show acl #0', '\n\n'],
    ['prepare map #1;add map @1 #1 /c 3;commit map @1 #1;show map #1', 'New version created: 1\n\n\n\nREF /c 3\n\n'],
  ];
  for (const [line, answer] of cases) it(JSON.stringify(line), () => assert.equal(ask(line), answer));
});
