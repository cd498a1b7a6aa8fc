/** Whatever a client sends: rules do not throw, and what they write is as clean as what is parsed. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { CLASS, TARGET } from '../../src/http/chars.ts';
import { CONVERTERS } from '../../src/rules/converters.ts';
import { FETCHES } from '../../src/rules/expression.ts';
import { compile, contextOf, request, response } from './support.ts';

const FIELD = 'x-evil';

/** Every fetch about one side, with a field's name where it may have one, and every converter with plausible arguments. */
function expressions(phase: 'request' | 'response'): string[] {
  const constants = ['bool', 'int', 'ipv4', 'ipv6', 'meth'];
  const fetches = FETCHES.filter(
    ({ names, needs }) => !constants.includes(names[0] as string) && needs !== (phase === 'request' ? 'response' : 'request'),
  )
    .filter(({ needs }) => phase === 'response' || !['backend', 'server', 'connection', 'answer'].includes(needs))
    .flatMap(({ names, arguments: specs, groups }) => {
      if (specs.length === 0) return names;
      const [first] = specs;
      if (names[0] === 'var') return ['var(txn.x)', 'var(req.x,a)'];
      if (first?.type === 'integer') return names.map((name) => `${name}(4)`);
      if (first?.name === 'userlist') return groups === true ? [] : names.map((name) => `${name}(x)`);
      return names.flatMap((name) => [`${name}()`, `${name}(${FIELD})`]);
    });
  const given: Readonly<Record<string, string>> = {
    regex: '"(.)(a|b)*"',
    subst: '"\\2\\1"',
    flags: 'g',
    delimiters: '"/,; "',
    mask4: '8',
    chars: 'a/',
    map_file: '/dev/null',
    algorithm: 'md5',
    bits: '256',
    name: 'txn.x',
    unit: 's',
    'input-code': 'utf8s',
  };
  const converters = CONVERTERS.map(({ name, arguments: specs }) => {
    const args = specs
      .filter(({ name: spec }) => spec !== 'count' && spec !== 'default' && spec !== 'cond')
      .map((spec) => given[spec.name] ?? (spec.type === 'integer' ? '1' : 'x'));
    return args.length === 0 ? name : `${name}(${args.join(',')})`;
  });
  return [...fetches, ...fetches.slice(0, 12).flatMap((fetch) => converters.map((converter) => `${fetch},${converter}`))];
}

const matches = [
  '-m found',
  '-m bool',
  '-m int 1:',
  '-m ip 10.0.0.0/8 ::1/64',
  '-m len 1:',
  '-m str a',
  '-i -m beg A',
  '-m end a',
  '-m sub a',
  '-m dir a',
  '-m dom a',
  '-m reg (a|b)+$',
];

function lines(phase: 'request' | 'response'): string[] {
  const ruleset = `http-${phase}`;
  return expressions(phase).flatMap((expression, index) => [
    `${ruleset} add-header x-out '%[${expression}]'`,
    `${ruleset} add-header x-met 1 if { '${expression}' ${matches[index % matches.length]} }`,
  ]);
}

const rewrites = [
  `http-request set-path '%[urlp(p),url_dec]%[hdr(${FIELD})]'`,
  `http-request set-query '%[hdr(${FIELD})]'`,
  `http-request replace-path (.*) '%[req.fhdr(${FIELD})]\\1'`,
  `http-request replace-header ${FIELD} (.)(.*) '%[path]\\2\\1'`,
  `http-request replace-value ${FIELD} a '%[urlp(p),url_dec]'`,
  `http-request set-method '%[hdr(${FIELD})]'`,
  `http-request redirect location 'http://%[hdr(${FIELD})]/%[urlp(p),url_dec]' if { urlp(r) -m found }`,
  `http-request deny content-type text/plain lf-string '%[hdr(${FIELD})]' hdr a '%[urlp(p),url_dec]' if { urlp(d) -m found }`,
];

/** Bytes that the parser lets into a field's value, and into a target. */
const value = fc.string({
  unit: fc
    .integer({ min: 0x20, max: 0xff })
    .filter((code) => code !== 0x7f)
    .map((code) => String.fromCharCode(code)),
  maxLength: 40,
});
const target = fc.oneof(
  fc.constant('*'),
  fc.string({ unit: fc.constantFrom(...'/?&;=%01aAdpr.:\\"()'), maxLength: 40 }).map((text) => `/${text}`),
  value.map((text) => `/x?p=${Array.from(text, (char) => `%${char.charCodeAt(0).toString(16)}`).join('')}%0d%0aX:1&r=1`),
);
const method = fc.constantFrom('GET', 'POST', 'OPTIONS', 'M!');

test('no request makes a rule throw or write what would not parse', () => {
  const { rules, diagnostics } = compile([...lines('request'), ...lines('response'), ...rewrites]);
  assert.deepEqual(
    diagnostics.filter(({ severity }) => severity === 'alert'),
    [],
  );
  fc.assert(
    fc.property(method, target, value, value, (verb, line, first, second) => {
      const head = request({
        method: verb,
        target: line,
        fields: [
          ['Host', first],
          [FIELD, first],
          [FIELD, second],
          ['Cookie', second],
          ['Set-Cookie', first],
        ],
      });
      const context = contextOf(head);
      const final = rules.request?.(context);
      for (const char of head.target) assert.ok(((CLASS[char.charCodeAt(0)] as number) & TARGET) !== 0, head.target);
      assert.match(head.method, /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/);
      for (const [, text] of head.entries()) assert.doesNotMatch(text, /[\r\n\0]/);
      for (const text of final?.reply?.fieldLines.split('\r\n') ?? []) assert.doesNotMatch(text, /[\r\n\0]/);
      rules.response?.({
        ...context,
        response: response(200, [
          [FIELD, first],
          ['Set-Cookie', second],
        ]),
        backend: 'b',
        server: 's',
      });
    }),
    { numRuns: 60 },
  );
});
