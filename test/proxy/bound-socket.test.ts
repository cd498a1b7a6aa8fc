/** Unix sockets that take the place of others: theirs is the path when all of a configuration is bound, or never. */

import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { BoundSocket, takePaths } from '../../src/proxy/bound-socket.ts';

describe('a unix socket', () => {
  let folder = '';
  let open: BoundSocket[] = [];

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'fairlead-bound-'));
    open = [];
  });

  afterEach(() => {
    for (const { server } of open) server.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Listening, and who connects to it gets its `word`. */
  async function bind(word: string, name = 'socket', mode: number | undefined = undefined): Promise<BoundSocket> {
    const address = { kind: 'unix', path: join(folder, name), mode, user: undefined, group: undefined } as const;
    const socket = new BoundSocket(address, undefined, {});
    await socket.listen();
    socket.server.on('connection', (accepted) => accepted.end(word));
    open.push(socket);
    return socket;
  }

  async function answer(name = 'socket'): Promise<string> {
    let text = '';
    for await (const piece of connect(join(folder, name)).setEncoding('utf8')) text += piece;
    return text;
  }

  function take(sockets: readonly BoundSocket[], claim: () => readonly string[] = () => []): readonly string[] {
    return takePaths(
      sockets.map((socket) => ({ socket, failure: (error) => String((error as NodeJS.ErrnoException).code) })),
      claim,
    );
  }

  it('has its mode before it has its path', async () => {
    await bind('one', 'socket', 0o600);
    const [name = ''] = readdirSync(folder);
    assert.notEqual(name, 'socket');
    assert.equal(statSync(join(folder, name)).mode & 0o777, 0o600);
  });

  it('takes the path of another, and leaves nothing else', async () => {
    const one = await bind('one');
    assert.deepEqual(take([one]), []);
    assert.equal(await answer(), 'one');
    const two = await bind('two');
    assert.equal(await answer(), 'one');
    assert.deepEqual(take([two]), []);
    assert.equal(await answer(), 'two');
    assert.deepEqual(readdirSync(folder), ['socket']);
  });

  it('gives it back where something else of the configuration cannot be had', async () => {
    take([await bind('one')]);
    const [two, fresh] = [await bind('two'), await bind('fresh', 'fresh')];
    assert.deepEqual(
      take([two, fresh], () => ['no']),
      ['no'],
    );
    assert.equal(await answer(), 'one');
    for (const { server } of [two, fresh]) server.close();
    assert.deepEqual(readdirSync(folder), ['socket']);
  });

  it('gives it back where another one cannot have its own', async () => {
    take([await bind('one')]);
    const [two, late] = [await bind('two'), await bind('late', 'late')];
    mkdirSync(join(folder, 'late'));
    assert.deepEqual(take([two, late]), ['EPERM']);
    assert.equal(await answer(), 'one');
    for (const { server } of [two, late]) server.close();
    assert.deepEqual(readdirSync(folder).sort(), ['late', 'socket']);
  });

  it('cannot be had where a folder is', async () => {
    mkdirSync(join(folder, 'socket'));
    await assert.rejects(bind('one'), { code: 'EISDIR' });
    assert.deepEqual(readdirSync(folder), ['socket']);
  });
});
