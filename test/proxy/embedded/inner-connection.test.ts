/** A connection inside of the process: both ends, their back-pressure, and every way that it can end. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { InnerConnection, type Origin } from '../../../src/proxy/embedded/inner-connection.ts';

const ORIGIN: Origin = {
  remoteAddress: '192.0.2.1',
  remoteFamily: 'IPv4',
  remotePort: 1234,
  localAddress: '192.0.2.2',
  localPort: 80,
  tls: undefined,
};
const KIB = 1024;

/** The ends, and what has happened at the session's. */
function make() {
  const connection = new InnerConnection(ORIGIN);
  const { client } = connection;
  const happened: string[] = [];
  let text = '';
  for (const event of ['end', 'close'] as const) client.on(event, () => happened.push(event));
  const outlet = client.outlet(() => happened.push('drain'));
  const begin = () =>
    client.read((bytes, length) => {
      text += bytes.toString('latin1', 0, length);
    });
  return { connection, client, outlet, happened, begin, received: () => text };
}

describe('an inner connection', () => {
  it('has its client’s addresses', () => {
    const { client } = make();
    assert.deepEqual(
      [client.remoteAddress, client.remotePort, client.localAddress, client.localPort],
      ['192.0.2.1', 1234, '192.0.2.2', 80],
    );
  });

  it('brings bytes and the end behind them, in one piece where they were written together', () => {
    const { connection, client, happened } = make();
    let pieces = 0;
    client.read((bytes, length) => {
      pieces++;
      assert.equal(bytes.toString('latin1', 0, length), 'head body');
    });
    connection.cork();
    connection.write('head ');
    connection.write('body');
    connection.uncork();
    connection.end();
    assert.equal(pieces, 1);
    return turn().then(() => assert.deepEqual(happened, ['end']));
  });

  it('holds what is written while nobody reads, and its writer', async () => {
    const { connection, client, begin, received } = make();
    let written = 0;
    connection.write('one', () => written++);
    await turn();
    assert.deepEqual([received(), written], ['', 0]);
    begin();
    await turn();
    assert.deepEqual([received(), written], ['one', 1]);
    client.pause();
    connection.write('two');
    await turn();
    assert.equal(received(), 'one');
    client.resume();
    assert.equal(received(), 'one', 'whoever resumes is not called from there');
    await turn();
    assert.equal(received(), 'onetwo');
  });

  it('gives what the session writes when that is not at work any more', async () => {
    const { connection, outlet } = make();
    const got: string[] = [];
    connection.on('data', (chunk: Buffer) => got.push(chunk.toString()));
    const shared = Buffer.from('lent');
    outlet.text('head ');
    outlet.bytes(shared);
    shared.fill('x');
    assert.deepEqual(got, []);
    await turn();
    assert.deepEqual(got, ['head lent']);
    assert.equal(outlet.taken, 9);
  });

  it('says when its reader is behind, and when it is not any more', async () => {
    const { connection, outlet, happened } = make();
    const chunk = Buffer.alloc(64 * KIB);
    outlet.bytes(chunk);
    assert.deepEqual([outlet.behind, outlet.pending], [false, 0]);
    await turn();
    assert.deepEqual([outlet.behind, outlet.pending], [true, 64 * KIB]);
    outlet.bytes(chunk);
    await turn();
    assert.deepEqual([outlet.pending, connection.readableLength, happened], [128 * KIB, 64 * KIB, []]);
    let read = 0;
    connection.on('data', (bytes: Buffer) => {
      read += bytes.length;
    });
    await turn();
    await turn();
    assert.deepEqual([read, outlet.pending, happened], [128 * KIB, 0, ['drain']]);
  });

  it('ends behind what was written', async () => {
    const { connection, client, outlet, happened, begin } = make();
    begin();
    let done = 0;
    let got = '';
    connection.on('data', (bytes: Buffer) => {
      got += bytes.toString();
    });
    outlet.text('last');
    client.end(() => done++);
    assert.deepEqual([client.writableEnded, client.writableFinished, done], [true, false, 0]);
    await once(connection, 'close');
    await turn();
    assert.deepEqual([got, client.writableFinished, done, happened], ['last', true, 1, ['end', 'close']]);
  });

  it('ends although nobody reads it, as between two requests', async () => {
    const { connection, client } = make();
    client.end();
    await once(connection, 'close');
  });

  it('leaves its agent at once when the session lets go of it', () => {
    for (const letGo of ['end', 'destroy', 'resetAndDestroy'] as const) {
      const { connection, client } = make();
      let left = 0;
      connection.once('agentRemove', () => left++);
      client[letGo]();
      assert.equal(left, 1, letGo);
    }
  });

  it('delivers what was written before it is destroyed, unless its reader is behind', async () => {
    const { connection, client, outlet } = make();
    let got = '';
    connection.on('data', (bytes: Buffer) => {
      got += bytes.toString();
    });
    outlet.text('said');
    client.destroy();
    await once(connection, 'close');
    assert.equal(got, 'said');

    const slow = make();
    slow.outlet.bytes(Buffer.alloc(64 * KIB));
    await turn();
    slow.client.destroy();
    assert.equal(slow.connection.destroyed, true);
  });

  it('is reset with an error, and nobody’s process ends for it', async () => {
    const { connection, client, happened } = make();
    const failed = once(connection, 'error') as Promise<[NodeJS.ErrnoException]>;
    client.resetAndDestroy();
    assert.equal((await failed)[0].code, 'ECONNRESET');
    await turn();
    assert.deepEqual(happened, ['close']);
  });

  it('tells the session once when its other end is destroyed, and takes nothing more', async () => {
    const { connection, client, outlet, happened, begin, received } = make();
    begin();
    connection.write('before ');
    connection.destroy();
    assert.deepEqual(happened, [], 'not from there');
    await turn();
    assert.deepEqual([happened, client.destroyed, received()], [['close'], true, 'before ']);
    outlet.text('into nowhere');
    client.destroy();
    client.destroy();
    await turn();
    assert.deepEqual(happened, ['close']);
  });
});
