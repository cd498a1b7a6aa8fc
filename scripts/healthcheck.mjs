/**
 * The image's HEALTHCHECK: healthy while some process of this container listens. It asks the kernel and sends nothing, because
 * a request would reach somebody's servers, logs and statistics. Fairlead listens only once its configuration is good and its
 * sources of servers have answered, and stops listening when it is told to end.
 *
 *     healthcheck.mjs [FOLDER]        FOLDER stands for /proc
 */

import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

const proc = process.argv[2] ?? '/proc';

/** Tables of sockets: which of a row's words says that it listens, and which is its inode. */
const tables = {
  tcp: { listens: (row) => row[3] === '0A', inode: 9 },
  tcp6: { listens: (row) => row[3] === '0A', inode: 9 },
  unix: { listens: (row) => (Number.parseInt(row[3], 16) & 0x10000) !== 0, inode: 6 },
};

/** Inodes of listening sockets in this network namespace. */
function listening([name, { listens, inode }]) {
  try {
    const rows = readFileSync(`${proc}/net/${name}`, 'utf8').trimEnd().split('\n').slice(1);
    return rows.map((row) => row.trim().split(/\s+/)).flatMap((row) => (listens(row) ? [row[inode]] : []));
  } catch {
    return []; // A kernel without IPv6 has no tcp6.
  }
}

/** Inodes of the sockets that a process holds; nothing for a process of another user. */
function socketsOf(pid) {
  try {
    return readdirSync(`${proc}/${pid}/fd`).flatMap((fd) => {
      const inode = /^socket:\[(\d+)\]$/.exec(readlinkSync(`${proc}/${pid}/fd/${fd}`))?.[1];
      return inode === undefined ? [] : [inode];
    });
  } catch {
    return [];
  }
}

const wanted = new Set(Object.entries(tables).flatMap(listening));
const held = readdirSync(proc)
  .filter((name) => /^\d+$/.test(name) && name !== String(process.pid))
  .some((pid) => socketsOf(pid).some((inode) => wanted.has(inode)));

if (!held) process.stderr.write('no process of this container listens\n');
process.exitCode = held ? 0 : 1;
