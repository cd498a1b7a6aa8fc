import assert from 'node:assert/strict';
import { test } from 'node:test';
import { evaluateCondition } from '../../src/config/condition.ts';
import { loadText } from '../../src/config/load.ts';

const env: Readonly<Record<string, string>> = { HOME: '/root' };

const conditions: readonly (readonly [text: string, value: boolean])[] = [
  ['', false],
  ['0', false],
  ['1', true],
  ['-1', true],
  ['!0', true],
  ['!!1', true],
  ['1 && 0', false],
  ['1 || 0', true],
  ['0 && 0 || 1', true],
  ['1 || 1 && 0', true],
  ['(1 || 1) && 0', false],
  ['!(1 && 0)', true],
  ['defined(HOME)', true],
  ['defined(NOPE)', false],
  ['!defined(NOPE) && 1', true],
  ['streq(a,a)', true],
  ['streq(a,b)', false],
  ['streq(,)', true],
  ['strneq(a,b)', true],
  ["streq('a,b',a\\,b)", true],
  ['streq(a b,a b)', true],
  ['feature(FAIRLEAD)', true],
  ['feature(LUA)', false],
  ['enabled(NOPE)', false],
  ['version_atleast(2.6)', true],
  ['feature(OPENSSL)', true],
  ['openssl_version_atleast(1.1.1)', true],
  ['openssl_version_atleast(1.1.1a)', true],
  ['openssl_version_atleast(3.0.0)', true],
  ['openssl_version_before(3.0.0-alpha1)', false],
  ['openssl_version_before(4.0.0)', true],
  ['ssllib_name_startswith(OpenSSL)', true],
  ['ssllib_name_startswith(BoringSSL)', false],
  ['version_atleast(2.6-dev3)', true],
  ['version_atleast(2.6.12)', true],
  ['version_atleast(2.6.13)', false],
  ['version_atleast(2.7-dev0)', false],
  ['version_atleast(1.8)', true],
  ['version_before(2.6)', false],
  ['version_before(2.7)', true],
  ['version_before(3)', true],
];

for (const [text, value] of conditions) {
  test(`'${text}' is ${value}`, () => {
    assert.deepEqual(
      evaluateCondition(text, (name) => env[name]),
      { value },
    );
  });
}

test('one branch of a block counts, blocks nest, and what does not count may be anything', () => {
  const text = `
.if streq("$STAGE",prod)
frontend prod
    nonsense
.elif streq("$STAGE",test)
  .if 0
    nonsense
  .else
frontend test
    mode http
    bind :80
  .endif
.else
frontend other
.endif
`;
  const { config } = loadText(text, 'a.cfg', { env: { STAGE: 'test' } });
  assert.deepEqual(
    config?.proxies.map(({ name }) => name),
    ['test'],
  );
});

test('variables set in global are seen below', () => {
  const text = `
global
    setenv PORT 8080
    presetenv PORT 9090
    presetenv NAME web
    setenv GONE 1
    unsetenv GONE
frontend "$NAME"
    mode http
    bind ":\${PORT}"
.if !defined(GONE)
    description "$.SECTION in line \${.LINE} of \${.FILE}"
.endif
`;
  const { config } = loadText(text, 'a.cfg', { env: {} });
  const [proxy] = config?.proxies ?? [];
  assert.equal(proxy?.name, 'web');
  assert.equal(proxy.description, 'web in line 12 of a.cfg');
  assert.deepEqual(proxy.binds[0]?.address, { kind: 'inet', host: '0.0.0.0', port: 8080, v6only: false });
});
