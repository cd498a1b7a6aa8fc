/** `capture ...` and `declare capture ...` (manual 4.2, 8.7, 8.8): what of requests and responses a frontend keeps for its log. */

import type { ProxyDraft } from '../draft.ts';
import type { RawRule } from '../model.ts';
import type { Row, Section, Statement } from '../row.ts';

/** A `defaults` section has none: numbers of captures would collide. */
const PROXIES: readonly Section[] = ['frontend', 'listen', 'backend'];

type Side = 'request' | 'response';

/** HAProxy reads with `atol`: what is no number is 0, and keeps nothing. */
function lengthOf(word: string): number {
  return Math.max(0, Number.parseInt(word, 10) || 0);
}

function ignoredInBackend(proxy: ProxyDraft, line: Statement): boolean {
  if (proxy.kind !== 'backend') return false;
  line.warn(`'capture' ignored because backend '${proxy.name}' has no frontend capability.`);
  return true;
}

/** The number of the new capture; `name` in lower case, none for what rules fill in. */
function declare(proxy: ProxyDraft, side: Side, name: string | undefined, length: number): number {
  const known = proxy.captures[side];
  proxy.captures = { ...proxy.captures, [side]: [...known, { name, length }] };
  return known.length;
}

function parseCookie(proxy: ProxyDraft, line: Statement): void {
  const [name = '', len = '', length = '', extra] = line.words;
  if (name === '' || len !== 'len' || length === '') line.fail("'capture' expects 'cookie' <cookie_name> 'len' <len>.");
  else if (extra !== undefined) line.fail(`'capture cookie' cannot handle unexpected argument '${extra}'.`);
  else if (!ignoredInBackend(proxy, line)) {
    proxy.captures = { ...proxy.captures, cookie: { place: line.place, name, length: lengthOf(length) } };
  }
}

function parseHeader(side: Side): (proxy: ProxyDraft, line: Statement) => void {
  return (proxy, line) => {
    const [header, name = '', len = '', length = '', extra] = line.words;
    if (header !== 'header') line.fail("'capture' expects 'cookie' or 'request header' or 'response header'.");
    else if (name === '' || len !== 'len' || length === '') line.fail(`'capture ${side}' expects 'header' <header_name> 'len' <len>.`);
    else if (extra !== undefined) line.fail(`'capture ${side}' cannot handle unexpected argument '${extra}'.`);
    else if (!ignoredInBackend(proxy, line)) declare(proxy, side, name.toLowerCase(), lengthOf(length));
  };
}

function parseDeclare(proxy: ProxyDraft, line: Statement): void {
  const [side = '', len = '', length = ''] = line.words;
  if (proxy.kind === 'backend') line.fail("'declare' only available in frontend or listen section");
  else if (side !== 'request' && side !== 'response') {
    line.fail("'declare capture' requires a direction ('request' or 'response')");
  } else if (len !== 'len' || !/^\d+$/.test(length)) {
    line.fail("'declare capture': 'len' requires a numeric value that represents the capture length");
  } else if (Number(length) === 0) {
    line.fail('length must be > 0');
  } else declare(proxy, side, undefined, Number(length));
}

/** `http-request capture <sample> len <n>` declares its capture where it stands: from there on it has a number. */
export function numberCapture(proxy: ProxyDraft, rule: RawRule, line: Statement): RawRule {
  const [action, sample = '', len, length = '', ...rest] = rule.words;
  if (action !== 'capture' || len !== 'len' || !(Number(length) > 0)) return rule;
  // HAProxy takes it there, and captures nothing.
  if (proxy.kind === 'defaults') line.fail("'http-request capture' in a 'defaults' section needs 'id': 'len' would number it there.");
  if (proxy.kind !== 'frontend' && proxy.kind !== 'listen') return rule;
  return { ...rule, words: [action, sample, 'id', String(declare(proxy, 'request', undefined, lengthOf(length))), ...rest] };
}

export const captureRows: readonly Row<ProxyDraft>[] = [
  {
    name: 'capture cookie',
    bytes: true,
    sections: PROXIES,
    syntax: '<name> len <length>',
    chapter: '4.2, 8.7',
    doc: 'The first cookie of requests and of responses whose name begins with this one, in `%CC` and `%CS`.',
    parse: parseCookie,
  },
  {
    name: 'capture request',
    bytes: true,
    sections: PROXIES,
    syntax: 'header <name> len <length>',
    chapter: '4.2, 8.8',
    doc: 'The last field of this name in requests, in `%hr`, `%hrl` and `capture.req.hdr`.',
    parse: parseHeader('request'),
  },
  {
    name: 'capture response',
    bytes: true,
    sections: PROXIES,
    syntax: 'header <name> len <length>',
    chapter: '4.2, 8.8',
    doc: 'The same of responses, in `%hs`, `%hsl` and `capture.res.hdr`.',
    parse: parseHeader('response'),
  },
  {
    name: 'declare capture',
    sections: PROXIES,
    syntax: '{request|response} len <length>',
    chapter: '4.2',
    doc: 'Room for what `http-request capture` or `http-response capture` keeps under the number of this line.',
    parse: parseDeclare,
  },
];
