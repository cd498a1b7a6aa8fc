/** Whoever starts Fairlead without a configuration has metrics, too, and nobody else's are hidden behind them. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { builtinSockets, builtinText } from '../../src/config/builtin.ts';
import { prepare } from '../../src/prepare.ts';
import { contextOf, type Fields, request } from '../rules/support.ts';

const password = 'pass"word $1';
const text = builtinText({ port: 8080, password });
const { prepared, diagnostics } = prepare({ kind: 'text', text, name: 'built-in' }, { env: {} });

function serviceFor(target: string, credentials?: string): string | undefined {
  const fields: Fields = credentials === undefined ? [] : [['Authorization', `Basic ${Buffer.from(credentials).toString('base64')}`]];
  const rules = [...(prepared?.rules.values() ?? [])].map(({ request: run }) => run);
  assert.equal(rules.length, 1);
  return rules[0]?.(contextOf(request({ target, fields })))?.service;
}

test('the built-in configuration is without a fault', () => {
  assert.deepEqual(diagnostics, []);
});

test('it has a Runtime API of its owner alone, where there is a place for it', () => {
  const path = '/run/user/1/a "b" $c.sock';
  const { prepared: own, diagnostics: said } = prepare(
    { kind: 'text', text: builtinText({ port: 8080, password, socket: path }), name: 'built-in' },
    { env: {} },
  );
  assert.deepEqual(said, []);
  const [socket] = own?.config.global.statsSockets ?? [];
  assert.deepEqual([socket?.address.kind === 'unix' && socket.address.path, socket?.level], [path, 'admin']);
  assert.equal(prepared?.config.global.statsSockets.length, 0);
  assert.deepEqual(builtinSockets({ XDG_RUNTIME_DIR: '/run/user/1' }).at(-1), '/run/user/1/fairlead-builtin.sock');
});

test('who has the password of the statistics is given the metrics', () => {
  assert.equal(serviceFor('/metrics', `admin:${password}`), 'prometheus-exporter');
  assert.equal(serviceFor('/metrics?scope=server', `admin:${password}`), 'prometheus-exporter');
});

test('everybody else goes on to whoever has that path', () => {
  assert.equal(serviceFor('/metrics'), undefined);
  assert.equal(serviceFor('/metrics', 'admin:other'), undefined);
  assert.equal(serviceFor('/metrics', `root:${password}`), undefined);
  assert.equal(serviceFor('/metrics/more', `admin:${password}`), undefined);
  assert.equal(serviceFor('/', `admin:${password}`), undefined);
});
