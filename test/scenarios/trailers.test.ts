/** Trailers as they travel: what the head's Connection names is removed from them, too (RFC 9110 7.6.1). */

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { startRawUpstream } from '../support/upstream.ts';
import { until } from '../support/wait.ts';
import { withBalancer } from './balancer.ts';

it('trailers that Connection nominates end at this hop, in requests and in responses', async () => {
  let received = '';
  const upstream = await startRawUpstream((socket) => {
    socket.on('data', (bytes: Buffer) => {
      received += bytes.toString('latin1');
      if (!received.endsWith('\r\n0\r\nX-B: 2\r\n\r\n')) return;
      socket.write(
        'HTTP/1.1 200 OK\r\nConnection: X-C\r\nX-C: 1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nx-c: 2\r\nX-D: 3\r\n\r\n',
      );
    });
  });
  try {
    await withBalancer(`listen www\n bind 127.0.0.1:0\n server s1 ${upstream.address}\n`, async (balancer) => {
      const client = await balancer.client();
      client.send(
        'POST / HTTP/1.1\r\nHost: a\r\nConnection: x-a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX-A: 1\r\nX-B: 2\r\n\r\n',
      );
      const all = await client.readUntil('X-D: 3\r\n\r\n');
      assert.match(all, /\r\n\r\n3\r\nabc\r\n0\r\nX-D: 3\r\n\r\n$/);
      await until('the request has arrived', () => received.endsWith('5\r\nhello\r\n0\r\nX-B: 2\r\n\r\n'));
    });
  } finally {
    await upstream.stop();
  }
});
