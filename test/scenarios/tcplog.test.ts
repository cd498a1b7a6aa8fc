/** `option tcplog` over a connection that is kept: each line begins where the one before ended (manual 8.2.2). */

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { RawClient } from '../support/client.ts';
import { Fairlead } from '../support/fairlead.ts';
import { startUpstream } from '../support/upstream.ts';
import { until } from '../support/wait.ts';

const LINE = /127\.0\.0\.1:\d+ \[(\d\d)\/(\w{3})\/(\d{4}):([\d:.]+)\] www www\/s1 0\/\d+\/(\d+) (\d+) -- 1\/1\/0\/0\/0 0\/0$/gm;

it('counts the time of a kept connection from the end of the response before', async (t) => {
  const upstream = await startUpstream('app');
  const fairlead = await Fairlead.start(`global
 log stdout format raw local0
defaults
 mode http
 log global
 option tcplog
 timeout connect 2s
 timeout client 20s
 timeout server 20s
listen www
 bind 127.0.0.1:0
 server s1 ${upstream.address}
`);
  t.after(async () => {
    await fairlead.stop();
    await upstream.stop();
  });
  const client = await RawClient.connect(fairlead.port('www'));
  for (let i = 0; i < 3; i++) {
    client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await client.readResponse();
  }
  const lines = () => [...fairlead.output.matchAll(LINE)];
  await until('three lines', () => lines().length === 3);
  const spans = lines().map(([, day, month, year, time, total]) => {
    const from = Date.parse(`${day} ${month} ${year} ${time}`);
    return { from, to: from + Number(total) };
  });
  for (const [index, { from }] of spans.entries()) {
    const before = spans[index - 1];
    // Both clocks are rounded to milliseconds.
    if (before !== undefined) assert.ok(Math.abs(from - before.to) <= 3, `${from} follows ${before.to}`);
  }
});
