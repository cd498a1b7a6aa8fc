/** A connection to the Runtime API with its socket: what it keeps of a client that sends more than it takes, or leaves. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { describe, it } from 'node:test';
import { data } from '../../../src/admin/cli/command.ts';
import { Peer } from '../../../src/admin/cli/peer.ts';
import type { Runtime } from '../../../src/admin/cli/runtime.ts';
import { CliSession, type Dialect } from '../../../src/admin/cli/session.ts';
import { until } from '../../support/wait.ts';

/** Far more than a connection may keep. */
const MUCH = 8 * 1024 * 1024;
/** A line, what Node reads ahead, and what it reads at once. */
const KEPT = 4 * 65536;

const REPORT = `${'x'.repeat(10_000)}\n`;

interface Meeting {
  readonly client: Socket;
  readonly accepted: Socket;
  readonly session: CliSession;
  readonly peer: Peer;
}

/** Both ends of a connection that is not served yet. */
async function meet(story: (meeting: Meeting) => Promise<void>, timeout = 60_000): Promise<void> {
  const server = createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = connect({ port: (server.address() as AddressInfo).port, host: '127.0.0.1', allowHalfOpen: true });
  client.on('error', () => {});
  const [accepted] = (await once(server, 'connection')) as [Socket];
  const commands = [
    { name: 'show', syntax: '', help: '', run: () => data(REPORT) },
    { name: 'later', syntax: '', help: '', run: () => new Promise<never>(() => {}) },
  ];
  const dialect: Dialect = { prompt: () => '', address: (words) => ({ words, commands }) };
  const session = new CliSession({} as Runtime, dialect, 'user', 'none', timeout);
  const peer = new Peer(accepted, session, () => {});
  try {
    await story({ client, accepted, session, peer });
  } finally {
    client.destroy();
    accepted.destroy();
    server.close();
  }
}

describe('a client of the Runtime API', () => {
  it('whose line never ends is left', () =>
    meet(async ({ client, accepted, peer }) => {
      peer.serve();
      client.resume();
      const piece = 'x'.repeat(64 * 1024);
      const more = (error?: Error | null): void => {
        if (error === undefined || error === null) client.write(piece, more);
      };
      more();
      await until('the connection is closed', () => client.closed);
      assert.ok(accepted.bytesRead < MUCH, `${accepted.bytesRead}`);
    }));

  it('is read no further while it does not take its answers, and gets all of them when it does', () =>
    meet(async ({ client, accepted, session, peer }) => {
      session.state.interactive = true;
      peer.serve();
      client.pause();
      const asked = 'show\n'.repeat(2000);
      client.write(asked);
      await until('answers pile up', () => accepted.isPaused() && accepted.writableNeedDrain);
      const before = accepted.bytesRead;
      client.write('\\'.repeat(MUCH));
      await until('the rest waits at the client', () => accepted.isPaused() && client.writableLength > MUCH / 2);
      assert.ok(accepted.bytesRead - before < KEPT, `${accepted.bytesRead}`);
      assert.ok(accepted.writableLength < KEPT, `${accepted.writableLength}`);
      let taken = 0;
      client.on('data', (bytes: Buffer) => {
        taken += bytes.length;
      });
      client.resume();
      await until('all answers have come', () => taken === 2000 * (REPORT.length + 1));
    }));

  it('is read no further while a command takes its time', () =>
    meet(async ({ client, accepted, peer }) => {
      peer.serve();
      client.write('later\n');
      await until('the command is under way', () => accepted.isPaused() && accepted.bytesRead > 0);
      client.write('x'.repeat(MUCH));
      await until('the rest waits at the client', () => accepted.readableLength > 0 && client.writableLength > MUCH / 2);
      assert.ok(accepted.bytesRead < KEPT, `${accepted.bytesRead}`);
    }));

  it('that leaves while it waits to be served does not wait any more', () =>
    meet(async ({ client, accepted }) => {
      client.end();
      await once(accepted, 'close');
    }));

  it('that waits to be served does so for as long as it may be idle', () =>
    meet(({ accepted }) => once(accepted, 'close').then(() => {}), 50));
});
