/**
 * Mutated requests against the running data plane. Whatever a client sends, the server gets what a strict reader (Node's,
 * see test/support/witness.ts) finds in the client's bytes, request by request and byte by byte, up to one that is refused;
 * it gets nothing else, and nothing that this reader cannot read; and the client gets one answer to each, in order.
 *
 * The kept seeds come first, then mutations of them for as long as FUZZ_MS says, from FUZZ_SEED on.
 */

import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { requestCases } from '../http/cases/requests.ts';
import { bytesOf } from '../http/cases/types.ts';
import { byteByByte, from, fuzzBudget, fuzzSeed, mutate, piecesOf, type Stream, telling } from '../support/mutate.ts';
import { outcome, soon } from '../support/soon.ts';
import { startRawUpstream, type Upstream } from '../support/upstream.ts';
import {
  type Fields,
  fineTrailers,
  forgive,
  hopByHop,
  RequestReader,
  type SeenRequest,
  sameBody,
  translated,
  valuesOf,
  without,
  witnessRequests,
  witnessResponse,
} from '../support/witness.ts';
import { Balancer, type Logged } from './balancer.ts';
import { requestSeeds } from './fuzz-seeds/requests.ts';

const FAMILIES = [requestSeeds.map((one) => one.text), requestCases.map((one) => bytesOf(one).toString('latin1'))];

const config = (address: string) => `
listen www
  bind 127.0.0.1:0
  option disable-h2-upgrade
  server s1 ${address}
listen edited
  bind 127.0.0.1:0
  option disable-h2-upgrade
  option http-server-close
  http-request del-header x-b
  http-request add-header x-edited yes
  server s1 ${address}
`;

/** A frontend, what it takes out of a request and what it puts into one. */
interface Door {
  readonly name: string;
  readonly removed: ReadonlySet<string>;
  readonly added: Fields;
}
const PLAIN: Door = { name: 'www', removed: new Set(), added: [] };
const EDITED: Door = { name: 'edited', removed: new Set(['x-b']), added: [['x-edited', 'yes']] };

/** What became of one stream. */
interface Outcome {
  /** What the server read, in order, and what it could not read. */
  readonly arrived: readonly SeenRequest[];
  readonly unreadable: readonly string[];
  readonly logged: readonly Logged[];
  /** What the client received. */
  readonly received: Buffer;
}

/** The balancer, and behind it a server that reads strictly and answers `reply <n>`. */
class Stage {
  private readonly upstream: Upstream;
  private readonly balancer: Balancer;
  private readonly watched: Watched;

  private constructor(upstream: Upstream, balancer: Balancer, watched: Watched) {
    this.upstream = upstream;
    this.balancer = balancer;
    this.watched = watched;
  }

  static async open(): Promise<Stage> {
    const watched: Watched = { arrived: [], unreadable: [] };
    const upstream = await startRawUpstream((socket) => {
      const reader = new RequestReader();
      socket.on('close', () => reader.close());
      socket.on('end', () => socket.end());
      socket.on('data', (bytes: Buffer) => {
        const before = reader.requests.length;
        reader.feed(bytes);
        for (const request of reader.requests.slice(before)) {
          const reply = `reply ${watched.arrived.length}`;
          watched.arrived.push(request);
          const body = request.method === 'HEAD' ? '' : reply;
          socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${reply.length}\r\n\r\n${body}`);
        }
        if (reader.error === '') return;
        watched.unreadable.push(reader.error);
        socket.destroy();
      });
    });
    return new Stage(upstream, await Balancer.start(config(upstream.address)), watched);
  }

  async close(): Promise<void> {
    await this.balancer.stop();
    await this.upstream.stop();
  }

  async run(stream: Stream, door: Door): Promise<Outcome> {
    const { watched, balancer } = this;
    watched.arrived = [];
    watched.unreadable = [];
    balancer.logged.length = 0;
    const received = await outcome('the client has its answers', exchange(balancer.port(door.name), piecesOf(stream)));
    const servers = [PLAIN, EDITED].map(({ name }) => balancer.server(name, 's1'));
    // Once the server has no connection but those that are kept, it has read whatever was sent to it.
    await soon('everything is over', () => {
      const idle = servers.reduce((sum, server) => sum + server.idle.length, 0);
      return balancer.plane.connections === 0 && servers.every((server) => server.scur === 0) && this.upstream.open() === idle;
    });
    return { arrived: watched.arrived, unreadable: watched.unreadable, logged: [...balancer.logged], received };
  }
}

interface Watched {
  arrived: SeenRequest[];
  unreadable: string[];
}

/** Sends the pieces, ends its half, and answers what came until the other side was done. */
function exchange(port: number, pieces: readonly Buffer[]): Promise<Buffer> {
  return new Promise((resolve) => {
    const received: Buffer[] = [];
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    socket.on('error', () => {});
    socket.on('close', () => resolve(Buffer.concat(received)));
    socket.on('data', (bytes: Buffer) => received.push(bytes));
    const send = (index: number) => {
      const piece = pieces[index];
      if (piece === undefined) socket.end();
      else socket.write(piece, () => setImmediate(send, index + 1));
    };
    send(0);
  });
}

/** The requests that a strict reader finds in what the client sends. */
function meant(text: string): readonly SeenRequest[] {
  const { requests, error, used, from, inBody } = witnessRequests(Buffer.from(text, 'latin1'));
  const message = text.slice(from);
  const forgiven = forgive(message, error, used - from);
  if (forgiven !== undefined) return meant(text.slice(0, from) + forgiven);
  const end = message.indexOf('\r\n\r\n');
  if (inBody || end < 0 || !/can't be present with/.test(error)) return requests;
  // RFC 9112 6.1: Transfer-Encoding wins, and nothing behind that request is read.
  const head = message.slice(0, end).replace(/\r\ncontent-length:[^\r\n]*/gi, '');
  if (head.length === end) return requests;
  return meant(text.slice(0, from) + head + message.slice(end)).slice(0, requests.length + 1);
}

/** RFC 9112 3.2.1, 3.2.2: what a request for `target` has in its request line when it goes to the server itself. */
function originForm({ method, target }: SeenRequest): string {
  const rest = /^https?:\/\/[^/?]*(.*)$/i.exec(target)?.[1];
  if (rest === undefined) return target;
  if (rest === '') return method === 'OPTIONS' ? '*' : '/';
  return rest.startsWith('/') ? rest : `/${rest}`;
}

/** The same request, as far as a hop has nothing to say in it. `sent` has been translated. */
function compare(sent: SeenRequest, got: SeenRequest, door: Door, text: string): void {
  assert.equal(got.method, sent.method);
  assert.equal(got.target, originForm(sent));
  assert.ok(sameBody(sent.body, got.body, text), `not the body that was sent: ${JSON.stringify(got.body)}`);
  const hop = new Set([...hopByHop(sent.fields), 'proxy^connection']);
  const kept = without(without(sent.fields, hop), door.removed);
  assert.deepEqual(without(got.fields, hop), [...kept, ...door.added]);
  for (const name of ['keep-alive', 'proxy-connection', 'http2-settings']) assert.deepEqual(valuesOf(got.fields, name), []);
  const [protocol, ...others] = valuesOf(got.fields, 'upgrade');
  assert.deepEqual(others, [], 'one Upgrade at most');
  if (protocol !== undefined) {
    assert.deepEqual(valuesOf(got.fields, 'connection'), ['upgrade']);
    assert.doesNotMatch(protocol, /^(h2c?|http|tls)(\/|$)/i);
  }
  const expected = valuesOf(sent.fields, 'expect');
  const expects = valuesOf(got.fields, 'expect');
  assert.ok(expects.every((one) => expected.includes(one)) && expects.length <= expected.length, 'no Expect but what was sent');
  const host = valuesOf(got.fields, 'host');
  assert.equal(host.length, 1, 'one Host');
  const [asked] = valuesOf(sent.fields, 'host');
  if (asked !== undefined) assert.equal(host[0], asked);
  assert.ok(fineTrailers(sent.trailers, got.trailers), `not the trailers that were sent: ${JSON.stringify(got.trailers)}`);
}

/** What `received` holds: a reply to every request of `arrived`, in order; the status of our own one behind them, or 0. */
async function replies(received: Buffer, arrived: readonly SeenRequest[]): Promise<number> {
  let rest = received;
  for (const [index, { method }] of arrived.entries()) {
    // Node writes methods in capitals, and `connect` is none of those that it knows something about.
    const reply = await witnessResponse(rest, method === 'HEAD' ? method : 'GET', false);
    assert.ok(reply.whole, `reply ${index} is whole`);
    assert.equal(reply.status, 200);
    assert.equal(reply.body, method === 'HEAD' ? '' : `reply ${index}`);
    rest = rest.subarray(reply.used);
  }
  if (rest.length === 0) return 0;
  let own = await witnessResponse(rest, 'GET', false);
  // The request that it refuses may have been one for a head.
  if (!own.whole) own = await witnessResponse(rest, 'HEAD', false);
  assert.ok(own.whole && own.status >= 400, `an error behind the replies, not ${JSON.stringify(rest.toString('latin1'))}`);
  assert.equal(own.used, rest.length, 'nothing behind the error');
  return own.status;
}

async function judge(stream: Stream, { arrived, unreadable, logged, received }: Outcome, door: Door): Promise<void> {
  assert.deepEqual(unreadable, [], 'the server can read what it gets');
  const sent = meant(translated(stream.text));
  assert.ok(arrived.length <= sent.length, `${sent.length} requests were sent, but ${arrived.length} arrived`);
  for (const [index, got] of arrived.entries()) compare(sent[index] as SeenRequest, got, door, stream.text);
  const served = logged.filter(({ server, termination }) => server === 's1' && termination === '----');
  assert.equal(served.length, arrived.length, 'as many requests in the log as at the server');
  const refusal = await replies(received, arrived);
  if (arrived.length < sent.length) assert.notEqual(refusal, 0, 'a request that does not arrive is refused');
}

describe('requests on their way to a server', () => {
  let stage: Stage;
  before(async () => {
    stage = await Stage.open();
  });
  after(() => stage.close());

  /** Answers how many requests arrived. */
  function act(stream: Stream, door: Door, seed?: number): Promise<number> {
    const story = async () => {
      const became = await stage.run(stream, door);
      await judge(stream, became, door);
      return became.arrived.length;
    };
    return telling(stream, story, `through '${door.name}'${from(seed)}`);
  }

  it('are those that were sent: the kept seeds, whole, in pieces and byte by byte', async () => {
    for (const { name, text, cuts = [], through } of requestSeeds) {
      for (const stream of [{ text, cuts: [] }, { text, cuts }, byteByByte(text)]) {
        for (const door of [PLAIN, EDITED]) {
          const arrived = await act(stream, door);
          if (through !== undefined) assert.equal(arrived, through, `requests of '${name}' that arrive`);
        }
      }
    }
  });

  it(`are those that were sent, or refused: mutations, for ${fuzzBudget} ms or as many as there are seeds`, async () => {
    const end = performance.now() + fuzzBudget;
    let cases = 0;
    let arrived = 0;
    for (let seed = fuzzSeed; cases < requestSeeds.length || performance.now() < end; seed++, cases++) {
      const stream = mutate(FAMILIES, seed);
      arrived += await act(stream, seed % 4 === 0 ? EDITED : PLAIN, seed);
    }
    console.log(`${cases} streams from seed ${fuzzSeed} on, ${arrived} requests of them arrived`);
    assert.ok(arrived > 0);
  });
});
