/** Variables of the process beside HAProxy's: set by `global`, by rules and by the Runtime API, and told by it. */

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { answerAlike, both, DEFAULTS, type Side, type Sides, skip, startSides, stopSides } from './side-by-side.ts';

const CONFIG = `
global
    stats socket %DIR%/ctl level admin
    set-var proc.text str(primary),upper
    set-var proc.number int(100)
    set-var proc.rest int(250),sub(proc.number)
    set-var proc.yes bool(true)
    set-var proc.kept,ifexists int(1)
    set-var proc.number,ifnotexists int(7)
    set-var-fmt proc.pid "%pid"
    set-var-fmt proc.format "%[var(proc.text)]-%[var(proc.number)]"
${DEFAULTS}
frontend web
    bind unix@%DIR%/web
    http-request set-var(proc.asked) path,length
    http-request return status 200 hdr X "%[var(proc.number)] %[var(proc.format)]"
`;

const COMMANDS: readonly string[] = [
  ...['text', 'number', 'rest', 'yes', 'kept', 'format', 'asked', 'none'].map((name) => `get var proc.${name}`),
  'get var',
  'get var txn.x',
  'get var foo',
  'get var proc.number more',
  'set var proc.number int(3)',
  'expert-mode on; set var proc.number int(3)',
  'user; get var proc.number',
  'operator; get var proc.number',
  'experimental-mode on; user; set var proc.number int(3)',
  'experimental-mode on; operator; set var proc.number int(3)',
  ...[
    'proc.new str(abc); get var proc.new',
    'proc.new expr str(abc),upper; get var proc.new',
    'proc.new fmt a-%[var(proc.number)]; get var proc.new',
    'proc.new fmt a\\ b; get var proc.new',
    'proc.new var(proc.none); get var proc.new',
    'proc.new,ifexists int(1); get var proc.new',
    'proc.new nofetch',
    'proc.new fmt %[foo',
    'proc.new fmt',
    'proc.new expr',
    'proc.new int(1) more',
    'proc.new',
    '',
    'txn.x int(1)',
    'foo.x int(1)',
    'foo int(1)',
    'proc.number int(3); get var proc.number',
  ].map((words) => `experimental-mode on; set var ${words}`),
];

describe('variables of the process', { skip }, () => {
  let sides: Sides;

  before(async () => {
    sides = await startSides(CONFIG);
  });

  after(() => stopSides(sides));

  const seen = async (side: Side): Promise<string | undefined> =>
    /^x: (.*)$/im.exec((await side.ask('web', 'GET /four HTTP/1.1\r\nHost: a\r\n\r\n')).replaceAll('\r', ''))?.[1];

  it('are given by the configuration, by rules and by commands, and told with their types', async () => {
    assert.deepEqual(await both(sides, seen), ['100 PRIMARY-100', '100 PRIMARY-100']);
    for (const command of COMMANDS) await answerAlike(sides, command);
    assert.deepEqual(await both(sides, seen), ['3 PRIMARY-100', '3 PRIMARY-100']);
    for (const side of sides) assert.match(await side.cli('get var proc.pid'), /^proc\.pid: type=str value=<\d+>\n$/);
  });
});
