/** Real traffic: one server, the balancer before it, and at the end nothing left of anything on any side. */

import { openSockets } from '../support/sockets.ts';
import type { Upstream } from '../support/upstream.ts';
import { until } from '../support/wait.ts';
import { type Balancer, withBalancer } from './balancer.ts';

/** A `listen` section `www` with `lines`. */
export const www = (lines: string) => `listen www\n bind 127.0.0.1:0\n${lines}\n`;

/**
 * Runs `story` with a balancer in front of `upstream`. When the balancer has stopped (no slot, waiter or timer left, no
 * client's connection) it must have closed its connections to the server too, and when the server has stopped this process
 * must have no socket that it did not have before.
 */
export async function withTraffic(upstream: Upstream, lines: string, story: (balancer: Balancer) => Promise<void>): Promise<void> {
  const before = openSockets() - 1; // the server listens
  try {
    await withBalancer(www(`${lines}\n server s1 ${upstream.address}`), story);
    await until('the balancer has closed its connections to the server', () => upstream.open() === 0);
  } finally {
    await upstream.stop();
  }
  await until('no socket of it is open', () => openSockets() <= before);
}
