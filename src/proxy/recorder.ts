/**
 * What a frontend writes down of heads for its log, and adds to them: captured headers and cookies (manual 8.7, 8.8), the
 * unique id (4.2). A frontend that wants none of it has no recorder.
 */

import type { CaptureConfig, ProxyConfig } from '../config/model.ts';
import { readPair } from '../http/cookies.ts';
import type { Head } from '../http/head.ts';
import { notesFor } from '../rules/notes.ts';
import type { ExchangeFacts } from './exchange-facts.ts';

export class Recorder {
  private readonly config: ProxyConfig;

  private constructor(config: ProxyConfig) {
    this.config = config;
  }

  static of(config: ProxyConfig): Recorder | undefined {
    const { captures, logStyle } = config;
    const { request, response, cookie } = captures;
    const identifies = logStyle.uniqueId !== undefined && logStyle.uniqueIdHeader !== undefined;
    const idle = request.length + response.length === 0 && cookie === undefined && !identifies;
    return idle || config.kind === 'backend' ? undefined : new Recorder(config);
  }

  /** A request has come, and no rule has seen it. */
  begun(exchange: ExchangeFacts): void {
    const { captures } = this.config;
    if (captures.request.length + captures.response.length === 0) return;
    capture(exchange.request, captures.request, notesFor(exchange, captures).request);
  }

  /** It goes to a server: its rules are done. */
  leaving(exchange: ExchangeFacts): void {
    const { logStyle } = this.config;
    const { uniqueIdHeader } = logStyle;
    if (uniqueIdHeader !== undefined && logStyle.uniqueId !== undefined) exchange.request.add(uniqueIdHeader, exchange.uniqueId ?? '');
    this.cookie(exchange);
  }

  /** As a rule that refuses the request has left it. */
  cookie(exchange: ExchangeFacts): void {
    const { captures } = this.config;
    const { cookie } = captures;
    if (cookie === undefined) return;
    notesFor(exchange, captures).requestCookie = firstCookie(exchange.request.values('cookie'), true, cookie.name, cookie.length);
  }

  /** A response has come, and no rule has seen it. */
  answered(exchange: ExchangeFacts): void {
    const { captures } = this.config;
    if (captures.response.length === 0) return;
    capture(exchange.responseHead, captures.response, notesFor(exchange, captures).response);
  }

  /** It goes to the client: its rules are done. */
  passing(exchange: ExchangeFacts): void {
    const { captures } = this.config;
    const { cookie } = captures;
    if (cookie === undefined) return;
    const lines = exchange.responseHead.values('set-cookie');
    notesFor(exchange, captures).responseCookie = firstCookie(lines, false, cookie.name, cookie.length);
  }
}

/** The last line of each name. */
function capture(head: Head, captures: readonly CaptureConfig[], into: (string | undefined)[]): void {
  for (const [index, { name, length }] of captures.entries()) {
    if (name === undefined) continue;
    const value = head.values(name).at(-1);
    if (value !== undefined) into[index] = value.slice(0, length);
  }
}

/** `name=value` of the first whose name begins with `prefix`. Of a response's line only the first pair is a cookie. */
function firstCookie(lines: readonly string[], request: boolean, prefix: string, length: number): string | undefined {
  for (const line of lines) {
    for (let next = -1; next < line.length; ) {
      const pair = readPair(line, next + 1, request);
      next = pair.next;
      if (pair.equal === next) continue;
      const cookie = `${line.slice(pair.nameFrom, pair.nameTo)}=${line.slice(pair.valueFrom, pair.valueTo)}`;
      if (cookie.startsWith(prefix)) return cookie.slice(0, length);
      if (!request) break;
    }
  }
  return undefined;
}
