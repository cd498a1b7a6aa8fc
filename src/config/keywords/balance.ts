/** How a backend chooses among its servers (manual 4.2). */

import { bytesOf } from '../../core/bytes.ts';
import { didYouMean } from '../../core/suggest.ts';
import type { ProxyDraft } from '../draft.ts';
import type { BalanceAlgorithm, BalanceConfig, HashConfig, HashFunction } from '../model.ts';
import { BACK, type Row } from '../row.ts';
import { type Read, readInteger } from '../values.ts';
import { refusal, refusedAlgorithms } from './refused.ts';

export const ALGORITHMS: readonly BalanceAlgorithm[] = [
  'roundrobin',
  'static-rr',
  'leastconn',
  'first',
  'source',
  'uri',
  'url_param',
  'hdr',
  'hash',
  'random',
];

/** HAProxy sets no limit, but every request pays for every draw, and more than a few change nothing. */
const MOST_DRAWS = 100;

const PLAIN_HASH: HashConfig = { method: 'map-based', function: 'sdbm', avalanche: false, balanceFactor: 0 };

/** `roundrobin`, `hdr(host) use_domain_only`: the label of a container. */
export function readBalance(text: string): Read<BalanceConfig> {
  const read = readWords(bytesOf(text).split(/\s+/));
  if ('error' in read) return read;
  if (read.value.balance.expression !== undefined)
    return { error: "'balance hash' is for sections: a label has no place for an expression." };
  const rest = read.value.rest[0];
  return rest === undefined ? { value: read.value.balance } : { error: `'balance ${text}' cannot handle unexpected argument '${rest}'.` };
}

interface Words<Balance> {
  readonly balance: Balance;
  /** Words that nobody asked for. */
  readonly rest: readonly string[];
}

/** What stands behind the algorithm's name. */
interface Arguments {
  /** `hdr(<inner>)`, `random(<inner>)`. */
  readonly inner: string | undefined;
  /** `hdr(<name>)` as it stands there. */
  readonly word: string;
  readonly words: readonly string[];
}

type Reader = (given: Arguments) => Read<Words<Partial<BalanceConfig>>>;

function bare({ words }: Arguments): ReturnType<Reader> {
  return { value: { balance: {}, rest: words } };
}

const READERS: Readonly<Record<BalanceAlgorithm, Reader>> = {
  roundrobin: bare,
  'static-rr': bare,
  leastconn: bare,
  first: bare,
  source: bare,
  uri: ({ words }) => readUri(words),
  url_param: ({ words }) => readParameter(words),
  hdr: readHeader,
  hash: ({ words }) => readExpression(words),
  random: readRandom,
};

function readWords([word = 'roundrobin', ...words]: readonly string[]): Read<Words<BalanceConfig>> {
  const [, name = '', inner] = /^([^(]*)(?:\((.*))?$/s.exec(word) ?? [];
  const algorithm = ALGORITHMS.find((known) => known === name);
  if (algorithm === undefined) return { error: unknownAlgorithm(name, word) };
  if (inner !== undefined && algorithm !== 'hdr' && algorithm !== 'random') {
    return { error: `balance ${algorithm} takes no argument in parentheses.` };
  }
  const read = READERS[algorithm]({ inner, word, words });
  return 'error' in read ? read : { value: { ...read.value, balance: { draws: 2, ...read.value.balance, algorithm } } };
}

function unknownAlgorithm(name: string, word: string): string {
  if (refusedAlgorithms.includes(name)) return refusal(`'balance ${name}'`, undefined);
  const list = ALGORITHMS.map((known) => `'${known}'`).join(', ');
  return `balance only supports ${list} (got '${word}')${didYouMean(name, ALGORITHMS) || '.'}`;
}

function readUri(words: readonly string[]): ReturnType<Reader> {
  const uri = { length: 0, depth: 0, whole: false, pathOnly: false };
  for (let i = 0; i < words.length; i++) {
    const word = words[i] as string;
    if (word === 'whole') uri.whole = true;
    else if (word === 'path-only') uri.pathOnly = true;
    else if (word === 'len' || word === 'depth') {
      const argument = words[++i] ?? '';
      const limit = readInteger(argument, word, 1);
      if ('error' in limit) return { error: `balance uri : '${word}' expects a positive integer (got '${argument}').` };
      uri[word === 'len' ? 'length' : 'depth'] = limit.value;
    } else return { error: `balance uri only accepts parameters 'len', 'depth', 'path-only', and 'whole' (got '${word}').` };
  }
  return { value: { balance: { uri }, rest: [] } };
}

/** HAProxy ignores what follows `check_post`: it once was a limit. */
function readParameter([name, modifier]: readonly string[]): ReturnType<Reader> {
  if (name === undefined) return { error: 'balance url_param requires an URL parameter name.' };
  if (modifier !== undefined && modifier !== 'check_post') {
    return { error: `balance url_param only accepts 'check_post' modifier (got '${modifier}').` };
  }
  return { value: { balance: { parameter: { name, checkPost: modifier !== undefined } }, rest: [] } };
}

function readHeader({ inner, word, words: [modifier, ...rest] }: Arguments): ReturnType<Reader> {
  const name = inner === undefined ? '' : inner.slice(0, Math.max(0, inner.indexOf(')')));
  if (name === '') return { error: 'balance hdr requires an http header field name.' };
  if (modifier !== undefined && modifier !== 'use_domain_only') {
    return { error: `balance ${word} only accepts 'use_domain_only' modifier (got '${modifier}').` };
  }
  return { value: { balance: { header: { name: name.toLowerCase(), domainOnly: modifier !== undefined } }, rest } };
}

function readExpression([expression, another]: readonly string[]): ReturnType<Reader> {
  if (expression === undefined) return { error: 'balance hash requires a sample expression.' };
  if (another !== undefined) return { error: `balance hash takes no other argument (got '${another}').` };
  return { value: { balance: { expression }, rest: [] } };
}

function readRandom({ inner, words }: Arguments): ReturnType<Reader> {
  if (inner === undefined || inner === ')') return { value: { balance: {}, rest: words } };
  if (!inner.endsWith(')')) return { error: 'balance random : missing closing parenthesis.' };
  const draws = readInteger(inner.slice(0, -1), 'balance random', 1, MOST_DRAWS);
  return 'value' in draws
    ? { value: { balance: { draws: draws.value }, rest: words } }
    : { error: `balance random : number of draws must be at least 1 and at most ${MOST_DRAWS}.` };
}

const FUNCTIONS: readonly HashFunction[] = ['sdbm', 'djb2', 'wt6', 'crc32'];

/** @param factor `hash-balance-factor` */
function readHashType([method, name, modifier]: readonly string[], factor: number): Read<HashConfig> {
  if (method === 'avalanche') {
    const instead = "please use 'hash-type map-based sdbm avalanche' instead";
    return { error: `experimental feature 'hash-type avalanche' is not supported anymore, ${instead}.` };
  }
  if (method !== 'map-based' && method !== 'consistent') return { error: "'hash-type' only supports 'consistent' and 'map-based'." };
  // Without a function, the ring's points would be too close to each other.
  if (name === undefined) return { value: { ...PLAIN_HASH, method, avalanche: method === 'consistent', balanceFactor: factor } };
  const known = FUNCTIONS.find((candidate) => candidate === name);
  if (known === undefined) return { error: `'hash-type' only supports 'sdbm', 'djb2', 'crc32', or 'wt6' hash functions.` };
  if (modifier !== undefined && modifier !== 'avalanche') {
    return { error: "'hash-type' only supports 'avalanche' as a modifier for hash functions." };
  }
  return { value: { method, function: known, avalanche: modifier !== undefined, balanceFactor: factor } };
}

export const balanceRows: readonly Row<ProxyDraft>[] = [
  {
    name: 'balance',
    sections: BACK,
    syntax:
      '{roundrobin|static-rr|leastconn|first|source|uri [len <n>] [depth <n>] [whole] [path-only]|url_param <name> [check_post]|hdr(<name>) [use_domain_only]|hash <sample>|random[(<draws>)]}',
    default: 'roundrobin',
    chapter: '4.2',
    doc: 'Which server gets the next request: in turns by weight, the one with the fewest requests, the first with a free slot, by a hash of the client, of the target, of one of its parameters, of a field or of any sample, or the least loaded of some drawn at random (2, at most 100).',
    bytes: true,
    parse: (proxy, line) => {
      const read = line.value(readWords(line.words));
      if (read === undefined) return;
      const { hash } = proxy.balance;
      proxy.balance = hash === undefined ? read.balance : { ...read.balance, hash };
      if (read.rest.length > 0) line.warn(`'balance' ignores what follows '${line.first}'.`);
    },
  },
  {
    name: 'hash-type',
    sections: BACK,
    syntax: '{map-based|consistent} [{sdbm|djb2|wt6|crc32} [avalanche]]',
    default: 'map-based sdbm',
    chapter: '4.2',
    doc: 'How a hash names a server: by its place among all weights, so that almost every key moves when a server comes or goes, or by the nearest point on a ring, so that only those of this server do. Which function makes the hash, and whether its bits are mixed once more (by default for `consistent` alone).',
    parse: (proxy, line) => {
      const hash = line.value(readHashType(line.words, proxy.balance.hash?.balanceFactor ?? 0));
      if (hash !== undefined) proxy.balance = { ...proxy.balance, hash };
    },
  },
  {
    name: 'hash-balance-factor',
    sections: BACK,
    syntax: '<percent>',
    default: '0',
    chapter: '4.2',
    doc: 'With `hash-type consistent` and `balance random`: a server that has more requests than so many percent of its share gets no more, and the next one on the ring gets them. Above 100; 0 is no limit.',
    min: 1,
    parse: (proxy, line) => {
      const read = line.value(readInteger(line.first, 'hash-balance-factor'));
      if (read === undefined) return;
      if (read !== 0 && read <= 100) line.fail("'hash-balance-factor' must be 0 or greater than 100.");
      else proxy.balance = { ...proxy.balance, hash: { ...(proxy.balance.hash ?? PLAIN_HASH), balanceFactor: read } };
    },
  },
];
