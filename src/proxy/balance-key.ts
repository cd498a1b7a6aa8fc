/**
 * What a hashing algorithm of `balance` hashes of a request, and the key that comes of it: the same bytes, and so the
 * same key, as HAProxy's. The function for a backend is made once, when the first request asks for it.
 */

import { sourceKey } from '../backend/balance/hash.ts';
import { NO_KEY } from '../backend/types.ts';
import type { BalanceConfig } from '../config/model.ts';
import { fullHash, type Hash, hashFunction } from '../core/hash.ts';
import { Body } from '../http/body.ts';
import { CLASS, TOKEN } from '../http/chars.ts';
import type { Head } from '../http/head.ts';
import { splitList } from '../rules/header-values.ts';
import { pathAndQueryOf, uriOf } from '../rules/target.ts';
import type { RuleContext } from '../rules/types.ts';

export interface KeyContext extends RuleContext {
  /** The client's address as its socket has it. */
  readonly peerAddress: string;
}

type Key = (context: KeyContext) => number;
/** The bytes to hash, one character each, or undefined if the request has none such. */
type Part = (context: RuleContext) => string | undefined;

const keys = new WeakMap<BalanceConfig, Key>();

/** @param sample what the expression of `balance hash` is worth */
export function balanceKey(config: BalanceConfig, context: KeyContext, sample: Part | undefined): number {
  let key = keys.get(config);
  if (key === undefined) {
    key = makeKey(config, sample);
    keys.set(config, key);
  }
  return key(context);
}

/**
 * `balance url_param`: the parameter may stand in the body of a POST, with or without `check_post`. Who waits for a
 * `100 Continue` gets it from the server, and would wait for ever.
 */
export function seeksForm({ parameter }: BalanceConfig, { method, target, expect }: Head): boolean {
  if (parameter === undefined || method !== 'POST' || expect !== '') return false;
  return parameterIn(target, target.indexOf('?') + 1, parameter.name) === undefined;
}

/** The key that is in a body, of which `bytes[at..to)` have come; undefined while more of it is needed. */
export function formKey(config: BalanceConfig, head: Head, bytes: Buffer, at: number, to: number, enough: boolean): number | undefined {
  const { parameter, hash } = config;
  const body = new Body();
  body.start(head.framing, head.contentLength, false);
  body.take(bytes, at, to);
  if (!enough && !body.done && !body.failed) return undefined;
  const value = formValue(body.view().toString('latin1'), parameter?.name ?? '');
  return value === undefined ? NO_KEY : hashFunction(hash?.function ?? 'sdbm', hash?.avalanche === true)(value);
}

function makeKey(config: BalanceConfig, sample: Part | undefined): Key {
  if (config.algorithm === 'source') return (context) => addressKey(config, context.peerAddress);
  const { function: name, avalanche } = config.hash ?? { function: 'sdbm', avalanche: false };
  return keyOf(partOf(config, sample), hashFunction(name, avalanche));
}

/** `balance source`: a client's address is not hashed, but for the avalanche. */
export function addressKey({ hash }: BalanceConfig, address: string): number {
  const key = sourceKey(address);
  return hash?.avalanche === true && key !== NO_KEY ? fullHash(key) : key;
}

function keyOf(part: Part, hash: Hash): Key {
  return (context) => {
    const bytes = part(context);
    return bytes === undefined ? NO_KEY : hash(bytes);
  };
}

function partOf({ uri, parameter, header }: BalanceConfig, sample: Part | undefined): Part {
  if (uri !== undefined) return ({ request }) => uriPart((uri.pathOnly ? pathAndQueryOf(request) : uriOf(request)) ?? '', uri);
  if (parameter !== undefined) return ({ request }) => parameterIn(request.target, request.target.indexOf('?') + 1, parameter.name);
  if (header !== undefined) {
    const { name, domainOnly } = header;
    return ({ request }) => {
      const value = firstValue(request, name);
      return value === undefined || !domainOnly ? value : domainOf(value);
    };
  }
  return sample ?? (() => undefined);
}

const SLASH = 0x2f;
const QUESTION_MARK = 0x3f;

function uriPart(uri: string, { length, depth, whole }: NonNullable<BalanceConfig['uri']>): string {
  const limit = length === 0 ? uri.length : Math.min(length, uri.length);
  let slashes = 0;
  let end = 0;
  for (; end < limit; end++) {
    const code = uri.charCodeAt(end);
    if (code === SLASH) {
      if (slashes++ === depth && depth > 0) break;
    } else if (code === QUESTION_MARK && !whole) break;
  }
  return uri.slice(0, end);
}

/** The value of the parameter in `text` from `from` on; no parameters, with `from` 0. An empty value is one, too. */
function parameterIn(text: string, from: number, name: string): string | undefined {
  return from === 0 ? undefined : valueIn(text, from, name);
}

/** As HAProxy, which takes a body whose value begins with what cannot stand in one for no form. */
function formValue(text: string, name: string): string | undefined {
  const value = valueIn(text, 0, name);
  if (value === undefined || value === '') return value;
  const first = value.charCodeAt(0);
  if (((CLASS[first] ?? 0) & TOKEN) !== 0) return value;
  return BLANKS.includes(value.charAt(0)) ? '' : undefined;
}

const BLANKS = ' \t\r\n';

function valueIn(text: string, from: number, name: string): string | undefined {
  for (let at = from; ; ) {
    const equals = at + name.length;
    const next = text.indexOf('&', at);
    if (text.charAt(equals) === '=' && text.startsWith(name, at)) {
      const end = text.indexOf('&', equals);
      return text.slice(equals + 1, end < 0 ? text.length : end);
    }
    if (next < 0) return undefined;
    at = next + 1;
  }
}

/** Of the first line of the field, up to its first comma; an empty one is none. */
function firstValue(request: Head, name: string): string | undefined {
  const line = request.first(name);
  if (line === undefined) return undefined;
  const value = line.includes(',') ? (splitList(line)[0] as string) : line;
  return value === '' ? undefined : value;
}

/** `1wt` of `haproxy.1wt.eu`: what stands before the last dot, from the dot before that on. As in HAProxy, neither is its neighbour. */
function domainOf(host: string): string {
  const end = host.lastIndexOf('.');
  if (end <= 0) return host;
  return host.slice(end < 2 ? 0 : host.lastIndexOf('.', end - 2) + 1, end);
}
