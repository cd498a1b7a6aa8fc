/** Ten thousand clients that have asked once and stay: what they cost the balancer, and that they are still served. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { it } from 'node:test';
import { Fairlead } from '../support/fairlead.ts';
import { noProc, processorTicks, residentBytes } from '../support/memory.ts';
import { startUpstream } from '../support/upstream.ts';
import { settled } from '../support/wait.ts';

const MIB = 1024 * 1024;
const CLIENTS = 10_000;
const PER_CLIENT = 8 * 1024;
/** In all, on Node 20; newer ones hold 20 MiB more before anybody has come, which are not ours. */
const BOUND = process.versions.node.startsWith('20.') ? 150 * MIB : Number.POSITIVE_INFINITY;
/** Connections being made at a time: fewer than a listener's backlog. */
const WORKERS = 100;
/** Clients of one source address; a system has about 28,000 ports for each. */
const PER_ADDRESS = 2500;

/** Node raises its own limit to this one; here it holds both ends' share. */
const descriptors = Number(/^Max open files +\d+ +(\d+|unlimited)/m.exec(noProc ? '' : readFileSync('/proc/self/limits', 'latin1'))?.[1]);
const tooFew = descriptors < CLIENTS + 500 ? `a process may have no more than ${descriptors} files open here` : false;

/** As the image runs it: V8's young generation may be three times 16 MiB, which is a matter of how fast clients come, not of what they cost. */
const env: Readonly<Record<string, string>> = { NODE_OPTIONS: '--max-semi-space-size=4' };

const CONFIG = `
global
    maxconn 12000
defaults
    mode http
    timeout connect 5s
    timeout client 60s
    timeout server 60s
    timeout http-keep-alive 60s
listen www
    bind 127.0.0.1:0
    maxconn 12000
`;

const REQUEST = 'GET / HTTP/1.1\r\nHost: www.example.com\r\nUser-Agent: a browser\r\nAccept: */*\r\nCookie: session=0123456789\r\n\r\n';

async function ask(socket: Socket): Promise<void> {
  socket.write(REQUEST);
  let answer = '';
  while (!/\r\n\r\n.{5}/s.test(answer)) {
    const [piece] = await once(socket, 'data');
    answer += piece;
  }
  assert.match(answer, /^HTTP\/1\.1 200 OK\r\n.*\r\n\r\nhello$/s);
}

it('10,000 idle keep-alive clients cost at most 8 KiB each, and 150 MiB in all on Node 20', { skip: noProc || tooFew }, async (test) => {
  const upstream = await startUpstream('hello');
  const fairlead = await Fairlead.start(`${CONFIG} server s1 ${upstream.address}\n`, { env });
  const pid = fairlead.process.pid as number;
  const clients: Socket[] = [];
  try {
    const port = fairlead.port('www');
    const empty = residentBytes(pid);
    const connectSome = async () => {
      while (clients.length < CLIENTS) {
        const localAddress = `127.0.0.${2 + Math.floor(clients.length / PER_ADDRESS)}`;
        const socket = connect({ port, host: '127.0.0.1', localAddress });
        clients.push(socket);
        await ask(socket);
      }
    };
    await Promise.all(Array.from({ length: WORKERS }, connectSome));
    await settled('the balancer has nothing to do', () => processorTicks(pid));
    const held = residentBytes(pid);
    test.diagnostic(`${(held / MIB).toFixed(1)} MiB, ${((held - empty) / CLIENTS / 1024).toFixed(1)} KiB for each client`);
    assert.ok(held - empty <= CLIENTS * PER_CLIENT, `${((held - empty) / MIB).toFixed(1)} MiB for the clients`);
    assert.ok(held <= BOUND, `${(held / MIB).toFixed(1)} MiB`);
    // None of them has been forgotten.
    for (let at = 0; at < CLIENTS; at += 97) await ask(clients[at] as Socket);
    assert.ok(clients.every((socket) => !socket.destroyed && socket.readable));
  } finally {
    for (const socket of clients) socket.destroy();
    await fairlead.stop('SIGKILL');
    await upstream.stop();
  }
});
