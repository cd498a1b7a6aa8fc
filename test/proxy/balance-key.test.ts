import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { NO_KEY } from '../../src/backend/types.ts';
import type { BalanceConfig } from '../../src/config/model.ts';
import { Head } from '../../src/http/head.ts';
import { parseRequestHead } from '../../src/http/parse.ts';
import { addressKey, balanceKey, formKey, type KeyContext, seeksForm } from '../../src/proxy/balance-key.ts';

const SOURCE: BalanceConfig = { algorithm: 'source', draws: 2 };
const PARAMETER: BalanceConfig = { algorithm: 'url_param', draws: 2, parameter: { name: 'id', checkPost: false } };

function parsed(text: string): { readonly head: Head; readonly bytes: Buffer; readonly at: number } {
  const bytes = Buffer.from(text, 'latin1');
  const head = new Head();
  const at = parseRequestHead(bytes, 0, bytes.length, head, 16_384, 0);
  assert.ok(at > 0);
  return { head, bytes, at };
}

function keyOf(config: BalanceConfig, text: string): number {
  return balanceKey(config, { request: parsed(text).head, clientAddress: '', peerAddress: '' } as KeyContext, undefined);
}

describe('the key of balance source', () => {
  /** Of five equal servers HAProxy chose these, on `bind :::80 v4v6` and on `bind 127.0.0.1:80`. */
  const observed: readonly (readonly [address: string, dual: number, plain: number])[] = [
    ['127.0.0.1', 2, 4],
    ['127.0.0.2', 1, 5],
    ['127.0.0.3', 5, 1],
    ['127.1.0.9', 5, 3],
  ];
  for (const [address, dual, plain] of observed) {
    it(`is that of the mapped address where an IPv4 client came by a dual-stack socket (${address})`, () => {
      assert.equal((addressKey(SOURCE, `::ffff:${address}`) % 5) + 1, dual);
      assert.equal((addressKey(SOURCE, address) % 5) + 1, plain);
    });
  }

  it('is mixed by the avalanche alone, and none without an address', () => {
    const hash = { method: 'consistent', function: 'crc32', avalanche: true, balanceFactor: 0 } as const;
    assert.notEqual(addressKey({ ...SOURCE, hash }, '10.0.0.1'), 0x0a000001);
    assert.equal(addressKey({ ...SOURCE, hash: { ...hash, avalanche: false } }, '10.0.0.1'), 0x0a000001);
    assert.equal(addressKey({ ...SOURCE, hash }, ''), NO_KEY);
  });
});

describe('the key of balance url_param in a body', () => {
  it('is that of the same value in a query', () => {
    const { head, bytes, at } = parsed('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 14\r\n\r\na=1&id=abc&b=2');
    assert.equal(seeksForm(PARAMETER, head), true);
    assert.equal(formKey(PARAMETER, head, bytes, at, bytes.length, false), keyOf(PARAMETER, 'GET /?id=abc HTTP/1.1\r\nHost: x\r\n\r\n'));
  });

  it('needs all of the body, unless there will not be more', () => {
    const text = 'POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nid=ab\r\n1\r\nc\r\n0\r\n\r\n';
    const { head, bytes, at } = parsed(text);
    for (let to = at; to < bytes.length; to++) assert.equal(formKey(PARAMETER, head, bytes, at, to, false), undefined);
    const whole = formKey(PARAMETER, head, bytes, at, bytes.length, false);
    assert.equal(whole, keyOf(PARAMETER, 'GET /?id=abc HTTP/1.1\r\nHost: x\r\n\r\n'));
    assert.equal(formKey(PARAMETER, head, bytes, at, at, true), NO_KEY);
  });

  it('is not looked for in other methods, beside a query that has it, or where the client waits for a 100', () => {
    const seeks = (line: string, field = 'A: b'): boolean =>
      seeksForm(PARAMETER, parsed(`${line} HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n${field}\r\n\r\n`).head);
    assert.deepEqual(
      [seeks('POST /?a=b'), seeks('PUT /'), seeks('POST /?id='), seeks('POST /', 'Expect: 100-continue')],
      [true, false, false, false],
    );
    assert.equal(seeksForm(SOURCE, parsed('POST / HTTP/1.1\r\nHost: x\r\n\r\n').head), false);
  });
});
