/** `userlist`, `http_auth()` and `http_auth_group()` beside the real HAProxy: the same users, asked for with the same bytes. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { program } from '../support/paths.ts';
import { both, DEFAULTS, type Sides, skip, startSides, stopSides } from './side-by-side.ts';

const CONFIG = `global
 stats socket %DIR%/ctl level admin
${DEFAULTS}
userlist plain
 group admins users ada,bob
 group staff
 user ada insecure-password secret groups staff
 user bob insecure-password pass:word
 user cyd insecure-password gr\u00fc\u00df groups staff
 user dan insecure-password ""
userlist crypted
 user md5 password $1$saltsalt$9xy1btjgzLYfb7hivXtC//
 user sha256 password $5$saltstring$C3o4O1TC6aRHF4FI.QSZMXtHbaj2gSXr4sUc/3NcUi. groups g
 user rounds password $5$rounds=1400$anotherlongsalts$hA9phAhHgeqcKTycY/LRKamQM18d5P2uD0VRrWGWMX6
 user sha512 password $6$saltstring$AIsRs/Ee56G/tC8MEHhvReZTfx8u3rXXMl6eYrjCG9ibix19DxoMBLogdTET5Ukw9Sf7eZTITsuk0Ry5qulYz. groups g
 user none password not-a-hash
 group g
frontend f
 bind unix@%DIR%/f
 acl known http_auth(plain)
 acl admin http_auth_group(plain) admins
 acl anybody http_auth_group(plain) admins staff
 acl g http_auth_group(crypted) g
 http-request auth realm Plain if { path /plain } !known
 http-request auth unless { path_beg /plain /show } or { http_auth(crypted) }
 http-request deny if { path /plain/admin } !admin
 http-request set-var(txn.known) int(1) if known
 http-request set-var(txn.admin) int(1) if admin
 http-request set-var(txn.anybody) int(1) if anybody
 http-request set-var(txn.g) int(1) if g
 http-request set-var(txn.unknown) int(1) unless known
 http-request return status 200 content-type text/plain lf-string "plain=%[http_auth(plain)] user=%[http_auth_group(plain)] crypted=%[http_auth(crypted)] user=%[http_auth_group(crypted),upper] %[var(txn.known)]/%[var(txn.admin)]/%[var(txn.anybody)]/%[var(txn.g)]/%[var(txn.unknown)] %[http_auth_user]"`;

const base64 = (text: string, encoding: BufferEncoding = 'utf8'): string => Buffer.from(text, encoding).toString('base64');

const GIVEN: readonly string[] = [
  '',
  'Basic',
  'Basic ',
  'Bearer abc',
  'Basic !!!',
  `basic ${base64('ada:secret')}`,
  `BASIC   ${base64('ada:secret')}`,
  ...['ada:secret', 'ada:Secret', 'ada:', 'ada', ':secret', 'ADA:secret', 'ada:secret:', 'bob:pass:word', 'bob:pass', 'dan:', 'dan:x'].map(
    (text) => `Basic ${base64(text)}`,
  ),
  `Basic ${base64('cyd:gr\u00fc\u00df')}`,
  `Basic ${base64('cyd:gr\u00fc\u00df', 'latin1')}`,
  ...['md5', 'sha256', 'rounds', 'sha512', 'none', 'nobody'].flatMap((user) => [
    `Basic ${base64(`${user}:secret`)}`,
    `Basic ${base64(`${user}:wrong`)}`,
  ]),
  `Basic ${base64('none:not-a-hash')}`,
];

const PATHS = ['/', '/plain', '/plain/admin', '/show'];

let sides: Sides | undefined;

before(async () => {
  if (skip === false) sides = await startSides(CONFIG);
});

after(() => stopSides(sides));

describe('users', { skip }, () => {
  for (const path of PATHS) {
    test(`asked for at ${path}`, async () => {
      const requests = GIVEN.map((given) => `GET ${path} HTTP/1.1\r\nHost: a\r\n${given === '' ? '' : `Authorization: ${given}\r\n`}\r\n`);
      const [theirs, ours] = await both(sides as Sides, (side) => side.ask('f', ...requests));
      assert.deepEqual(responses(ours), responses(theirs));
      assert.equal(responses(ours).length, GIVEN.length);
    });
  }
});

function responses(text: string): readonly string[] {
  const all = text.split(/(?=HTTP\/1\.1 \d)/).map((one) => one.replace(/<html>.*/s, '<html>'));
  return all.map((one, index) => `${GIVEN[index]}: ${one.split('\r\n').sort().join('|')}`);
}

/** What both refuse; the words of the reason are our own. */
const REFUSED: readonly string[] = [
  'acl a http_auth(nobodies)',
  'acl a http_auth',
  'acl a http_auth()',
  'acl a http_auth_group(plain)',
  'acl a http_auth_group(plain) -m found',
  'acl a http_auth_group(plain) -m str ada',
  'acl a http_auth_group(plain),upper ADA',
  'http-request deny unless { http_auth(nobodies) }',
  'http-request set-header a %[http_auth(nobodies)]',
];

describe('refused by both', { skip }, () => {
  for (const line of REFUSED) {
    test(line, () => {
      const folder = mkdtempSync(join(tmpdir(), 'users-'));
      const file = join(folder, 'cfg');
      const list = 'userlist plain\n group g\n user ada insecure-password x groups g\n';
      writeFileSync(file, `${DEFAULTS}\n${list}frontend f\n bind unix@${folder}/f\n ${line}\n`);
      const status = (command: string, ...args: string[]) => spawnSync(command, [...args, '-c', '-f', file], { encoding: 'utf8' });
      const theirs = status('haproxy');
      const ours = status(process.execPath, program);
      rmSync(folder, { recursive: true });
      assert.deepEqual([ours.status, theirs.status], [1, 1], `${ours.stderr}${theirs.stderr}`);
      assert.match(ours.stderr, /userlist|http_auth/);
    });
  }
});
