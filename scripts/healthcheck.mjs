/**
 * The image's HEALTHCHECK: healthy while some process of this container listens. It asks the kernel and sends nothing, because
 * a request would reach somebody's servers, logs and statistics. Fairlead listens only once its configuration is good and its
 * sources of servers have answered, and stops listening when it is told to end.
 */

import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

const listenState = '0A';

/** Inodes of listening TCP sockets in this network namespace. */
function listening(table) {
  try {
    const rows = readFileSync(`/proc/net/${table}`, 'utf8').split('\n').slice(1);
    return rows.map((row) => row.trim().split(/\s+/)).flatMap((row) => (row[3] === listenState ? [row[9]] : []));
  } catch {
    return []; // A kernel without IPv6 has no tcp6.
  }
}

/** Inodes of the sockets that a process holds; nothing for a process of another user. */
function socketsOf(pid) {
  try {
    return readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
      const inode = /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1];
      return inode === undefined ? [] : [inode];
    });
  } catch {
    return [];
  }
}

const wanted = new Set([...listening('tcp'), ...listening('tcp6')]);
const held = readdirSync('/proc')
  .filter((name) => /^\d+$/.test(name) && name !== String(process.pid))
  .some((pid) => socketsOf(pid).some((inode) => wanted.has(inode)));

if (!held) process.stderr.write('no process of this container listens\n');
process.exitCode = held ? 0 : 1;
