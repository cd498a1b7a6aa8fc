/** The same commands in the same order to the Runtime API of HAProxy and to ours: answers, errors and permissions are alike. */

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { CliClient } from '../support/cli.ts';
import { parseStats } from '../support/stats.ts';
import { answerAlike, both, columnsBut, DEFAULTS, firstCheck, type Sides, skip, startSides, stopSides } from './side-by-side.ts';

/** Port 1 of the loopback refuses connections; nothing else happens within an hour. */
const CONFIG = `
global
    nbthread 1
    maxconn 200
    stats socket %DIR%/ctl mode 600 level admin
    stats socket %DIR%/operator
    stats socket %DIR%/user level user
    stats timeout 5s
${DEFAULTS}
frontend web
    bind unix@%DIR%/web name main
    maxconn 100
    option socket-stats
    default_backend app
frontend other
    bind unix@%DIR%/other
    maxconn 50
backend app
    server s1 127.0.0.1:1 weight 10 check inter 1h
    server s2 127.0.0.1:2 weight 20 backup
    server s3 127.0.0.1:3 agent-check agent-port 1 agent-inter 1h
    server s4 127.0.0.1:4 maxconn 5
backend static
    balance static-rr
    server s1 127.0.0.1:1 weight 10
    server s2 127.0.0.1:1 weight 10
backend follower
    server s1 127.0.0.1:1 track app/s1
backend table
    stick-table type string len 20 size 100 expire 5m
    stick on path
    server s1 127.0.0.1:1
backend addresses
    stick-table type ip size 1k
    server s1 127.0.0.1:1
backend empty
`;

type Level = 'ctl' | 'operator' | 'user';

/** Before each of them. */
const NUMBERED = 'set severity-output number;';

/** Lines to send, by the socket that gets them. */
const SCRIPT: readonly (readonly [what: string, level: Level, lines: readonly string[]])[] = [
  [
    'words',
    'ctl',
    [
      'show version',
      '  show   version',
      'show\tversion',
      'show version foo',
      'show version\r',
      'foo',
      'show',
      'show foo',
      'SHOW VERSION',
      'sh ver',
      '#',
      '',
    ],
  ],
  [
    'several commands and escapes',
    'ctl',
    [
      'show version;show cli level',
      'foo;show version',
      'show version\nshow cli level',
      'quit;show version',
      'set server app/s1 addr a\\;b',
      'set server app/s1 addr foo',
      'set server app/s1 addr a\\ b',
      'set server app/s1 addr a\\\\b',
      'set server app/s1 addr a\\xb',
    ],
  ],
  ['payloads', 'ctl', ['show version <<\nxx\nyy\n\nshow cli level', 'show version<<']],
  [
    'the connection',
    'ctl',
    [
      'show cli level',
      'operator;show cli level;set server app/s1 state ready',
      'user;operator;show cli level',
      'set timeout',
      'set timeout cli',
      'set timeout cli abc',
      'set timeout cli 0',
      'set timeout cli 10s',
      'set timeout foo',
      'set timeout cli 25d',
      'set timeout cli 60d',
      'set timeout cli 2147483647',
      'set timeout cli 2147483648',
      'set timeout cli 100000000000',
      'set severity-output',
      'set severity-output loud',
      'set severity-output number;set server app/nope state ready;show version;get weight app/s1;set server app/s4 addr 127.0.0.1',
      'set severity-output string;set server app/nope state ready;show version;foo',
    ],
  ],
  [
    'servers and their states',
    'ctl',
    [
      'set server',
      'set server app',
      'set server app/',
      'set server nope/s1 state maint',
      'set server app/nope state maint',
      'set server app/s1',
      'set server app/s1 foo',
      'set server app/s1 state',
      'set server app/s1 state bogus',
      'set server app/s1 state drain',
      'show stat app 4 1',
      'set server app/s1 state maint',
      'show stat app 4 1',
      'show servers state app',
      'set server app/s1 state ready',
      'show stat app 4 1',
      'disable server app/s1',
      'disable server app/s1',
      'disable server',
      'disable server app/nope',
      'show stat app 4 -1',
      'enable server app/s1',
      'enable server',
      'set server app/s1 health up',
      'show stat app 4 -1',
      'set server app/s1 health stopping',
      'show stat app 4 -1',
      'set server app/s1 health down',
      'show stat app 4 -1',
      'set server app/s1 health',
      'set server app/s1 health bogus',
      'set server app/s4 health down',
      'show stat app 6 -1',
      'set server app/s4 health stopping',
      'show stat app 6 -1',
      'set server app/s4 health up',
      'set server app/s1 health up',
      'set server follower/s1 health up',
      'set server follower/s1 state maint',
      'show stat follower 4 -1',
      'show stat follower 4 -1',
      'set server follower/s1 state ready',
      'show servers state follower',
      'set server app/s1 health down',
    ],
  ],
  [
    'weights',
    'ctl',
    [
      'get weight app/s1',
      'get weight #5/#1',
      'get weight app',
      'get weight app/nope',
      'get weight',
      'set weight app/s1 5',
      'get weight app/s1',
      'set weight app/s1 200%',
      'get weight app/s1',
      'set weight app/s1 5000%',
      'get weight app/s1',
      'set server app/s1 weight',
      'set server app/s1 weight abc',
      'set server app/s1 weight 5x',
      'set server app/s1 weight 5%x',
      'set server app/s1 weight %',
      'set server app/s1 weight 300',
      'set server app/s1 weight -1',
      'set server app/s1 weight -1%',
      'set server app/s1 weight 0',
      'show stat app 6 -1',
      'set server app/s1 weight 100%',
      'set weight static/s1 20',
      'set server static/s1 weight 50%',
      'set server static/s1 weight 0',
      'get weight static/s1',
      'set server static/s1 weight 100%',
      'get weight static/s1',
    ],
  ],
  [
    'limits',
    'ctl',
    [
      'set maxconn server',
      'set maxconn server app/s4',
      'set maxconn server app/nope 5',
      'set maxconn server app/s4 abc',
      'set maxconn server app/s4 5x',
      'set maxconn server app/s4 7',
      'show stat app 4 4',
      'set maxconn frontend',
      'set maxconn frontend nope 5',
      'set maxconn frontend app 5',
      'set maxconn frontend web',
      'set maxconn frontend web -5',
      'set maxconn frontend web 33',
      'show stat web 1 -1',
      'set maxconn global',
      'set maxconn global 300',
      'set maxconn global 150',
      'set maxconn',
    ],
  ],
  [
    'frontends',
    'ctl',
    [
      'enable frontend other',
      'enable frontend nope',
      'enable frontend',
      'disable frontend',
      'disable frontend nope',
      'disable frontend app',
      'disable frontend other',
      'show stat other 1 -1',
      'disable frontend other',
      'enable frontend other',
      'show stat other 1 -1',
      'shutdown frontend',
      'shutdown frontend nope',
      'shutdown frontend other',
      'show stat other 1 -1',
      'shutdown frontend other',
      'enable frontend other',
      'disable frontend other',
    ],
  ],
  [
    'checks and agents',
    'ctl',
    [
      'disable health app/s1',
      'show stat app 4 1',
      'enable health app/s1',
      'show stat app 4 1',
      'disable health app/s2',
      'enable health app/s2',
      'disable health app/nope',
      'enable health',
      'disable agent app/s3',
      'set server app/s3 agent up',
      'enable agent app/s3',
      'set server app/s3 agent up',
      'set server app/s3 agent down',
      'set server app/s3 agent',
      'set server app/s3 agent foo',
      'set server app/s1 agent up',
      'disable agent app/s1',
      'enable agent app/s1',
      'set server app/s3 agent-addr 127.0.0.2',
      'set server app/s3 agent-addr',
      'set server app/s3 agent-addr x:y',
      'set server app/s3 agent-port 99',
      'set server app/s3 agent-port x',
      'set server app/s3 agent-port 99999',
      'set server app/s3 agent-port -5',
      'set server app/s3 agent-port',
      'set server app/s3 agent-send foo',
      'set server app/s1 agent-addr 127.0.0.2',
      'set server app/s1 agent-port 5',
      'set server app/s1 agent-send foo',
      'set server app/s1 check-port 77',
      'set server app/s1 check-port abc',
      'set server app/s1 check-port 99999',
      'set server app/s1 check-port',
      'set server app/s2 check-port 5',
      'set server app/s2 check-port',
      'set server app/s2 check-addr',
      'set server app/s2 agent-addr',
      'set server app/s2 agent-port',
      'set server app/s1 check-addr 127.0.0.3',
      'set server app/s1 check-addr 127.0.0.3 port 44',
      'set server app/s1 check-addr x',
      'set server app/s1 check-addr',
      'set server app/s1 check-addr 127.0.0.3 port 0',
      'set server app/s3 agent-addr 127.0.0.3 port x',
      'set server app/s2 check-addr 127.0.0.3',
      'show servers state app',
    ],
  ],
  [
    'addresses',
    'ctl',
    [
      'set server app/s4 addr',
      'set server app/s4 addr foo',
      'set server app/s4 addr 127.0.0.1',
      'set server app/s4 addr 127.0.0.2',
      'set server app/s4 addr 127.0.0.2 port 44',
      'set server app/s4 addr 127.0.0.2 port 44',
      'set server app/s4 addr 127.0.0.1 port 4',
      'set server app/s4 addr 127.0.0.1 port',
      'set server app/s4 addr 127.0.0.1 port abc',
      'set server app/s4 addr 127.0.0.3 port abc',
      'show servers state app',
      'set server app/s4 addr 127.0.0.1 port',
      'show servers state app',
      'set server app/s4 addr 127.0.0.1 foo 5',
      'set server app/s4 fqdn',
      'set server app/s4 fqdn foo.bar',
      'set server app/s4 ssl on',
      'show stat app 4 4',
    ],
  ],
  [
    'reports',
    'ctl',
    [
      'show backend',
      'show backend foo',
      'show servers state',
      'show servers state nope',
      'show servers state #5',
      'show servers state 5',
      'show servers conn table',
      'show servers conn nope',
      'show servers',
      'show stat nope -1 -1',
      'show stat app',
      'show stat 99 4 -1',
      'show stat app 2 -1',
      'show stat #5 4 2',
      'show stat domain foo',
      'show stat domain proxy',
      'show stat up',
      'show stat -1 4 -1 no-maint',
      'show errors',
      'show errors web',
      'show errors nope',
      'show errors 5',
      'show env NO_SUCH_VARIABLE',
      'show env toString',
      'clear counters',
      'clear counters all',
      'clear counters foo',
      'show stat',
      'shutdown sessions server',
      'shutdown sessions server app',
      'shutdown sessions server app/nope',
      'shutdown sessions server app/s1',
      'shutdown session',
      'shutdown session foo',
      'shutdown session 0x1',
      'shutdown session -1',
      'shutdown session 0',
      'shutdown session 77x',
      'show sess 77',
      'show sess 0x1',
    ],
  ],
  [
    'stick tables',
    'ctl',
    [
      'show table',
      'show table table',
      'show table nope',
      'show table app',
      'set table table key /a',
      'set table table key /b data.server_id 1',
      'set table table key /a-key-that-is-longer-than-twenty data.server_id 7',
      'show table table',
      'show table table key /b',
      'show table table key /nope',
      'show table table key',
      'show table table foo',
      'show table table data.server_id eq 1',
      'show table table data.server_id gt 0 data.server_id lt 5',
      'show table table data.server_id foo 1',
      'show table table data.server_id eq x',
      'show table table data.nope eq 1',
      'set table table key /c data.server_id x',
      'set table table key /c data.nope 1',
      'set table table key /c foo',
      'set table table key',
      'set table table foo bar',
      'set table table data.server_id 1',
      'set table nope key 1',
      'set table',
      'clear table table key /a',
      'clear table table data.server_id eq 7',
      'show table table',
      'clear table table key',
      'clear table table foo',
      'clear table nope',
      'clear table',
      'clear table table',
      'show table table',
      'set table table key a\\ b=c\\\\d',
      'set table table key \u00e9\t',
      'set table table key \x1bx\x01\x7f',
      'set table table key \rx',
      'show table table',
      'show table table key a\\ b=c\\\\d',
      'clear table table',
      'set table addresses key 10.0.0.2',
      'set table addresses key 9.0.0.1',
      'set table addresses key 9.0.0.1 data.server_id 1',
      'show table addresses',
    ],
  ],
  [
    'limits of rates',
    'ctl',
    [
      'set rate-limit',
      'set rate-limit connections',
      'set rate-limit connections foo',
      'set rate-limit connections global',
      'set rate-limit connections global -1',
      'set rate-limit connections global 100',
      'set rate-limit connections global 100x',
      'set rate-limit sessions global',
      'set rate-limit sessions global 7 8',
      'set rate-limit ssl-sessions',
      'set rate-limit ssl-sessions global 9',
      'set rate-limit http-compression foo 1',
      'set rate-limit http-compression global',
      'set rate-limit foo global 3',
      'operator;set rate-limit sessions global 3',
      'set rate-limit connections global 0;set rate-limit sessions global 0;set rate-limit ssl-sessions global 0',
    ],
  ],
  [
    'dynamic cookies',
    'ctl',
    [
      'enable dynamic-cookie backend',
      'enable dynamic-cookie backend nope',
      'enable dynamic-cookie backend web',
      'enable dynamic-cookie backend app',
      'disable dynamic-cookie backend app',
      'set dynamic-cookie-key backend',
      'set dynamic-cookie-key backend nope x',
      'set dynamic-cookie-key backend app',
      'set dynamic-cookie-key backend app secret',
      'enable dynamic-cookie',
    ],
  ],
  [
    'an operator',
    'operator',
    [
      'show cli level',
      'clear counters',
      'clear counters all',
      'set server app/s1 state maint',
      'set weight app/s1 5',
      'show errors',
      'set table table key /x',
      'disable frontend web',
      'set maxconn global 5',
    ],
  ],
  [
    'a table and its entries for those who may not see them',
    'ctl',
    [
      'set table table key /a',
      'user;show table table',
      'user;show table table data.server_id eq 0',
      'user;show table table key /a',
      'user;show table table key',
      'user;show table',
    ],
  ],
  [
    'a user',
    'user',
    [
      'show cli level',
      'show stat app 4 4',
      'get weight app/s1',
      'clear counters',
      'show errors',
      'show env HOME',
      'set table table key /x',
      'show table',
      'show table table',
      'show table addresses',
      'show table nope',
      'show table table key /a',
      'show table table key',
      'show table table data.server_id eq 1',
      'show table table data.nope eq 1',
      'show table table foo',
      'enable server app/s1',
      'set timeout cli 5',
    ],
  ],
];

describe('the Runtime API, side by side with HAProxy', { skip }, () => {
  let sides: Sides;

  before(async () => {
    sides = await startSides(CONFIG);
    // The agent is asked half an hour later: first checks are spread over their interval.
    await firstCheck(sides);
  });

  after(() => stopSides(sides));

  for (const [what, level, lines] of SCRIPT) {
    it(what, async () => {
      for (const line of lines) {
        // What is said counts, and how bad it is. HAProxy asks for payloads before it answers.
        await answerAlike(sides, line.includes('<<') ? line : `${NUMBERED}${line}`, comparable, level);
      }
    });
  }

  it('the fields of typed reports, their numbers, names and types', async () => {
    // HAProxy's columns of its own modules stand behind 102.
    const fields = (answer: string): string[] =>
      [...answer.matchAll(/^(\w\.\d+\.\d+\.)?(\d+)\.([\w -]+)\.1:(\w+:\w+):/gm)]
        .filter((found) => Number(found[2]) <= 102)
        .map(([text]) => text);
    for (const line of ['show info typed', 'show stat typed', 'show stat app 4 3 typed']) {
      const [theirs, ours] = await both(sides, (side) => side.cli(line));
      assert.ok(fields(theirs).length > 50, theirs);
      assert.deepEqual([line, fields(ours)], [line, fields(theirs)]);
    }
  });

  it('a prompt', async () => {
    const [theirs, ours] = await both(sides, (side) => interview(join(side.folder, 'ctl')));
    assert.deepEqual(ours, theirs);
  });
});

/** A conversation with the prompt on. */
async function interview(path: string): Promise<readonly string[]> {
  const client = new CliClient(path);
  const told: string[] = [];
  for (const line of [
    'prompt',
    'show version',
    'show version;show cli level',
    'set server app/nope state ready',
    'set timeout cli 10',
    'show version <<',
  ]) {
    client.send(`${line}\n`);
    const answers = line === 'show version <<' ? '+ ' : '> ';
    for (let n = 0; n <= line.split(';').length - 1; n++) told.push(comparable(await client.read(answers)) as string);
  }
  client.send('text\n');
  told.push(await client.read('+ '));
  client.send('\n');
  told.push(comparable(await client.read('> ')) as string);
  client.send('operator;prompt\n');
  told.push(await client.read('never'));
  return told;
}

/** Without versions, times and places in memory. */
function comparable(answer: string): unknown {
  if (answer.includes('# pxname,')) return parseStats(answer).map((row) => columnsBut(OF_THE_MOMENT, row));
  return answer
    .replace(/^((\[\w+\]: )?Unknown command.*)\n( {2}.*\n)+/gm, '$1\n')
    .replace(/2\.6\.12\S*/g, 'VERSION')
    .replace(/0x[0-9a-f]+(?=: key)/g, 'ENTRY')
    .replace(/exp=\d+/g, 'exp')
    .replace(/captured on \[.*?\]/g, 'captured')
    .replace(/^((?:\S+ ){9})\d+( (?:\S+ ){14}\S+)$/gm, '$1AGE$2');
}

/** Columns of one moment, and need_conn_est, in which HAProxy counts the connections of checks. */
const OF_THE_MOMENT = ['need_conn_est', 'lastchg', 'check_duration', 'agent_duration', 'downtime', 'lastsess'];
