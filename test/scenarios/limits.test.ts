/** Limits that are keywords, and the options that relax what heads may be. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { startRawUpstream } from '../support/upstream.ts';
import { type Balancer, withBalancer } from './balancer.ts';

interface Setup {
  /** Lines of `global`. */
  readonly global?: string;
  /** Lines of the `listen`. */
  readonly more?: string;
  /** Field lines of the server's response, each with CRLF. */
  readonly lines?: string;
}

/** Sends each of `requests` by a connection of its own; answers the statuses and the heads that the server received. */
async function statuses(setup: Setup, requests: readonly string[]): Promise<{ readonly statuses: number[]; readonly received: string[] }> {
  const received: string[] = [];
  const upstream = await startRawUpstream((socket) => {
    socket.on('error', () => {});
    socket.on('data', (chunk: Buffer) => {
      received.push(chunk.toString('latin1'));
      socket.write(`HTTP/1.1 200 OK\r\n${setup.lines ?? ''}Content-Length: 2\r\n\r\nok`, 'latin1');
    });
    socket.on('end', () => socket.end());
  });
  const text = `global\n${setup.global ?? ''}\nlisten www\n bind 127.0.0.1:0\n${setup.more ?? ''}\n server s1 ${upstream.address}\n`;
  const answered: number[] = [];
  const run = async (balancer: Balancer) => {
    for (const request of requests) {
      const client = await balancer.client();
      client.send(request);
      answered.push((await client.readResponse()).status);
    }
  };
  try {
    await withBalancer(text, run);
  } finally {
    await upstream.stop();
  }
  return { statuses: answered, received };
}

const get = (target: string, lines = '') => `GET ${target} HTTP/1.1\r\nHost: a\r\n${lines}\r\n`;
const fields = (count: number) => Array.from({ length: count }, (_, i) => `x-${i}: ${i}\r\n`).join('');

describe('a limit', () => {
  it('of tune.bufsize less tune.maxrewrite is how long a head may be', async () => {
    const global = ' tune.bufsize 2048\n tune.maxrewrite 1024';
    const sized = (bytes: number) => get('/', `x: ${'y'.repeat(bytes - get('/', 'x: \r\n').length)}\r\n`);
    const { statuses: answered, received } = await statuses({ global }, [sized(1024), sized(1025)]);
    assert.deepEqual(answered, [200, 400]);
    assert.equal(received.length, 1);
  });

  it('holds for a response too', async () => {
    const global = ' tune.bufsize 2048\n tune.maxrewrite 1024';
    const around = (bytes: number) => statuses({ global, lines: `x: ${'y'.repeat(bytes)}\r\n` }, [get('/')]);
    assert.deepEqual((await around(900)).statuses, [200]);
    assert.deepEqual((await around(1024)).statuses, [502]);
  });

  it('of tune.http.maxhdr is how many fields a head may have', async () => {
    const global = ' tune.http.maxhdr 10';
    const { statuses: answered, received } = await statuses({ global }, [get('/', fields(9)), get('/', fields(10))]);
    assert.deepEqual(answered, [200, 400]);
    assert.equal(received.length, 1);
    assert.deepEqual((await statuses({ global, lines: fields(9) }, [get('/')])).statuses, [200]);
    assert.deepEqual((await statuses({ global, lines: fields(10) }, [get('/')])).statuses, [502]);
  });

  it('of tune.http.maxurilen is how long a target may be, and answers 414', async () => {
    const global = ' tune.http.maxurilen 20';
    const { statuses: answered, received } = await statuses({ global }, [get(`/${'a'.repeat(19)}`), get(`/${'a'.repeat(20)}`)]);
    assert.deepEqual(answered, [200, 414]);
    assert.equal(received.length, 1);
  });

  it('on targets is by default that of the head', async () => {
    assert.deepEqual((await statuses({}, [get(`/${'a'.repeat(15000)}`), get(`/${'a'.repeat(16000)}`)])).statuses[0], 200);
  });
});

describe('option accept-invalid-http-request', () => {
  const requests = [get('/caf\u00e9'), get('/', 'na(me: x\r\n')];

  it('lets pass what is refused without it, as it came', async () => {
    const strict = await statuses({}, requests);
    assert.deepEqual([strict.statuses, strict.received], [[400, 400], []]);
    const lenient = await statuses({ more: ' option accept-invalid-http-request' }, requests);
    assert.deepEqual(lenient.statuses, [200, 200]);
    assert.match(lenient.received[0] as string, /^GET \/caf\u00e9 HTTP\/1\.1\r\n/);
    assert.match(lenient.received[1] as string, /\r\nna\(me: x\r\n/);
  });

  it('relaxes nothing that says where a request ends', async () => {
    const more = ' option accept-invalid-http-request';
    const smuggled = [
      get('/', 'Content-Length: +1\r\n'),
      get('/', 'Content-Length: 1\r\nContent-Length: 2\r\n'),
      get('/', 'Transfer-Encoding: xchunked\r\n'),
      get('/', 'Transfer-Encoding : chunked\r\n'),
      'GET / HTTP/1.1\nHost: a\n\n',
    ];
    const { statuses: answered, received } = await statuses({ more }, smuggled);
    assert.deepEqual([answered, received], [smuggled.map(() => 400), []]);
  });
});

describe('option accept-invalid-http-response', () => {
  it('lets pass what is a bad gateway without it', async () => {
    const lines = 'na(me: x\r\n';
    assert.deepEqual((await statuses({ lines }, [get('/')])).statuses, [502]);
    assert.deepEqual((await statuses({ lines, more: ' option accept-invalid-http-response' }, [get('/')])).statuses, [200]);
  });
});
