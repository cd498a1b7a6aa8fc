/**
 * What servers do wrong, and what comes of it: answers, how often each server was asked, log lines, counters. The same
 * table is played to Fairlead (retries.test.ts) and to the real HAProxy (test/haproxy/faults.test.ts).
 */

import type { Socket } from 'node:net';
import { type Act, acts, type Faulty, refusingAddress, startDeaf, startFaulty } from '../support/faulty.ts';
import { until } from '../support/wait.ts';

export interface Outcome {
  /** By request: `200 s1`, `502`, `200 cut`, `closed`. Of a body it is told whether it is a server's name. */
  readonly answers: readonly string[];
  /** By server that listens: what it was asked. */
  readonly asked: Readonly<Record<string, string>>;
  /** By request: server, status, termination, retries, with a `+` when another server took it. */
  readonly log: readonly string[];
  /** By server, and of the backend (`be`): those of COUNTERS that are not 0. */
  readonly counters: Readonly<Record<string, string>>;
}

/** In the order in which `counters` names them: columns of the statistics, hrsp_2xx as 2xx. */
export const COUNTERS: readonly string[] = [
  ...['stot', 'lbtot', 'econ', 'eresp', 'wretr', 'wredis', 'cli_abrt', 'srv_abrt', 'req_tot'],
  ...['1xx', '2xx', '4xx', '5xx'],
];

export interface Fault extends Outcome {
  readonly name: string;
  /** Lines of the backend. */
  readonly lines: readonly string[];
  /** By name; `refuses` has no listener, `deaf` does not accept. */
  readonly servers: Readonly<Record<string, readonly Act[] | 'refuses' | 'deaf'>>;
  /** Of one client, one after the other. */
  readonly requests: readonly string[];
  /** What of it HAProxy 2.6.12 does otherwise; undefined where that varies. */
  readonly haproxy: Partial<Outcome> | undefined;
}

const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
const post = (size: number) => `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${size}\r\n\r\n${'x'.repeat(size)}`;
const POST = post(5);
const CHUNKS = 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n0\r\n\r\n';
const ALL = 'retry-on all-retryable-errors';

/** A failure of a server that has been asked: the word of `retry-on` for it, and what comes of it without. */
interface Kind {
  readonly what: string;
  readonly act: Act;
  readonly word: string;
  readonly answer: string;
  readonly log: string;
  /** eresp of one that is retried, and how much more HAProxy counts of each. */
  readonly eresp: number;
  readonly more: number;
}

const kinds: readonly Kind[] = (
  [
    ['closes', acts.ends, 'empty-response', '502', '502 SH--', 0, 0],
    // HAProxy counts a reset once more than an end.
    ['resets', acts.resets, 'empty-response', '502', '502 SH--', 0, 1],
    ['closes inside its head', acts.headCut, 'empty-response', '502', '502 SH--', 0, 0],
    ['answers junk', acts.junk, 'junk-response', '502', '502 PH--', 1, 0],
    ['begins its body with junk', acts.badFirstChunk, 'junk-response', '502', '502 PH--', 1, 0],
    ['is silent', acts.silent, 'response-timeout', '504', '504 sH--', 0, 0],
    ['answers 503', acts.answers503, '503', '503', '503 ----', -1, 0],
  ] as const
).map(([what, act, word, answer, log, eresp, more]) => ({ what, act, word, answer, log, eresp, more }));

const WORDS = ['conn-failure', 'empty-response', 'junk-response', 'response-timeout', '503'];

/** All but the words that may stand for it: a head that is cut is junk for the manual, and empty for HAProxy. */
const others = ({ word, act }: Kind) =>
  `retry-on ${WORDS.filter((one) => one !== word && !(act === acts.headCut && one === 'junk-response')).join(' ')}`;

/** Only who waits for a server that is silent needs an end to it; nobody else may be given up where a machine is slow. */
const patience = ({ act }: Kind) => (act === acts.silent ? ['timeout server 500ms'] : []);

const count = (name: string, value: number) => (value > 0 ? ` ${name} ${value}` : '');

/** Once asked, and that was it. */
function relayed(kind: Kind, lines: readonly string[], method: 'GET' | 'POST'): Fault {
  const { what, act, answer, log, eresp, more } = kind;
  const bad = eresp < 0 ? 0 : 1;
  const counters = (errors: number) => {
    const common = `stot 1 lbtot 1${count('eresp', errors)}`;
    return { s1: bad === 1 ? common : `${common} req_tot 1 5xx 1`, be: `${common} req_tot 1 5xx 1` };
  };
  return {
    name: `${method}, the server ${what}; ${lines.join(', ') || 'nothing configured'}`,
    lines: [...lines, ...patience(kind)],
    servers: { s1: [act] },
    requests: [method === 'GET' ? GET : POST],
    answers: [answer],
    asked: { s1: method === 'GET' ? 'GET' : 'POST(5)' },
    log: [`s1 ${log} 0`],
    counters: counters(bad),
    haproxy: more === 0 ? {} : { counters: counters(bad + more) },
  };
}

/** Asked again, and well then. */
function retried(kind: Kind, lines: readonly string[], method: 'GET' | 'POST'): Fault {
  const { what, act, eresp, more } = kind;
  const asked = method === 'GET' ? 'GET' : 'POST(5)';
  const counters = (errors: number, retries: number) => {
    const rest = `${count('eresp', errors)} wretr ${retries} req_tot 1 2xx 1`;
    return { s1: `stot 2 lbtot 1${rest}`, be: `stot 1 lbtot 1${rest}` };
  };
  return {
    name: `${method}, the server ${what}; ${lines.join(', ')}`,
    lines: [...lines, ...patience(kind)],
    servers: { s1: [act, acts.ok] },
    requests: [method === 'GET' ? GET : POST],
    answers: ['200 s1'],
    asked: { s1: `${asked} ${asked}` },
    log: ['s1 200 ---- 1'],
    counters: counters(eresp, 1),
    // It counts each retry on the same server twice.
    haproxy: { counters: counters(eresp + more, 2) },
  };
}

/** Asked as often as `retries 2` allows. */
function exhausted(kind: Kind): Fault {
  const { what, act, answer, log, eresp, more } = kind;
  const counters = (retries: number, extra: number) => {
    const errors = eresp < 0 ? 0 : 1 + 2 * eresp + extra;
    const common = `lbtot 1${count('eresp', errors)} wretr ${retries}`;
    return { s1: `stot 3 ${common}${errors === 0 ? ' req_tot 1 5xx 1' : ''}`, be: `stot 1 ${common} req_tot 1 5xx 1` };
  };
  return {
    name: `POST, the server ${what} for ever; ${ALL}, retries 2`,
    lines: [ALL, 'retries 2', ...patience(kind)],
    servers: { s1: [act] },
    requests: [POST],
    answers: [answer],
    asked: { s1: 'POST(5) POST(5) POST(5)' },
    log: [`s1 ${log} 2`],
    counters: counters(2, 0),
    haproxy: { counters: counters(4, 3 * more) },
  };
}

const ONCE_OK = { s1: 'stot 1 lbtot 1 req_tot 1 2xx 1', be: 'stot 1 lbtot 1 req_tot 1 2xx 1' };
const TWICE_OK = { s1: 'stot 2 lbtot 2 req_tot 2 2xx 2', be: 'stot 2 lbtot 2 req_tot 2 2xx 2' };
const ONE_RETRY = { s1: 'stot 2 lbtot 1 wretr 1 req_tot 1 2xx 1', be: 'stot 1 lbtot 1 wretr 1 req_tot 1 2xx 1' };
/** Each retry on the same server is counted twice. */
const ONE_RETRY_THERE = { counters: { s1: 'stot 2 lbtot 1 wretr 2 req_tot 1 2xx 1', be: 'stot 1 lbtot 1 wretr 2 req_tot 1 2xx 1' } };
const NO_CONNECTION = { s1: 'stot 1 lbtot 1 econ 1', be: 'stot 1 lbtot 1 econ 1 req_tot 1 5xx 1' };
const NO_CONNECTION_IN_3 = { s1: 'stot 3 lbtot 1 econ 1 wretr 2', be: 'stot 1 lbtot 1 econ 1 wretr 2 req_tot 1 5xx 1' };
const CONNECTED_ELSEWHERE = {
  s1: 'stot 1 lbtot 1 wredis 1',
  s2: 'stot 1 lbtot 1 req_tot 1 2xx 1',
  be: 'stot 1 lbtot 2 wredis 1 req_tot 1 2xx 1',
};
const ANSWERED_ELSEWHERE = {
  s1: 'stot 1 lbtot 1 wretr 1 wredis 1',
  s2: 'stot 1 lbtot 1 req_tot 1 2xx 1',
  be: 'stot 1 lbtot 2 wretr 1 wredis 1 req_tot 1 2xx 1',
};
const BAD_RESPONSE = { s1: 'stot 1 lbtot 1 eresp 1', be: 'stot 1 lbtot 1 eresp 1 req_tot 1 5xx 1' };
const CUT = {
  s1: 'stot 1 lbtot 1 eresp 1 srv_abrt 1 req_tot 1 2xx 1',
  be: 'stot 1 lbtot 1 eresp 1 srv_abrt 1 req_tot 1 2xx 1',
};

/** Tuples read as a table; `haproxy` where it differs, undefined for nowhere. */
type Row = readonly [
  name: string,
  lines: readonly string[],
  servers: Fault['servers'],
  requests: readonly string[],
  answers: readonly string[],
  asked: Outcome['asked'],
  log: readonly string[],
  counters: Outcome['counters'],
  haproxy?: Partial<Outcome> | 'varies',
];

const { ok, okThenEnds, okAndMore, ends, junk, headCut, interimThenEnds, interimThenOk, unasked101 } = acts;
const { bodyCut, chunksCut, answers503, answers404, answers503AndEnds, begins503 } = acts;

// biome-ignore format: a hundred stories can be compared only as rows of a table, one line each
const rows: readonly Row[] = [
  ['refused: the same server again, after a pause', ['retries 2', 'timeout connect 500ms'], { s1: 'refuses' }, [GET], ['503'], {}, ['s1 503 SC-- 2'], NO_CONNECTION_IN_3],
  ['refused, and retries 0', ['retries 0'], { s1: 'refuses' }, [GET], ['503'], {}, ['s1 503 SC-- 0'], NO_CONNECTION],
  ['refused, and retry-on none', ['retry-on none'], { s1: 'refuses' }, [GET], ['503'], {}, ['s1 503 SC-- 0'], NO_CONNECTION],
  ['refused, and retry-on without conn-failure', ['retry-on empty-response'], { s1: 'refuses' }, [GET], ['503'], {}, ['s1 503 SC-- 0'], NO_CONNECTION],
  ['refused, and redispatched at once', ['option redispatch'], { s1: 'refuses', s2: [ok] }, [GET], ['200 s2'], { s2: 'GET' }, ['s2 200 ---- +1'], CONNECTED_ELSEWHERE],
  ['a POST was refused: nothing of it has left', ['option redispatch'], { s1: 'refuses', s2: [ok] }, [POST], ['200 s2'], { s2: 'POST(5)' }, ['s2 200 ---- +1'], CONNECTED_ELSEWHERE],
  ['refused, to be redispatched, and nobody else is there', ['retries 2', 'timeout connect 500ms', 'option redispatch'], { s1: 'refuses' }, [GET], ['503'], {}, ['s1 503 SC-- 2'], NO_CONNECTION_IN_3],
  ['refused by everybody', ['retries 3', 'option redispatch 2'], { s1: 'refuses', s2: 'refuses' }, [GET], ['503'], {}, ['s2 503 SC-- +3'], { s1: 'stot 2 lbtot 2 wredis 2', s2: 'stot 2 lbtot 2 econ 1 wredis 1', be: 'stot 1 lbtot 4 econ 1 wredis 3 req_tot 1 5xx 1' }],
  ['no connection in time', ['retries 2', 'timeout connect 500ms'], { s1: 'deaf' }, [GET], ['503'], {}, ['s1 503 sC-- 2'], NO_CONNECTION_IN_3],
  ['no connection in time, and redispatched', ['timeout connect 500ms', 'option redispatch'], { s1: 'deaf', s2: [ok] }, [GET], ['200 s2'], { s2: 'GET' }, ['s2 200 ---- +1'], CONNECTED_ELSEWHERE],

  ['closed, and redispatched', [ALL, 'option redispatch'], { s1: [ends], s2: [ok] }, [POST], ['200 s2'], { s1: 'POST(5)', s2: 'POST(5)' }, ['s2 200 ---- +1'], ANSWERED_ELSEWHERE],
  ['junk, and redispatched', [ALL, 'option redispatch'], { s1: [junk], s2: [ok] }, [GET], ['200 s2'], { s1: 'GET', s2: 'GET' }, ['s2 200 ---- +1'], { s1: 'stot 1 lbtot 1 eresp 1 wretr 1 wredis 1', s2: 'stot 1 lbtot 1 req_tot 1 2xx 1', be: 'stot 1 lbtot 2 eresp 1 wretr 1 wredis 1 req_tot 1 2xx 1' }],
  ['503, and redispatched', [ALL, 'option redispatch'], { s1: [answers503], s2: [ok] }, [POST], ['200 s2'], { s1: 'POST(5)', s2: 'POST(5)' }, ['s2 200 ---- +1'], ANSWERED_ELSEWHERE],
  ['closed twice, without redispatch: another server is not asked', [ALL, 'retries 1'], { s1: [ends], s2: [ok] }, [GET], ['502'], { s1: 'GET GET', s2: '' }, ['s1 502 SH-- 1'], { s1: 'stot 2 lbtot 1 eresp 1 wretr 1', s2: '', be: 'stot 1 lbtot 1 eresp 1 wretr 1 req_tot 1 5xx 1' }, { counters: { s1: 'stot 2 lbtot 1 eresp 1 wretr 2', s2: '', be: 'stot 1 lbtot 1 eresp 1 wretr 2 req_tot 1 5xx 1' } }],
  ['a status that was not named', [ALL], { s1: [answers404] }, [GET], ['404'], { s1: 'GET' }, ['s1 404 ---- 0'], { s1: 'stot 1 lbtot 1 req_tot 1 4xx 1', be: 'stot 1 lbtot 1 req_tot 1 4xx 1' }],
  ['a status that was named', ['retry-on 404'], { s1: [answers404, ok] }, [GET], ['200 s1'], { s1: 'GET GET' }, ['s1 200 ---- 1'], ONE_RETRY, ONE_RETRY_THERE],
  ['a status, and the connection closes', [ALL], { s1: [answers503AndEnds, ok] }, [GET], ['200 s1'], { s1: 'GET GET' }, ['s1 200 ---- 1'], ONE_RETRY, ONE_RETRY_THERE],
  ['a status, and its body does not come to an end', [ALL], { s1: [begins503, ok] }, [GET], ['200 s1'], { s1: 'GET GET' }, ['s1 200 ---- 1'], ONE_RETRY, ONE_RETRY_THERE],
  ['a head that is cut is junk too, as the manual has it', ['retry-on junk-response'], { s1: [headCut, ok] }, [GET], ['200 s1'], { s1: 'GET GET' }, ['s1 200 ---- 1'], ONE_RETRY, { answers: ['502'], asked: { s1: 'GET' }, log: ['s1 502 SH-- 0'], counters: BAD_RESPONSE }],
  ['disable-l7-retry for POST', [ALL, 'http-request disable-l7-retry if METH_POST'], { s1: [ends, ends, ok] }, [POST], ['502'], { s1: 'POST(5)' }, ['s1 502 SH-- 0'], BAD_RESPONSE],
  ['disable-l7-retry for POST, and a GET', [ALL, 'http-request disable-l7-retry if METH_POST'], { s1: [ends, ok] }, [GET], ['200 s1'], { s1: 'GET GET' }, ['s1 200 ---- 1'], ONE_RETRY, ONE_RETRY_THERE],
  ['disable-l7-retry, and refused', [ALL, 'http-request disable-l7-retry', 'option redispatch'], { s1: 'refuses', s2: [ok] }, [POST], ['200 s2'], { s2: 'POST(5)' }, ['s2 200 ---- +1'], CONNECTED_ELSEWHERE],
  ['a body that fits into tune.bufsize', [ALL], { s1: [ends, ok] }, [post(15_000)], ['200 s1'], { s1: 'POST(15000) POST(15000)' }, ['s1 200 ---- 1'], ONE_RETRY, ONE_RETRY_THERE],
  ['a body that does not', [ALL], { s1: [ends] }, [post(17_000)], ['502'], { s1: 'POST(17000)' }, ['s1 502 SH-- 0'], BAD_RESPONSE],
  ['a body in chunks', [ALL], { s1: [answers503, ok] }, [CHUNKS], ['200 s1'], { s1: 'POST(15) POST(15)' }, ['s1 200 ---- 1'], ONE_RETRY, ONE_RETRY_THERE],

  ['closed behind an interim response', [], { s1: [interimThenEnds] }, [GET], ['103 502'], { s1: 'GET' }, ['s1 502 SH-- 0'], { s1: 'stot 1 lbtot 1 eresp 1 req_tot 1 1xx 1', be: 'stot 1 lbtot 1 eresp 1 req_tot 1 5xx 1' }],
  // It tries, and fails at it: 500 with `IH` in its log, or a connection that closes.
  ['closed behind an interim response: the client has heard something', [ALL], { s1: [interimThenEnds, ok] }, [GET], ['103 502'], { s1: 'GET' }, ['s1 502 SH-- 0'], { s1: 'stot 1 lbtot 1 eresp 1 req_tot 1 1xx 1', be: 'stot 1 lbtot 1 eresp 1 req_tot 1 5xx 1' }, 'varies'],
  ['an interim response', [ALL], { s1: [interimThenOk] }, [GET], ['103 200 s1'], { s1: 'GET' }, ['s1 200 ---- 0'], { s1: 'stot 1 lbtot 1 req_tot 2 1xx 1 2xx 1', be: 'stot 1 lbtot 1 req_tot 1 2xx 1' }],
  ['101 that nobody asked for', [], { s1: [unasked101] }, [GET], ['502'], { s1: 'GET' }, ['s1 502 PH-- 0'], BAD_RESPONSE, { counters: { s1: 'stot 1 lbtot 1 eresp 1 req_tot 1 1xx 1', be: BAD_RESPONSE.be } }],
  ['a body that is cut', [ALL], { s1: [bodyCut] }, [GET], ['200 cut'], { s1: 'GET' }, ['s1 200 SD-- 0'], CUT],
  ['a body in chunks that is cut', [ALL], { s1: [chunksCut] }, [GET], ['200 cut'], { s1: 'GET' }, ['s1 200 SD-- 0'], CUT],

  // It closes its client's connection, for whom it may be safe to ask again, and does not log that.
  ['a kept connection closes under a GET', [], { s1: [ok, ends, ok] }, [GET, GET], ['200 s1', '200 s1'], { s1: 'GET GET GET' }, ['s1 200 ---- 0', 's1 200 ---- 0'], TWICE_OK, { answers: ['200 s1', 'closed'], asked: { s1: 'GET GET' }, log: ['s1 200 ---- 0'], counters: { s1: 'stot 2 lbtot 2 req_tot 1 2xx 1', be: 'stot 2 lbtot 2 req_tot 1 2xx 1' } }],
  ['a kept connection closes under a POST', [], { s1: [ok, ends, ok] }, [GET, POST], ['200 s1', 'closed'], { s1: 'GET POST(5)' }, ['s1 200 ---- 0', 's1 -1 SH-- 0'], { s1: 'stot 2 lbtot 2 req_tot 1 2xx 1', be: 'stot 2 lbtot 2 req_tot 2 2xx 1' }, { log: ['s1 200 ---- 0'], counters: { s1: 'stot 2 lbtot 2 req_tot 1 2xx 1', be: 'stot 2 lbtot 2 req_tot 1 2xx 1' } }],
  ['a kept connection closes under a POST that may be sent twice', ['retry-on empty-response'], { s1: [ok, ends, ok] }, [GET, POST], ['200 s1', '200 s1'], { s1: 'GET POST(5) POST(5)' }, ['s1 200 ---- 0', 's1 200 ---- 1'], { s1: 'stot 3 lbtot 2 wretr 1 req_tot 2 2xx 2', be: 'stot 2 lbtot 2 wretr 1 req_tot 2 2xx 2' }, { counters: { s1: 'stot 3 lbtot 2 wretr 2 req_tot 2 2xx 2', be: 'stot 2 lbtot 2 wretr 2 req_tot 2 2xx 2' } }],
  ['closed behind a response', [], { s1: [okThenEnds] }, [GET, GET], ['200 s1', '200 s1'], { s1: 'GET GET' }, ['s1 200 ---- 0', 's1 200 ---- 0'], TWICE_OK],
  ['more than was asked for', [], { s1: [okAndMore] }, [GET, GET], ['200 s1', '200 s1'], { s1: 'GET GET' }, ['s1 200 ---- 0', 's1 200 ---- 0'], TWICE_OK],
  ['nothing', [ALL], { s1: [ok] }, [POST], ['200 s1'], { s1: 'POST(5)' }, ['s1 200 ---- 0'], ONCE_OK],
];

export const FAULTS: readonly Fault[] = [
  ...rows.map(([name, lines, servers, requests, answers, asked, log, counters, haproxy = {}]) => {
    return { name, lines, servers, requests, answers, asked, log, counters, haproxy: haproxy === 'varies' ? undefined : haproxy };
  }),
  ...(['GET', 'POST'] as const).flatMap((method) =>
    kinds.flatMap((kind) => [
      relayed(kind, [], method),
      relayed(kind, [others(kind)], method),
      retried(kind, [`retry-on ${kind.word}`], method),
      retried(kind, [ALL], method),
    ]),
  ),
  ...kinds.map(exhausted),
];

export interface Reuse {
  readonly policy: string;
  /** What one client after another asks, each on a connection that stays open. */
  readonly sessions: readonly (readonly string[])[];
  /** How many connections to the server that makes. */
  readonly connections: number;
  /** As many as HAProxy makes, where it sends a client's first GET over a connection of its own. */
  readonly haproxy: number;
}

/** `http-reuse`, played to both as well. */
export const REUSE: readonly Reuse[] = (
  [
    ['never', [[GET, GET], [GET], [POST, POST, GET]], 3, 3],
    ['safe', [[POST], [POST], [POST]], 3, 3],
    ['safe', [[POST], [POST, POST]], 2, 2],
    ['safe', [[GET], [GET], [GET]], 1, 3],
    ['aggressive', [[POST], [POST], [POST]], 3, 3],
    ['aggressive', [[POST, POST], [POST], [POST]], 1, 1],
    ['aggressive', [[GET], [GET], [GET]], 1, 3],
    ['always', [[POST], [POST], [GET]], 1, 1],
  ] as const
).map(([policy, sessions, connections, haproxy]) => ({ policy, sessions, connections, haproxy }));

export function nameOf({ policy, sessions, connections }: Reuse): string {
  const asked = sessions.map((requests) => requests.map((request) => request.split(' ')[0]).join(' '));
  return `http-reuse ${policy}: ${asked.join(', ')} make ${connections} connections`;
}

/** Plays the servers of `fault`. `lines` are the backend's; `asked` tells what they were asked so far. */
export async function withServers(
  fault: Fault,
  story: (lines: string, asked: () => Record<string, string>) => Promise<void>,
): Promise<void> {
  const asked = new Map<string, Faulty>();
  const stops: (() => Promise<void>)[] = [];
  const lines = [...fault.lines];
  try {
    for (const [name, plan] of Object.entries(fault.servers)) {
      if (plan === 'refuses') lines.push(`server ${name} ${(await refusingAddress()).address}`);
      else if (plan === 'deaf') {
        const deaf = await startDeaf();
        stops.push(deaf.stop);
        lines.push(`server ${name} 127.0.0.1:${deaf.port}`);
      } else {
        const faulty = await startFaulty(name, plan);
        stops.push(faulty.stop);
        asked.set(name, faulty);
        lines.push(`server ${name} ${faulty.address}`);
      }
    }
    await story(lines.map((line) => ` ${line}\n`).join(''), () =>
      Object.fromEntries([...asked].map(([name, faulty]) => [name, faulty.asked.join(' ')])),
    );
  } finally {
    for (const stop of stops) await stop();
  }
}

/** Sends one request after the other, and tells what came for each. The connection stays open. */
export async function talk(socket: Socket, requests: readonly string[]): Promise<string[]> {
  let received = '';
  let over = false;
  socket.on('data', (chunk: Buffer) => {
    received += chunk.toString('latin1');
  });
  for (const event of ['end', 'error', 'close']) {
    socket.on(event, () => {
      over = true;
    });
  }
  const answers: string[] = [];
  for (const request of requests) {
    if (!over) socket.write(request, 'latin1');
    const [answer, size] = await until('an answer is there', () => readAnswer(received, over));
    received = received.slice(size);
    answers.push(answer);
  }
  return answers;
}

function readAnswer(text: string, over: boolean): readonly [answer: string, size: number] | undefined {
  const head = text.indexOf('\r\n\r\n') + 4;
  if (head < 4) return over ? ['closed', text.length] : undefined;
  const status = text.slice(9, 12);
  if (status.startsWith('1')) {
    const final = readAnswer(text.slice(head), over);
    return final === undefined ? undefined : [`${status} ${final[0]}`, head + final[1]];
  }
  const length = /\r\ncontent-length: *(\d+)\r\n/i.exec(text.slice(0, head))?.[1];
  const end = length === undefined ? Number.POSITIVE_INFINITY : head + Number(length);
  if (text.length < end) return over ? [`${status} cut`, text.length] : undefined;
  const body = text.slice(head, end);
  return [/^s\d$/.test(body) ? `${status} ${body}` : status, end];
}
