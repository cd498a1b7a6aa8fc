/** Formats of logs, as far as they need no HAProxy beside them: test/haproxy/formats.test.ts has dozens more. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Diagnostic, LogStyle } from '../../src/config/model.ts';
import { compileRules } from '../../src/rules/compile.ts';
import type { LogFacts } from '../../src/rules/log-facts.ts';
import { Notes } from '../../src/rules/notes.ts';
import type { CompiledRules } from '../../src/rules/types.ts';
import { PLACE, proxyConfig } from '../support/config.ts';
import { logFacts } from '../support/log-facts.ts';
import { contextOf, request } from './support.ts';

const STYLE = proxyConfig('web').logStyle;

function compile(style: Partial<LogStyle>, mode: 'http' | 'tcp' = 'http'): { rules: CompiledRules; diagnostics: readonly string[] } {
  const diagnostics: string[] = [];
  const proxy = proxyConfig('web', { kind: 'frontend', mode, logFormat: 'custom', logStyle: { ...STYLE, ...style } });
  const rules = compileRules(proxy, ({ message }: Diagnostic) => diagnostics.push(message));
  return { rules, diagnostics };
}

const text = (format: string) => ({ place: PLACE, text: format });

function line(format: string, changes: Partial<LogFacts> = {}): string | undefined {
  const { rules, diagnostics } = compile({ format: text(format) });
  assert.deepEqual(diagnostics, []);
  const facts = logFacts({ wallReady: Date.UTC(2026, 10, 21, 9, 30, 24, 7), wallStart: Date.UTC(2026, 10, 21, 9, 30, 25, 8), ...changes });
  return rules.log?.line?.(contextOf(request(), { facts, notes: facts.notes, uniqueId: facts.notes?.uniqueId }));
}

const connection = { sourceAddress: '192.0.2.1', sourcePort: 4242, targetAddress: '2001:db8::1', targetPort: 80 };
const timed = { timeIdle: 5, timeRequest: 1, timeQueue: 2, timeConnect: 3, timeResponse: 4, timeData: 6, timeActive: 16, timeTotal: 21 };
const captured = Object.assign(new Notes(), { requestCookie: 'a=1', uniqueId: 'id-1' });
captured.request.push('one|{', undefined, '');
captured.response.length = 1;

const LINES: readonly (readonly [format: string, facts: Partial<LogFacts>, line: string])[] = [
  ['%Th %Ti %TR %Tq %Tw %Tc %Tr %Td %Ta %Tt %Tu', timed, '0 5 1 6 2 3 4 6 16 21 16'],
  ['%TR %Tq %Tw', { timeIdle: 9, timeRequest: -1, timeQueue: -1 }, '-1 -1 -1'],
  ['%Ta %Tt %Tu %B %U', { ...timed, early: true }, '+16 +21 +16 +154 76'],
  ['%bi:%bp %si:%sp', { connection }, '192.0.2.1:4242 2001:db8::1:80'],
  ['%{+X}bi:%{+X}bp %{+X}si:%{+X}sp', { connection }, 'C0000201:1092 20010DB8000000000000000000000001:0050'],
  ['%bi:%bp %{+Q}si:%sp', {}, '-:- "":-'],
  ['%ms %{+X}ms %Ts %{+X}Ts', {}, '007 07 1795253424 6B0164B0'],
  ['%T %trg', {}, '21/Nov/2026:09:30:24 +0000 21/Nov/2026:09:30:25 +0000'],
  ['%rt %{+X}rt %lc %{+X}pid', { serial: 4711, logged: 3, pid: 255 }, '4711 1267 3 00FF'],
  ['%rc %{+Q}rc', { retries: 2, redispatched: true }, '+2 +2'],
  ['%ID %{+Q}ID', {}, '- ""'],
  ['%ID %{+Q}ID %CC %CS', { notes: captured }, 'id-1 "id-1" a=1 -'],
  ['%hr %hs|%hrl|%{+Q}hrl', { notes: captured }, '{one#7C#7B||} {}|one#7C#7B - |"one#7C#7B" "" ""'],
  ['a %hr %hs b', {}, 'a b'],
  ['  %hr   b  ', {}, 'b '],
  ['%{-M}ID|%ID', {}, '|-'],
  ['%{+Q}o %s %{-Q}s %s %ST', {}, '"w1" w1 "w1" 200'],
  ['%HP|%HPO|%HQ|%HU', { requestLine: 'GET http://a/b?c?d HTTP/1.1' }, 'http://a/b|/b|?c?d|http://a/b?c?d'],
  ['%HM %HU %HV %r', { requestLine: '<BADREQ>' }, '<BADREQ> <BADREQ> <BADREQ> <BADREQ>'],
];

for (const [format, facts, expected] of LINES) {
  test(`a log has ${expected} for ${format}`, () => assert.equal(line(format, facts), expected));
}

test('a sample cannot begin another line', () => {
  assert.equal(line('%[str("a\\nb\\x"),url_dec] %[str("%0d%0A%7f%C3%A9"),url_dec]'), 'a#0Ab\\x #0D#0A#7F\xc3\xa9');
});

const ERRORS: readonly (readonly [format: string, message: string, mode?: 'tcp'])[] = [
  ['%Nope', "no such format variable 'Nope'. If you wanted to emit the '%' character verbatim, you need to use '%%'"],
  ['%HM', "format variable 'HM' is reserved for HTTP mode", 'tcp'],
  ['%{+Q}', "parse argument modifier without variable name near '%{+Q}'"],
  ['%{+Q', "truncated line after '+Q'"],
  ['%', "truncated line after '%'"],
  ['% x', "unexpected variable name near ' ' at position 1 line : '% x'. Maybe you want to write a single '%', use the syntax '%%'"],
  ['%[path]', "sample fetch <path> may not be reliably used here because it needs 'HTTP request headers' which is not available here"],
  [
    '%[res.hdr(a)]',
    "sample fetch <res.hdr(a)> may not be reliably used here because it needs 'HTTP response headers' which is not available here",
  ],
];

for (const [format, message, mode] of ERRORS) {
  test(`log-format ${format} is an error${mode === 'tcp' ? ' in mode tcp' : ''}`, () => {
    assert.deepEqual(compile({ format: text(format) }, mode).diagnostics, [`failed to parse log-format : ${message}`]);
  });
}

test('each format says which one it is', () => {
  const bad = text('%Nope');
  const { diagnostics } = compile({ format: bad, structured: bad, error: bad, uniqueId: bad });
  assert.deepEqual(
    diagnostics.map((message) => /failed to parse (\S+) :/.exec(message)?.[1]),
    ['log-format', 'error-log-format', 'log-format-sd', 'unique-id'],
  );
});

test('a unique id sees the request, and leaves empty what there is none of', () => {
  const { rules } = compile({ uniqueId: text('%{+X}o %ci:%cp_%[path]_%[hdr(nope)]_%ID|') });
  assert.equal(rules.uniqueId?.(contextOf(request({ target: '/a?b' }))), 'C0000207:9C40_/a__|');
});
