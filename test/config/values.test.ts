import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isNetwork, readBindAddress, readServerAddress } from '../../src/config/address.ts';
import { readTime } from '../../src/config/values.ts';

test('times have HAProxy units; microseconds round up', () => {
  const values: readonly (readonly [string, number])[] = [
    ['500', 500],
    ['500ms', 500],
    ['5s', 5000],
    ['2m', 120_000],
    ['1h', 3_600_000],
    ['24d', 2_073_600_000],
    ['1us', 1],
    ['1500us', 2],
    ['0', 0],
  ];
  for (const [text, value] of values) assert.deepEqual(readTime(text, 'x'), { value }, text);
  assert.deepEqual(readTime('5', 'x', 's'), { value: 5000 });
  for (const text of ['', '-1', '1.5s', '5 s', '5sec', 's', '1e3', '25d', '5constructor']) assert.ok('error' in readTime(text, 'x'), text);
});

test('addresses of servers', () => {
  const addresses: readonly (readonly [string, string | undefined, number, string | undefined])[] = [
    ['127.0.0.1:80', '127.0.0.1', 80, undefined],
    ['127.0.0.1', '127.0.0.1', 0, undefined],
    ['127.0.0.1:', '127.0.0.1', 0, undefined],
    ['ipv4@10.0.0.1:8080', '10.0.0.1', 8080, undefined],
    ['[::1]:80', '::1', 80, undefined],
    ['[2001:db8::1]', '2001:db8::1', 0, undefined],
    ['::1:80', '::1', 80, undefined],
    ['2001:db8::1:443', '2001:db8::1', 443, undefined],
    ['ipv6@[::1]:80', '::1', 80, undefined],
    ['web-1:80', undefined, 80, 'web-1'],
    ['hello_web_1.shop.example.test:80', undefined, 80, 'hello_web_1.shop.example.test'],
    ['localhost', undefined, 0, 'localhost'],
    ['unix@/run/app.sock', '/run/app.sock', 0, undefined],
    ['/run/app.sock', '/run/app.sock', 0, undefined],
    ['unix@app.sock', '/srv/app.sock', 0, undefined],
  ];
  for (const [text, address, port, fqdn] of addresses) {
    assert.deepEqual(readServerAddress(text, '/srv'), { value: { address, port, fqdn } }, text);
  }
});

test('addresses to listen on', () => {
  const inet = (host: string, port: number) => ({ kind: 'inet', host, port });
  const addresses: readonly (readonly [string, readonly object[]])[] = [
    [':80', [inet('0.0.0.0', 80)]],
    ['*:80', [inet('0.0.0.0', 80)]],
    ['ipv4@:80', [inet('0.0.0.0', 80)]],
    ['ipv6@:80', [inet('::', 80)]],
    [':::80', [inet('::', 80)]],
    ['[::]:80', [inet('::', 80)]],
    ['127.0.0.1:80-82', [inet('127.0.0.1', 80), inet('127.0.0.1', 81), inet('127.0.0.1', 82)]],
    [':0', [inet('0.0.0.0', 0)]],
    ['localhost:80', [inet('localhost', 80)]],
    ['unix@x.sock', [{ kind: 'unix', path: '/srv/x.sock' }]],
    ['/run/x.sock', [{ kind: 'unix', path: '/run/x.sock' }]],
    ['fd@3', [{ kind: 'fd', fd: 3 }]],
  ];
  for (const [text, value] of addresses) assert.deepEqual(readBindAddress(text, '/srv'), { value }, text);
});

test('networks', () => {
  for (const text of ['127.0.0.0/8', '10.0.0.1', '10.0.0.0/255.0.0.0', '::1', '2001:db8::/32']) assert.ok(isNetwork(text), text);
  for (const text of ['', '10/8', '10.0.0.0/33', '::/129', 'x', '10.0.0.0/8/8', '10.0.0.0/']) assert.ok(!isNetwork(text), text);
});
