/** Stick tables and the rules that fill and ask them (manual 4.2). What a pattern means is `rules/stick-key.ts`'s. */

import { didYouMean } from '../../core/suggest.ts';
import type { ProxyDraft } from '../draft.ts';
import type { StickRuleConfig, StickTableConfig } from '../model.ts';
import type { Row, Section, Statement } from '../row.ts';
import { type Read, readTime } from '../values.ts';
import { refusal } from './refused.ts';

const PROXIES: readonly Section[] = ['listen', 'backend'];
const TABLES: readonly Section[] = ['frontend', 'listen', 'backend'];

const TYPES: readonly StickTableConfig['type'][] = ['ip', 'ipv6', 'integer', 'string', 'binary'];

/** Bytes of a key, and what a string or block has without `len`. */
const LENGTHS: Readonly<Record<StickTableConfig['type'], number>> = { ip: 4, ipv6: 16, integer: 4, string: 32, binary: 32 };

const WORDS: readonly string[] = ['type', 'size', 'expire', 'nopurge', 'srvkey', 'store'];

const OF_BACKENDS = 'Fairlead does not do it: tables belong to backends';

/** As in HAProxy, what `stick` rules store needs no word; the rest is about counting. */
const STORED: readonly string[] = ['server_id', 'server_key'];

function parseTable(proxy: ProxyDraft, line: Statement): void {
  const error = proxy.kind === 'frontend' ? refusal('a table of a frontend', OF_BACKENDS) : readTable(proxy, line);
  if (error === undefined) return;
  line.fail(`stick-table: ${error}`);
  proxy.stickTableRefused = true;
}

/** Answers the error to report, or undefined. */
function readTable(proxy: ProxyDraft, line: Statement): string | undefined {
  const { words } = line;
  let type: StickTableConfig['type'] | undefined;
  let length = 0;
  let size = 0;
  let expire: number | undefined;
  let nopurge = false;
  for (let at = 0; at < words.length; at++) {
    const word = words[at] as string;
    if (word === 'nopurge') {
      nopurge = true;
      continue;
    }
    if (word === 'peers') return refusal("'peers' of a stick table", undefined);
    if (!WORDS.includes(word)) return `unknown argument '${word}'${didYouMean(word, WORDS) || '.'}`;
    const value = words[++at] ?? '';
    if (value === '' && word !== 'type') return `missing argument after '${word}'.`;
    if (word === 'type') {
      type = TYPES.find((known) => known === value);
      if (type === undefined) return `unknown type '${value}'${didYouMean(value, TYPES) || '.'}`;
      length = LENGTHS[type];
      if ((type === 'string' || type === 'binary') && words[at + 1] === 'len') {
        at += 2;
        const given = words[at] ?? '';
        if (!/^[1-9]\d{0,5}$/.test(given)) return `'len' of '${type}' expects a number of bytes, found '${given}'.`;
        length = Number(given);
      }
    } else if (word === 'size') {
      const read = readSize(value);
      if ('error' in read) return read.error;
      size = read.value;
    } else if (word === 'expire') {
      const read = readTime(value, 'expire');
      if ('error' in read) return `${read.error}.`;
      expire = read.value === 0 ? undefined : read.value;
    } else if (word === 'srvkey') {
      if (value === 'addr') return refusal("'srvkey addr' of a stick table", 'a server is known by its name');
      if (value !== 'name') return `unknown server key type '${value}'.`;
    } else {
      const other = value.split(',').find((name) => !STORED.includes(name));
      if (other !== undefined) return refusal(`'store ${other}' of a stick table`, 'tables store servers only');
    }
  }
  if (type === undefined && size > 0) return 'missing type.';
  if (type === undefined || size === 0) return 'missing size.';
  if (proxy.stickTable !== undefined) {
    const { file, line: at } = proxy.stickTable.place;
    return `name '${proxy.name}' conflicts with table declared in ${proxy.kind} '${proxy.name}' at ${file}:${at}.`;
  }
  proxy.stickTable = { place: line.place, type, length, size, expire, nopurge };
  return undefined;
}

const SIZES: Readonly<Record<string, number>> = { '': 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30 };

function readSize(word: string): Read<number> {
  const match = /^(\d+)([kmgKMG]?)$/.exec(word);
  if (match === null) return { error: `unexpected character '${word.charAt(word.search(/[^0-9]/))}' in argument of 'size'.` };
  const value = Number(match[1]) * (SIZES[(match[2] ?? '').toLowerCase()] as number);
  return value < 2 ** 32 ? { value } : { error: `'size' of ${word} is too large.` };
}

const KINDS: readonly StickRuleConfig['kind'][] = ['on', 'match', 'store-request', 'store-response'];

function parseStick(proxy: ProxyDraft, line: Statement): void {
  const [verb = '', ...words] = line.words;
  const kind = verb === 'store' ? 'store-request' : KINDS.find((known) => known === verb);
  if (kind === undefined) {
    line.fail(`'stick' expects 'on', 'match', 'store-request' or 'store-response', but got '${verb}'${didYouMean(verb, KINDS) || '.'}`);
    return;
  }
  const [pattern = ''] = words;
  if (pattern === '') {
    line.fail("'stick' expects a fetch method.");
    return;
  }
  const named = words[1] === 'table';
  const table = named ? (words[2] ?? '') : '';
  if (named && table === '') {
    line.fail("'stick' expects the name of a table after 'table'.");
    return;
  }
  const condition = words.slice(named ? 3 : 1);
  const [keyword] = condition;
  if (keyword !== undefined && keyword !== 'if' && keyword !== 'unless') {
    line.fail(`'stick': unknown keyword '${keyword}'.`);
    return;
  }
  proxy.stickRules.push({ place: line.place, words: [pattern, ...condition], kind, table });
}

export const stickRows: readonly Row<ProxyDraft>[] = [
  {
    name: 'stick',
    bytes: true,
    sections: PROXIES,
    syntax: '{on|match|store|store-request|store-response} <pattern> [table <table>] [{if|unless} <condition>]',
    chapter: '4.2',
    doc: 'Asks a stick table which server this client belongs to (`match`), or writes it there once the server has answered (`store-request`, or `store`, with what the request has, `store-response` with what the response has). `on` is both `match` and `store-request`. The pattern is a fetch with its converters.',
    min: 1,
    missing: "'stick' expects 'on', 'match', or 'store'.",
    parse: parseStick,
  },
  {
    name: 'stick-table',
    sections: TABLES,
    syntax: 'type {ip|ipv6|integer|string [len <length>]|binary [len <length>]} size <size> [expire <time>] [nopurge]',
    chapter: '4.2',
    doc: 'The table of this backend: which key belongs to which server. A full one forgets the oldest entries, or with `nopurge` takes no more. It outlives a reload while type and length stay the same.',
    missing: 'stick-table: missing size.',
    strict: true,
    min: 1,
    parse: parseTable,
  },
];
