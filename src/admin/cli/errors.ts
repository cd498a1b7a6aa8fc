/** `show errors`: the last malformed request of each frontend and response of each backend (manual 9.3). */

import { wall } from '../../core/clock.ts';
import { accessDate } from '../../core/dates.ts';
import { ParserState } from '../../http/fault.ts';
import type { InvalidMessage } from '../../proxy/invalid.ts';
import type { StatsProxy } from '../../stats/rows.ts';
import { numberOf } from '../names.ts';
import { type Answer, type Call, type Command, refuse } from './command.ts';
import { proxyId } from './find.ts';
import type { Runtime } from './runtime.ts';

/** What HAProxy keeps free at the end of a buffer. */
const RESERVED = 48;
/** Columns of a line of bytes, those of its offset included. */
const WIDTH = 80;
const LETTERS: Readonly<Record<string, string>> = { '\t': '\\t', '\n': '\\n', '\r': '\\r', '\x1b': '\\e', '\\': '\\\\' };

type Side = 'request' | 'response';

/** `show errors [<proxy>] [request|response]`; another second word than these is not heeded. */
function show({ args: [proxy, side], runtime }: Call): Answer {
  const found = choose(runtime, proxy);
  if (found === undefined) return refuse('No such proxy.');
  const sides: readonly Side[] = side === 'request' || side === 'response' ? [side] : ['request', 'response'];
  return { kind: 'data', pieces: report(runtime, found, sides) };
}

/** By name, by number (`5`, `#5`); -1 is all. Undefined where there is none of that name. */
function choose({ proxies }: Runtime, proxy: string | undefined): readonly StatsProxy[] | undefined {
  if (proxy === undefined || proxy === '-1') return proxies;
  const named = proxies.filter(({ name }) => name === proxy);
  if (named.length > 0) return named;
  const id = numberOf(proxy) ?? Number.parseInt(proxy, 10);
  return Number.isNaN(id) || id === 0 ? undefined : proxies.filter((each) => proxyId(each) === id);
}

function* report({ invalid, config }: Runtime, proxies: readonly StatsProxy[], sides: readonly Side[]): Generator<string> {
  yield `Total events captured on [${accessDate(wall())}] : ${invalid.total}\n`;
  for (const { frontend, backend } of proxies) {
    for (const side of sides) {
      const message = side === 'request' ? frontend && invalid.request(frontend) : backend && invalid.response(backend);
      if (message !== undefined) yield* lines(message, side, config.global.bufsize);
    }
  }
}

function* lines(message: InvalidMessage, side: Side, bufsize: number): Generator<string> {
  const { at, frontend, backend, server, event, clientAddress, clientPort, position, state, bytes } = message;
  const front = `${frontend.name} (#${frontend.config.id})`;
  const back = backend === undefined ? '<NONE> (#-1)' : `${backend.name} (#${backend.config.id})`;
  const to = server === undefined ? '<NONE> (#-1)' : `${server.config.name} (#${server.id})`;
  const [here, other] = side === 'request' ? [`frontend ${front}`, `backend ${back}`] : [`backend ${back}`, `frontend ${front}`];
  yield ` \n[${accessDate(at)}] ${here}: invalid ${side}\n`;
  yield `  ${other}, server ${to}, event #${event}, src ${clientAddress === '' ? 'unix' : clientAddress}:${clientPort}\n`;
  yield `  buffer starts at 0 (including 0 out), ${bufsize - bytes.length} free,\n`;
  yield `  len ${bytes.length}, wraps at ${bufsize - RESERVED}, error at position ${position}\n`;
  // What stands here of HAProxy's connections and streams is bits of its own.
  yield '  H1 connection flags 0x00000000, H1 stream flags 0x00000000\n';
  yield `  H1 msg state MSG_${state}(${ParserState[state]}), H1 msg flags 0x00000000\n`;
  yield '  H1 chunk len 0 bytes, H1 body len 0 bytes :\n  \n';
  yield* dump(bytes);
}

/** A line of the message on a line; what is too long goes on behind a `+`. */
function* dump(bytes: Buffer): Generator<string> {
  for (let at = 0, begins = true; at < bytes.length; ) {
    let line = `  ${String(at).padStart(5, '0')}${begins ? ' ' : '+'} `;
    begins = false;
    while (at < bytes.length && !begins) {
      const shown = printable(bytes[at] as number);
      // One column is for the end of the line, as in HAProxy.
      if (line.length + shown.length >= WIDTH) break;
      line += shown;
      begins = bytes[at++] === 0x0a;
    }
    yield `${line}\n`;
  }
}

function printable(byte: number): string {
  const char = String.fromCharCode(byte);
  const letter = LETTERS[char];
  if (letter !== undefined) return letter;
  return byte >= 0x20 && byte < 0x7f ? char : `\\x${byte.toString(16).toUpperCase().padStart(2, '0')}`;
}

export const errorCommands: readonly Command[] = [
  {
    name: 'show errors',
    syntax: '[<proxy>] [request|response]',
    help: 'the last malformed messages',
    level: 'operator',
    run: show,
  },
];
