/** Requests whose server is marked down under them: the same table is played to HAProxy (test/haproxy/shutdown.test.ts). */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { monotonic } from '../../src/core/clock.ts';
import { startRawUpstream } from '../support/upstream.ts';
import { until } from '../support/wait.ts';
import { withBalancer } from './balancer.ts';
import { answering, INTERRUPTIONS } from './shutdowns.ts';

describe('a server that is marked down with shutdown-sessions ends its requests', () => {
  for (const one of INTERRUPTIONS) {
    it(one.name, async () => {
      let asked = 0;
      const upstream = await startRawUpstream(answering(one.answer, () => asked++));
      const text = `
listen www
 bind 127.0.0.1:0
 server s1 ${upstream.address} check inter 1000s on-marked-down shutdown-sessions
`;
      try {
        await withBalancer(text, async (balancer) => {
          const client = await balancer.client();
          client.send(one.request);
          await until('the server is asked', () => asked === 1);
          await until('the client has what it can have', () => client.received.includes(one.seen));
          const server = balancer.server('www', 's1');
          server.forceHealth('down', monotonic());
          await until('it is logged', () => balancer.logged.length === 1);
          const { status, termination, server: name } = balancer.logged[0] ?? assert.fail();
          assert.deepEqual([name, status, termination], ['s1', one.status, one.termination]);
          assert.equal(server.scur, 0);
          if (one.stays) {
            assert.equal((await client.readResponse()).status, one.status);
            client.send('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
            assert.equal((await client.readResponse()).status, 503, 'the connection goes on');
          } else await until('the connection ends', () => client.ended);
        });
      } finally {
        await upstream.stop();
      }
    });
  }

  const OWN: readonly (readonly [what: string, answer: string, termination: string])[] = [
    ['a status', 'HTTP/1.1 500 x\r\ncontent-length: 2\r\n\r\nno', 'DH'],
    ['a head that is none', 'nonsense\r\n\r\n', 'DH'],
  ];
  for (const [what, answer, termination] of OWN) {
    it(`because of ${what} that it answers itself`, async () => {
      const upstream = await startRawUpstream(answering(answer, () => {}));
      const text = `
listen www
 bind 127.0.0.1:0
 server s1 ${upstream.address} check inter 1000s observe layer7 error-limit 1 on-error mark-down on-marked-down shutdown-sessions
`;
      try {
        await withBalancer(text, async (balancer) => {
          const client = await balancer.client();
          client.send('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
          assert.equal((await client.readResponse()).status, 502);
          // Nothing stands behind the one reply.
          client.send('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
          assert.equal((await client.readResponse()).status, 503);
          await until('both are logged', () => balancer.logged.length === 2);
          assert.equal(balancer.logged[0]?.termination, `${termination}--`);
          assert.equal(balancer.server('www', 's1').scur, 0);
          assert.equal(balancer.logged[0]?.retries, 0);
        });
      } finally {
        await upstream.stop();
      }
    });
  }

  it('while its connection is made', async () => {
    const text = `
listen www
 bind 127.0.0.1:0
 server s1 unix@/nowhere/at/all
`;
    await withBalancer(text, async (balancer) => {
      const client = await balancer.client();
      client.send('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
      const server = balancer.server('www', 's1');
      await until('it is being tried', () => server.scur === 1 && server.counters.wretr > 0);
      balancer.plane.shutdown(server, 'D');
      assert.equal((await client.readResponse()).status, 503);
      await until('it is logged', () => balancer.logged.length === 1);
      assert.equal(balancer.logged[0]?.termination, 'DC--');
    });
  });
});
