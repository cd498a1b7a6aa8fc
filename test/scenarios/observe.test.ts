/** `observe layer7`: what servers answer to clients tells of their health. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { startRawUpstream } from '../support/upstream.ts';
import { until } from '../support/wait.ts';
import { withBalancer } from './balancer.ts';

describe('traffic that is observed', () => {
  for (const [what, answer, words] of [
    ['statuses', 'HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n', 'Wrong http response'],
    ['junk', 'hello\r\n\r\n', 'Invalid http response (headers)'],
    ['broken bodies', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n', 'Invalid http response'],
    ['closed connections', '', 'Close from server (http)'],
  ] as const) {
    it(`takes a server down by its ${what}`, async () => {
      const upstream = await startRawUpstream((socket) => {
        let asked = 0;
        socket.on('data', () => {
          asked++;
          if (answer === '') socket.end();
          else socket.write(answer);
          if (what === 'broken bodies') setImmediate(() => socket.write('zz\r\n'));
        });
        socket.on('end', () => asked > 0 && socket.end());
      });
      const text = `
listen www
 bind 127.0.0.1:0
 retries 0
 server s1 ${upstream.address} check inter 1000s fall 1 observe layer7 error-limit 2 on-error mark-down
`;
      try {
        await withBalancer(text, async (balancer) => {
          const server = balancer.server('www', 's1');
          // The first check may come in between: its success begins the count anew.
          for (let i = 1; i <= 5 && !server.statusText().startsWith('DOWN'); i++) {
            const client = await balancer.client();
            client.send('GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
            await until('it is logged', () => balancer.logged.length === i);
          }
          assert.ok(
            balancer.events.some((event) => event.includes(`last one was: ${words}`)),
            balancer.events.join('\n'),
          );
        });
      } finally {
        await upstream.stop();
      }
    });
  }
});
