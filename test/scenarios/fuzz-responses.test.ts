/**
 * Mutated responses through the running data plane. Whatever a server sends, its client gets what a strict reader (Node's,
 * see test/support/witness.ts) finds there, interim responses, fields and body; or our own 502, or a connection that breaks;
 * and the next request, on the same connections where they are kept, gets its own answer.
 *
 * Seeds, FUZZ_MS and FUZZ_SEED as in fuzz.test.ts.
 */

import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { responseCases } from '../http/cases/responses.ts';
import { bytesOf } from '../http/cases/types.ts';
import { byteByByte, from, fuzzBudget, fuzzSeed, mutate, piecesOf, type Stream, telling } from '../support/mutate.ts';
import { outcome, soon } from '../support/soon.ts';
import { startRawUpstream, type Upstream } from '../support/upstream.ts';
import {
  fineTrailers,
  forgive,
  hopByHop,
  type SeenResponse,
  sameBody,
  translated,
  valuesOf,
  without,
  witnessResponse,
} from '../support/witness.ts';
import { Balancer } from './balancer.ts';
import { responseSeeds } from './fuzz-seeds/responses.ts';

const FAMILIES = [responseSeeds.map((one) => one.text), responseCases.map((one) => bytesOf(one).toString('latin1'))];

/** Who asks: a client that reads everything, one for a head alone, one that does not know chunks. */
const ASKS = [
  { method: 'GET', version: '1.1' },
  { method: 'HEAD', version: '1.1' },
  { method: 'GET', version: '1.0' },
] as const;
type Ask = (typeof ASKS)[number];

/** What the server does behind its response. */
type Ending = 'stays' | 'closes' | 'resets';
const ENDINGS: readonly Ending[] = ['stays', 'closes', 'resets'];

interface Outcome {
  /** The two letters of the log, the second pair of which are about cookies. */
  readonly termination: string;
  readonly first: SeenResponse;
  readonly next: SeenResponse;
  /** The connection to the client was kept for the next request. */
  readonly kept: boolean;
  /** The next request came to the server on the same connection. */
  readonly reused: boolean;
}

/** What a client received, and whether that ended properly. */
interface Received {
  readonly bytes: Buffer;
  readonly ended: boolean;
}

/** The balancer, and behind it a server that sends whatever it is told, and `next <n>` to who asks for /next. */
class Stage {
  private readonly upstream: Upstream;
  private readonly balancer: Balancer;
  private readonly script: Script;

  private constructor(upstream: Upstream, balancer: Balancer, script: Script) {
    this.upstream = upstream;
    this.balancer = balancer;
    this.script = script;
  }

  static async open(): Promise<Stage> {
    const script: Script = { pieces: [], ending: 'closes', sending: 0, round: 0, socket: undefined, reused: false };
    const upstream = await startRawUpstream((socket) => {
      // A piece that waits for the balancer to acknowledge the one before it would come with the next request.
      socket.setNoDelay(true);
      socket.on('data', (bytes: Buffer) => {
        if (bytes.includes('/next ')) {
          script.reused = socket === script.socket;
          socket.write(nextReply(script.round));
        } else {
          script.socket = socket;
          void play(script, socket);
        }
      });
      socket.on('end', () => socket.end());
    });
    const balancer = await Balancer.start(`listen www\n bind 127.0.0.1:0\n timeout server 2s\n server s1 ${upstream.address}\n`);
    return new Stage(upstream, balancer, script);
  }

  async close(): Promise<void> {
    await this.balancer.stop();
    await this.upstream.stop();
  }

  async run(stream: Stream, { method, version }: Ask, ending: Ending): Promise<Outcome> {
    const { script, balancer } = this;
    script.pieces = piecesOf(stream);
    script.ending = ending;
    script.round++;
    balancer.logged.length = 0;
    const client = new Client(balancer.port('www'));
    client.send(`${method} / HTTP/${version}\r\nHost: a\r\n\r\n`);
    // What the server sends too late for its own request must be there before the next one is.
    await soon('the response is over', () => balancer.logged.length > 0 && script.sending === 0);
    const termination = balancer.logged[0]?.termination ?? '';
    client.send(ASK_NEXT);
    const { bytes, ended } = await outcome('the connection to the client is closed', client.received);
    const first = await witnessResponse(bytes, method, ended);
    const rest = bytes.subarray(first.used);
    const kept = first.whole && rest.length > 0;
    const second = kept ? rest : await this.askNext();
    const next = await witnessResponse(second, 'GET', false);
    assert.equal(next.used, second.length, 'nothing behind the next response');
    return { termination, first, next, kept, reused: script.reused };
  }

  private async askNext(): Promise<Buffer> {
    const client = new Client(this.balancer.port('www'));
    client.send(ASK_NEXT);
    return (await outcome('the connection for the next request is closed', client.received)).bytes;
  }

  /** What `/next` is answered now. */
  get expected(): string {
    return `next ${this.script.round}`;
  }
}

const ASK_NEXT = 'GET /next HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n';

interface Script {
  pieces: readonly Buffer[];
  ending: Ending;
  /** Connections that are being written to. */
  sending: number;
  round: number;
  /** Which connection carried the response, and whether it carried the next one too. */
  socket: Socket | undefined;
  reused: boolean;
}

function nextReply(round: number): string {
  const body = `next ${round}`;
  return `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
}

async function play(script: Script, socket: Socket): Promise<void> {
  const { pieces, ending } = script;
  script.sending++;
  for (const piece of pieces) {
    if (socket.destroyed) break;
    socket.write(piece);
    await turn();
  }
  if (ending === 'closes') socket.end();
  else if (ending === 'resets') socket.resetAndDestroy();
  script.sending--;
}

/** A connection to the balancer, and all that comes on it. */
class Client {
  readonly received: Promise<Received>;
  private readonly socket: Socket;

  constructor(port: number) {
    const chunks: Buffer[] = [];
    this.socket = connect({ port, host: '127.0.0.1', noDelay: true });
    this.received = new Promise((resolve) => {
      let ended = true;
      this.socket.on('data', (bytes: Buffer) => chunks.push(bytes));
      this.socket.on('error', () => {
        ended = false;
      });
      this.socket.on('close', () => resolve({ bytes: Buffer.concat(chunks), ended }));
    });
  }

  send(text: string): void {
    if (this.socket.writable) this.socket.write(text);
  }
}

interface Meant extends SeenResponse {
  /** Something stands behind it. */
  readonly surplus: boolean;
  /** As it was asked for; but a server stays only where nobody waits for it to close. */
  readonly ending: Ending;
}

/** The response that a strict reader finds in what the server sends. */
async function meant(text: string, method: string, ending: Ending): Promise<Meant> {
  const bytes = Buffer.from(text, 'latin1');
  const framed = await witnessResponse(bytes, method, false);
  const forgiven = framed.whole ? undefined : forgive(text, framed.error, framed.used);
  if (forgiven !== undefined) return meant(forgiven, method, ending);
  // RFC 9110 15.2: an interim response ends nothing, whatever it says about its connection and version.
  const heads = /^(?:HTTP\/1\.[01] 1\d\d[^\r\n]*\r\n(?:[^\r\n]+\r\n)*\r\n)+/.exec(text)?.[0] ?? '';
  const silent = heads.replace(/\r\nconnection:[^\r\n]*/gi, '').replace(/HTTP\/1\.0(?= 1\d\d)/g, 'HTTP/1.1');
  if (/after `Connection: close`/.test(framed.error) && silent !== heads) return meant(silent + text.slice(heads.length), method, ending);
  if (framed.whole) return { ...framed, surplus: framed.used < bytes.length, ending };
  // Only an end would make it whole, and a reset is none.
  if (ending === 'resets') return { ...framed, surplus: false, ending };
  return { ...(await witnessResponse(bytes, method, true)), surplus: false, ending: 'closes' };
}

/** The same response, as far as a hop has nothing to say in it. */
function compare(sent: SeenResponse, got: SeenResponse, { version }: Ask, text: string): void {
  assert.ok(sent.whole, 'no success where the server has sent none');
  assert.ok(got.whole, 'it arrives whole');
  assert.equal(got.status, sent.status);
  assert.equal(got.reason, sent.reason);
  assert.ok(sameBody(sent.body, got.body, text), `not the body that was sent: ${JSON.stringify(got.body)}`);
  assert.deepEqual(got.interim, version === '1.0' ? [] : sent.interim);
  const hop = new Set([...hopByHop(sent.fields), 'proxy^connection']);
  assert.deepEqual(without(got.fields, hop), without(sent.fields, hop));
  for (const name of ['keep-alive', 'proxy-connection']) assert.deepEqual(valuesOf(got.fields, name), []);
  // RFC 9110 8.6, RFC 9112 6.1.
  if (got.status === 204) for (const name of ['content-length', 'transfer-encoding']) assert.deepEqual(valuesOf(got.fields, name), []);
  assert.ok(fineTrailers(sent.trailers, got.trailers), `not the trailers that were sent: ${JSON.stringify(got.trailers)}`);
}

function judge(sent: Meant, ask: Ask, { termination, first, kept, reused }: Outcome, text: string): void {
  if (termination === '----') compare(sent, first, ask, text);
  else {
    assert.doesNotMatch(termination, /^s/, 'nobody waits for what will not come');
    const own = first.status === 502 && (ask.method === 'HEAD' || first.body.startsWith('<html><body><h1>502 Bad Gateway'));
    assert.ok(!first.whole || own, `${termination}, but the client has a response: ${JSON.stringify(first)}`);
  }
  const told = valuesOf(first.fields, 'connection').includes('close') || ask.version === '1.0';
  if (sent.surplus) assert.ok(!reused, 'a connection with something left on it is not used again');
  if (first.whole && !told) assert.ok(kept, 'the connection is kept unless the client was told otherwise');
}

describe('responses on their way to a client', () => {
  let stage: Stage;
  before(async () => {
    stage = await Stage.open();
  });
  after(() => stage.close());

  /** Answers whether it was relayed. */
  async function act(stream: Stream, ask: Ask, ending: Ending, seed?: number): Promise<boolean> {
    const sent = await meant(translated(stream.text), ask.method, ending);
    const how = `to ${ask.method} of HTTP/${ask.version}, the server ${sent.ending}${from(seed)}`;
    const story = async () => {
      const became = await stage.run(stream, ask, sent.ending);
      judge(sent, ask, became, stream.text);
      assert.equal(became.next.status, 200);
      assert.equal(became.next.body, stage.expected, 'the next request gets its own answer');
      return became.termination === '----';
    };
    return telling(stream, story, how);
  }

  it('are those that were sent: the kept seeds, whole, in pieces and byte by byte', async () => {
    for (const { name, text, cuts = [], through } of responseSeeds) {
      for (const stream of [{ text, cuts: [] }, { text, cuts }, byteByByte(text)]) {
        for (const ask of ASKS) {
          for (const ending of ENDINGS) {
            const relayed = await act(stream, ask, ending);
            if (through !== undefined && ask === ASKS[0] && ending !== 'resets') assert.equal(relayed, through > 0, name);
          }
        }
      }
    }
  });

  it(`are those that were sent, or no success: mutations, for ${fuzzBudget} ms or as many as there are seeds`, async () => {
    const end = performance.now() + fuzzBudget;
    let cases = 0;
    let relayed = 0;
    for (let seed = fuzzSeed; cases < responseSeeds.length || performance.now() < end; seed++, cases++) {
      const stream = mutate(FAMILIES, seed);
      const ask = ASKS[seed % 8] ?? ASKS[0];
      const ending = seed % 16 === 15 ? 'resets' : seed % 3 === 0 ? 'closes' : 'stays';
      if (await act(stream, ask, ending, seed)) relayed++;
    }
    console.log(`${cases} responses from seed ${fuzzSeed} on, ${relayed} of them relayed`);
    assert.ok(relayed > 0);
  });
});
