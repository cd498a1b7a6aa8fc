/** The form of the statistics page, as clients may send it: through the program itself, over connections of bytes. */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ask, RawClient } from '../support/client.ts';
import { Fairlead } from '../support/fairlead.ts';
import { readStats, rowOf } from '../support/stats.ts';
import { until } from '../support/wait.ts';

const CONFIG = `
defaults
 mode http
 timeout connect 2s
 timeout client 20s
 timeout server 20s
listen www
 bind 127.0.0.1:0
 stats uri /admin?stats
 stats admin if TRUE
 server s1 127.0.0.1:1
 server s2 127.0.0.1:1
frontend hurried
 bind 127.0.0.1:0
 timeout http-request 100ms
 stats uri /admin?stats
 stats admin if TRUE
`;

let fairlead: Fairlead;
let client: RawClient;

before(async () => {
  fairlead = await Fairlead.start(CONFIG);
});

after(async () => {
  client.close();
  await fairlead.stop('SIGKILL');
});

async function connected(proxy = 'www'): Promise<RawClient> {
  client = await RawClient.connect(fairlead.port(proxy));
  return client;
}

const head = (framing: string): string => `POST /admin?stats HTTP/1.1\r\nHost: x\r\n${framing}\r\n\r\n`;
const chunk = (text: string): string => `${text.length.toString(16)}\r\n${text}\r\n`;
const location = (response: { readonly head: string }): string => /\r\nlocation: (.*)\r\n/.exec(response.head)?.[1] ?? response.head;

async function status(server: string): Promise<string | undefined> {
  return rowOf(await readStats(fairlead.port('www'), { uri: '/admin?stats' }), 'www', server).status;
}

test('a form in chunks is acted on as one with a length is, and the connection goes on', async () => {
  const client = await connected();
  client.send(`${head('Transfer-Encoding: chunked')}${chunk('s=s1&act')}${chunk('ion=maint&b=www')}0\r\n\r\n`);
  assert.equal(location(await client.readResponse()), '/admin?stats;st=DONE');
  assert.equal(await status('s1'), 'MAINT');
  const form = 's=s1&action=ready&b=www';
  client.send(`${head(`Content-Length: ${form.length}`)}${form}`);
  assert.equal(location(await client.readResponse()), '/admin?stats;st=DONE');
  assert.equal(await status('s1'), 'no check');
});

for (const framing of ['Transfer-Encoding: chunked', 'Content-Length: 20000']) {
  test(`a form that is too long changes nothing and says so (${framing})`, async () => {
    const client = await connected();
    const form = `s=s2&action=maint&b=www&${'x'.repeat(20_000)}`.slice(0, 20_000);
    client.send(`${head(framing)}${framing.startsWith('T') ? `${chunk(form)}0\r\n\r\n` : form}`);
    const response = await client.readResponse();
    assert.equal(response.status, 303);
    assert.equal(location(response), '/admin?stats;st=EXCD');
    assert.match(response.head, /\r\nconnection: close\r\n/);
    assert.equal(await status('s2'), 'no check');
  });
}

test('a form that does not come in time ends the connection', async () => {
  const client = await connected('hurried');
  client.send(`${head('Content-Length: 20')}s=s1`);
  assert.match(await client.readAll(), /^HTTP\/1\.1 408 Request Time-out\r\n/);
});

test('a form that was shown before a reload still means the backend that it showed', async () => {
  const one = (name: string): string => `backend ${name}\n server s1 127.0.0.1:1\n`;
  const running = await Fairlead.start(CONFIG + one('blue') + one('green'));
  try {
    const port = running.port('www');
    const page = (await ask(port, { path: '/admin?stats' })).body;
    const form = /<caption class="unseen">blue<\/caption>.*?name="b" value="([^"]*)"/s.exec(page)?.[1];
    assert.ok(form);
    running.rewrite(CONFIG + one('amber') + one('blue') + one('green'));
    running.signal('SIGHUP');
    await until('it counts', async () => (await ask(port, { path: '/admin?stats;csv' })).body.includes('\namber,'));
    const body = new URLSearchParams({ s: 's1', action: 'drain', b: form }).toString();
    await ask(port, { method: 'POST', path: '/admin?stats', body });
    const rows = await readStats(port, { uri: '/admin?stats' });
    assert.deepEqual(
      ['amber', 'blue', 'green'].map((name) => rowOf(rows, name, 's1').status),
      ['no check', 'DRAIN', 'no check'],
    );
  } finally {
    await running.stop('SIGKILL');
  }
});

test('a form of another site changes nothing', async () => {
  const client = await connected();
  const form = 's=s1&action=maint&b=www';
  client.send(`${head(`Origin: http://evil.example\r\nContent-Length: ${form.length}`)}${form}`);
  assert.equal((await client.readResponse()).status, 403);
  assert.equal(await status('s1'), 'no check');
});

test('the body of a GET is swallowed, and the connection goes on', async () => {
  const client = await connected();
  for (let round = 0; round < 2; round++) {
    client.send('HEAD /admin?stats;csv HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nabcde');
    assert.match(await client.readUntil('\r\n\r\n'), /^HTTP\/1\.1 200 OK\r\n/);
  }
});
