/** The rules of a check made ready once: requests written, patterns compiled. */

import type { CheckConnect, CheckExpect, CheckMatch, CheckPattern, CheckRequest, CheckRules, CheckSend } from '../../config/model.ts';
import { compilePattern } from '../../core/regex.ts';
import { type Field, type HttpAnswer, trimBlanks } from './http-answer.ts';
import { connect, type JudgeStep, serviceProgram } from './services.ts';

export interface Program {
  readonly protocol: 'none' | 'tcp' | 'http' | 'service' | 'agent';
  readonly steps: readonly Step[];
  readonly disableOn404: boolean;
  readonly limit: number;
}

export type Step = CheckConnect | CheckSend | RequestStep | ExpectStep | JudgeStep | LineStep;

/** An agent's line. */
export interface LineStep {
  readonly kind: 'line';
  readonly number: number;
}

export interface RequestStep {
  readonly kind: 'request';
  /** Between them the state of the server is told, where that is asked for. */
  readonly before: string;
  readonly after: string;
  readonly stateNode: string | undefined;
  /** Its answer has no body. */
  readonly bodiless: boolean;
}

export interface ExpectStep {
  readonly kind: 'expect';
  readonly expect: CheckExpect;
  /** Of the first of the `expect`s in a row that this one belongs to: with more bytes they are looked at anew. */
  readonly head: number;
  /** So many bytes are needed before there is anything to judge. */
  readonly atLeast: number;
  /** Whether what has come matches: the bytes of a TCP check, the body of an HTTP check. */
  readonly matches: (bytes: string) => boolean;
  /** For matches on the head of a response. */
  readonly matchesHead: ((answer: HttpAnswer) => boolean) | undefined;
}

const CONNECT: CheckConnect = connect(0);

/** A server with `check` alone. */
const PLAIN: Program = { protocol: 'none', steps: [CONNECT], disableOn404: false, limit: 0 };

/** `agent-check`: `send` first, if there is any. What it says is the second step also without. */
export function agentProgram(send: string): Program {
  const question: Step[] = send === '' ? [] : [{ kind: 'send', number: 1, comment: '', data: send }];
  return { protocol: 'agent', steps: [CONNECT, ...question, { kind: 'line', number: 2 }], disableOn404: false, limit: LONGEST_LINE };
}

/** What an agent says is read up to here. */
const LONGEST_LINE = 16384;

const compiled = new WeakMap<CheckRules, Program>();

/** Throws a RegexError for a pattern that is none; the configuration has been read without one. */
export function programOf(rules: CheckRules | undefined): Program {
  if (rules === undefined) return PLAIN;
  let program = compiled.get(rules);
  if (program === undefined) {
    program = compileRules(rules);
    compiled.set(rules, program);
  }
  return program;
}

function compileRules(rules: CheckRules): Program {
  const { protocol, service, disableOn404, limit } = rules;
  if (service !== undefined) return serviceProgram(service, limit);
  const steps = rules.steps.map((step, index): Step => {
    if (step.kind === 'request') return compileRequest(step, rules.stateNode);
    return step.kind === 'expect' ? compileExpect(step, headOf(rules.steps, index)) : step;
  });
  return { protocol, steps, disableOn404, limit };
}

function headOf(steps: CheckRules['steps'], index: number): number {
  let head = index;
  while (steps[head - 1]?.kind === 'expect') head--;
  return head;
}

/**
 * The request as HAProxy sends it: names in lower case, `content-length` where there is a body, `connection: close`
 * in HTTP/1.1 unless a Connection is configured, a target's authority that of Host (manual 4.2 "http-check send").
 */
function compileRequest(step: CheckRequest, stateNode: string | undefined): RequestStep {
  const { method, version, body } = step;
  const late = isLate(version);
  const headers = step.headers.map(([name, value]) => [name.toLowerCase(), value] as const);
  const host = headers.find(([name]) => name === 'host')?.[1];
  const own = headers.some(([name, value]) => name === 'connection' && connectionLines(value, late).length > 0);
  // Whoever asks for nothing but keep-alive in HTTP/1.1 gets it by silence.
  const silent = late && headers.some(([name, value]) => name === 'connection' && !/\bclose\b/i.test(value));
  const lines = headers.flatMap(([name, value]) => {
    if (name === 'content-length' || name === 'transfer-encoding') return [];
    return name === 'connection' ? connectionLines(value, late) : [`${name}: ${value}`];
  });
  const tail: string[] = [];
  if (body !== '' || ['POST', 'PUT', 'CONNECT'].includes(method)) tail.push(`content-length: ${body.length}`);
  if (own && !late && !lines.includes('connection: keep-alive') && lines.some((line) => line.startsWith('connection: '))) {
    tail.push('connection: keep-alive');
  }
  if (!own && !silent && late && version !== 'HTTP/2') tail.push('connection: close');
  return {
    kind: 'request',
    before: [`${method} ${withHost(step.uri, host)} ${late ? 'HTTP/1.1' : version}`, ...lines, ''].join('\r\n'),
    after: [...tail, '', body].join('\r\n'),
    stateNode,
    bodiless: method === 'HEAD',
  };
}

/** HTTP/1.1 and whatever comes after it, which is HTTP/1.1 on the wire (of `HTTP/2` HAProxy does not ask for the end). */
function isLate(version: string): boolean {
  return version >= 'HTTP/1.1';
}

/** What a version says by itself is not said. */
function connectionLines(value: string, late: boolean): string[] {
  const implied = late ? ['close', 'keep-alive'] : ['close'];
  const kept = value.split(',').filter((token) => !implied.includes(token.trim().toLowerCase()));
  return kept.length === 0 ? [] : [`connection: ${kept.join(',')}`];
}

/** A target with an authority has that of the Host field. */
function withHost(uri: string, host: string | undefined): string {
  if (host === undefined || uri.startsWith('/') || uri === '*') return uri;
  const [, scheme, rest = ''] = /^([A-Za-z][A-Za-z0-9+.-]*:\/\/)[^/?#]*(.*)$/.exec(uri) ?? [];
  return scheme === undefined ? host : `${scheme}${host}${rest}`;
}

const always = (): boolean => true;

function compileExpect(expect: CheckExpect, head: number): ExpectStep {
  const { match, minRecv } = expect;
  const exact = match.kind === 'string' || match.kind === 'binary' ? match.pattern.length : 0;
  return {
    kind: 'expect',
    expect,
    head,
    atLeast: Math.max(exact, minRecv),
    matches: compileMatch(match),
    matchesHead: compileHeadMatch(match),
  };
}

function compileMatch(match: CheckMatch): ExpectStep['matches'] {
  switch (match.kind) {
    case 'string':
    case 'string-lf':
    case 'binary':
    case 'binary-lf': {
      const { pattern } = match;
      return (bytes) => bytes.includes(pattern);
    }
    case 'rstring':
      return compileSearch(match.pattern);
    case 'rbinary': {
      const search = compileSearch(match.pattern);
      return (bytes) => search(Buffer.from(bytes, 'latin1').toString('hex').toUpperCase());
    }
    default:
      return always;
  }
}

/** Texts, and `.*` between them: most of what is expected of an answer. */
const TEXTS = /^(?:[^\n.*+?()[\]{}^$|\\]|\\[^\w\n]|\.\*\??)*$/;

/**
 * Whether an expression matches anywhere in an answer. Texts with `.*` between them are looked for one after the other in
 * each line, which takes the time of its length, whoever wrote it; of other expressions a `.*` in front is left out, with
 * which the same is found in the square of the time. What else costs more is its author's affair (docs of `http-check expect`).
 */
function compileSearch(pattern: string): (bytes: string) => boolean {
  if (TEXTS.test(pattern)) {
    const texts = pattern.split(/\.\*\??/).map((text) => text.replace(/\\(.)/gs, '$1'));
    return (bytes) => bytes.split('\n').some((line) => inOrder(line, texts));
  }
  const refers = /\\[1-9k]/.test(pattern);
  const source = refers ? pattern : pattern.replace(/^((?:\(\?[ims]+\))?)(?:\.\*(?:\?|(?![?+*{])))+/, '$1');
  const regex = compilePattern(source, false, true);
  return (bytes) => regex.test(bytes);
}

function inOrder(line: string, texts: readonly string[]): boolean {
  let at = 0;
  for (const text of texts) {
    const found = line.indexOf(text, at);
    if (found < 0) return false;
    at = found + text.length;
  }
  return true;
}

function compileHeadMatch(match: CheckMatch): ExpectStep['matchesHead'] {
  switch (match.kind) {
    case 'status': {
      const { ranges } = match;
      return ({ status }) => ranges.some(([low, high]) => status >= low && status <= high);
    }
    case 'rstatus': {
      const regex = compilePattern(match.pattern, false);
      return ({ status }) => regex.test(String(status));
    }
    case 'hdr':
    case 'fhdr': {
      const name = compileName(match.name);
      const value = match.value === undefined ? always : compileValue(match.value);
      const parts = match.kind === 'hdr' && match.value !== undefined ? listed : whole;
      return ({ fields }) => fields.some((field) => name(field.name) && parts(field).some(value));
    }
    default:
      return undefined;
  }
}

function whole({ value }: Field): readonly string[] {
  return [value];
}

/** Between commas, but for those in quotes. */
function listed({ value }: Field): readonly string[] {
  return (value.match(/(?:"(?:[^"\\]|\\.)*"?|[^",])+/g) ?? []).map(trimBlanks);
}

/** Names are in lower case. */
function compileName({ how, pattern }: CheckPattern): (name: string) => boolean {
  if (how !== 'reg') return compileValue({ how, pattern: pattern.toLowerCase() });
  const regex = compilePattern(pattern, true);
  return (name) => regex.test(name);
}

function compileValue({ how, pattern }: CheckPattern): (text: string) => boolean {
  switch (how) {
    case 'str':
      return (text) => text === pattern;
    case 'beg':
      return (text) => text.startsWith(pattern);
    case 'end':
      return (text) => text.endsWith(pattern);
    case 'sub':
      return (text) => text.includes(pattern);
    case 'reg': {
      const regex = compilePattern(pattern, false);
      return (text) => regex.test(text);
    }
  }
}
