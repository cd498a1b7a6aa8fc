/** The image's HEALTHCHECK over a `/proc` made by hand: the machine that runs this has listeners of its own. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { root } from '../support/paths.ts';

const TCP_HEAD = '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n';
const tcp = (state: string, inode: number): string =>
  `${TCP_HEAD}   0: 0100007F:1F90 00000000:0000 ${state} 00000000:00000000 00:00000000 00000000  1000        0 ${inode} 1 0000\n`;
const unix = (flags: string, inode: number): string =>
  `Num       RefCount Protocol Flags    Type St Inode Path\n0000000000000000: 00000002 00000000 ${flags} 0001 01 ${inode} /run/lb.sock\n`;

/** Exit code of the check in a container whose process 7 holds the socket `held`. */
function check(tables: Readonly<Record<string, string>>, held: number): number | null {
  const proc = mkdtempSync(join(tmpdir(), 'fairlead-proc-'));
  try {
    for (const [name, text] of Object.entries(tables)) {
      mkdirSync(join(proc, 'net'), { recursive: true });
      writeFileSync(join(proc, 'net', name), text);
    }
    const fd = join(proc, '7', 'fd', '18');
    mkdirSync(dirname(fd), { recursive: true });
    symlinkSync(`socket:[${held}]`, fd);
    return spawnSync(process.execPath, [join(root, 'scripts', 'healthcheck.mjs'), proc]).status;
  } finally {
    rmSync(proc, { recursive: true });
  }
}

const CASES: readonly (readonly [what: string, tables: Readonly<Record<string, string>>, code: number])[] = [
  ['a process that listens on TCP is healthy', { tcp: tcp('0A', 41) }, 0],
  ['so is one that listens on IPv6 alone', { tcp: TCP_HEAD, tcp6: tcp('0A', 41) }, 0],
  ['so is one that listens on a unix socket alone', { tcp: TCP_HEAD, unix: unix('00010000', 41) }, 0],
  ['an open connection is no listener', { tcp: tcp('01', 41), unix: unix('00000000', 41) }, 1],
  ['a socket that nobody here holds is no listener of ours', { tcp: tcp('0A', 42), unix: unix('00010000', 43) }, 1],
];

for (const [what, tables, code] of CASES) test(what, () => assert.equal(check(tables, 41), code));
