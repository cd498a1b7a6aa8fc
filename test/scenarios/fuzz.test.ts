/**
 * Mutated requests against the running data plane, with Node's own strict parser as the witness behind it: whatever a
 * client sends, the server reads exactly the requests that were sent to it, and nothing it cannot read.
 *
 * FUZZ_MS says how long (3000), FUZZ_SEED from where; a failure names the seed of its case.
 */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { describe, it } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { requestCases } from '../http/cases/requests.ts';
import { fuzzBudget, fuzzSeed, mutate, random, told } from '../support/mutate.ts';
import { withBalancer } from './balancer.ts';

const BODIES = [
  'POST /l HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello',
  'POST /c HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n3;x=y\r\nabc\r\n0\r\nX-T: 1\r\n\r\n',
  'POST /b HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
  'PUT /e HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nok',
  'GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n',
];
const CORPUS = [...BODIES, ...requestCases.map((one) => (one.raw ? one.text : one.text.replaceAll('\n', '\r\n')))];

/** What a broken-off request looks like to the witness: the balancer closed the connection in its middle. */
const BROKEN_OFF = new Set(['ECONNRESET', 'HPE_INVALID_EOF_STATE', 'EPIPE']);

describe('mutated requests', () => {
  it(`are refused or read by the server as the very requests that were sent to it, for ${fuzzBudget} ms`, async () => {
    let seen = 0;
    const unreadable: string[] = [];
    const witness = createServer({ keepAliveTimeout: 0 }, (request, response) => {
      seen++;
      request.resume();
      request.on('end', () => response.end('ok'));
    });
    witness.on('clientError', (error: NodeJS.ErrnoException, socket) => {
      // A method that llhttp has not heard of is a request all the same.
      if (error.code === 'HPE_INVALID_METHOD') seen++;
      else if (!BROKEN_OFF.has(error.code ?? '')) unreadable.push(`${error.code}: ${error.message}`);
      socket.destroy();
    });
    witness.listen(0, '127.0.0.1');
    await once(witness, 'listening');
    const { port } = witness.address() as AddressInfo;

    try {
      await withBalancer(
        `listen www\n bind 127.0.0.1:0\n timeout client 2s\n option abortonclose\n server s1 127.0.0.1:${port}\n`,
        async (balancer) => {
          const server = balancer.server('www', 's1');
          const end = performance.now() + fuzzBudget;
          let cases = 0;
          for (let seed = fuzzSeed; performance.now() < end; seed++) {
            const bytes = mutate(CORPUS, seed);
            const cut = random(seed ^ 0x5bd1e995)(bytes.length + 1);
            await exchange(balancer.port('www'), bytes, cut);
            await soon(
              () => `all is over: ${told(seed, bytes)}`,
              () => server.scur === 0 && balancer.plane.connections === 0,
            );
            assert.deepEqual(unreadable, [], told(seed, bytes));
            // What left before its head was written never reached the witness; what broke in its body may have, or not.
            const ended = (termination: string) => balancer.logged.filter((line) => line.termination === termination).length;
            const most = server.counters.stot - ended('CC--');
            const least = most - ended('PH--');
            await soon(
              () => `the witness has seen ${least}, not ${seen}: ${told(seed, bytes)} ${JSON.stringify(balancer.logged.slice(-4))}`,
              () => seen >= least,
            );
            assert.ok(seen <= most, told(seed, bytes));
            cases++;
          }
          console.log(`${cases} cases from seed ${fuzzSeed}`);
          assert.ok(cases > 20, `only ${cases} cases in ${fuzzBudget} ms`);
        },
      );
    } finally {
      witness.closeAllConnections();
      witness.close();
    }
  });
});

/** As `until`, but asks at every turn of the loop: thousands of cases should fit into the budget. */
async function soon(what: () => string, condition: () => boolean): Promise<void> {
  const deadline = performance.now() + 15_000;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`gave up waiting until ${what()}`);
    await turn();
  }
}

/** Sends the bytes in two pieces, ends its half, and waits until the other side is done. */
function exchange(port: number, bytes: Buffer, cut: number): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    socket.on('error', () => {});
    socket.on('close', () => resolve());
    socket.resume();
    socket.write(bytes.subarray(0, cut), () => setImmediate(() => socket.end(bytes.subarray(cut))));
  });
}
