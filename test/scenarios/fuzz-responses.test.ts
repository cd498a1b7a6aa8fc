/**
 * Mutated responses through the running data plane. Two things must hold whatever a server sends: what Node's own strict
 * client would not take for a complete response is no success here either, and nothing of it reaches the next exchange.
 *
 * FUZZ_MS and FUZZ_SEED as in fuzz.test.ts.
 */

import assert from 'node:assert/strict';
import { Agent, request } from 'node:http';
import { describe, it } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { responseCases } from '../http/cases/responses.ts';
import { fuzzBudget, fuzzSeed, mutate, told } from '../support/mutate.ts';
import { startRawUpstream } from '../support/upstream.ts';
import { withBalancer } from './balancer.ts';

const BODIES = [
  'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello',
  'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n3;x=y\r\nabc\r\n0\r\nX-T: 1\r\n\r\n',
  'HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok',
  'HTTP/1.1 204 No Content\r\n\r\n',
];
const CORPUS = [...BODIES, ...responseCases.map((one) => (one.raw ? one.text : one.text.replaceAll('\n', '\r\n')))];

const NEXT = 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nnext';

type Outcome = { readonly status: number; readonly body: string } | 'error';

function get(port: number, path: string, agent: Agent | false): Promise<Outcome> {
  return new Promise((resolve) => {
    const outgoing = request({ port, host: '127.0.0.1', path, agent }, (response) => {
      let body = '';
      response.setEncoding('latin1');
      response.on('data', (piece: string) => {
        body += piece;
      });
      response.on('error', () => resolve('error'));
      response.on('end', () => resolve(response.complete ? { status: response.statusCode ?? 0, body } : 'error'));
    });
    outgoing.on('error', () => resolve('error'));
    outgoing.on('upgrade', (_response, socket) => {
      socket.destroy();
      resolve('error');
    });
    outgoing.end();
  });
}

/**
 * Where a complete response may end: all of it, else any beginning. What stands behind a response is an error to Node's
 * client, and to us something that is dropped.
 */
function lengths(bytes: Buffer): number[] {
  return Array.from({ length: bytes.length }, (_, behind) => bytes.length - behind);
}

describe('mutated responses', () => {
  it(`are passed on as they were meant, or not as a success, for ${fuzzBudget} ms`, async () => {
    let bytes: Buffer = Buffer.alloc(0);
    const upstream = await startRawUpstream((socket) => {
      socket.on('data', (chunk: Buffer) => {
        if (chunk.includes('/next ')) socket.write(NEXT);
        // A mutated length must not make anybody wait: the server ends after its response.
        else socket.end(bytes);
      });
      socket.on('end', () => socket.end());
    });
    try {
      await withBalancer(`listen www\n bind 127.0.0.1:0\n timeout server 2s\n server s1 ${upstream.address}\n`, async (balancer) => {
        const port = balancer.port('www');
        const end = performance.now() + fuzzBudget;
        let cases = 0;
        for (let seed = fuzzSeed; performance.now() < end; seed++, cases++) {
          bytes = mutate(CORPUS, seed);
          const agent = new Agent({ keepAlive: true, maxSockets: 1 });
          const through = await get(port, '/', agent);
          const next = await get(port, '/next', agent);
          agent.destroy();
          if (through !== 'error' && through.status < 500) {
            const whole = bytes;
            let direct: Outcome = 'error';
            for (const length of lengths(whole)) {
              bytes = whole.subarray(0, length);
              direct = await get(upstream.port, '/', false);
              if (isDeepStrictEqual(direct, through)) break;
            }
            assert.deepEqual(through, direct, told(seed, whole));
          }
          assert.deepEqual(next, { status: 200, body: 'next' }, told(seed, bytes));
        }
        console.log(`${cases} cases from seed ${fuzzSeed}`);
        assert.ok(cases > 20, `only ${cases} cases in ${fuzzBudget} ms`);
      });
    } finally {
      await upstream.stop();
    }
  });
});
