import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Backend } from '../../src/backend/backend.ts';
import type { Server } from '../../src/backend/server.ts';
import { Wheel } from '../../src/core/wheel.ts';
import { until } from '../support/wait.ts';
import { Client, Events, proxyConfig, serverConfig } from './support.ts';

const DRAIN = { identity: 'container a', drain: 30 };

function make(drain: number | undefined): {
  readonly server: Server;
  readonly ended: Server[];
  readonly wheel: Wheel;
  readonly events: Events;
} {
  const ended: Server[] = [];
  const wheel = new Wheel();
  const events = new Events();
  const shutdown = (server: Server) => ended.push(server);
  const backend = new Backend({ shutdown, name: 'app', config: proxyConfig('app'), wheel, events, origin: 'test:1' });
  const server = backend.addServer(serverConfig('a', { ...DRAIN, drain }), 0);
  backend.refresh(0);
  return { server, ended, wheel, events };
}

function say(server: Server, state: 'ready' | 'drain'): void {
  server.update(server.config, state, state === 'drain' ? 'container is stopping' : '', 0);
  server.backend.refresh(0);
}

describe('a server that is leaving', () => {
  it('has its sessions ended when its time is over', async () => {
    const { server, ended, wheel, events } = make(30);
    server.backend.assign(new Client(), 0, undefined);
    say(server, 'drain');
    await until('they are ended', () => ended.length > 0);
    assert.deepEqual(ended, [server]);
    assert.match(events.take().join('\n'), /Server app\/a has had 30 ms to drain: 1 sessions are ended\./);
    assert.equal(wheel.size, 0);
    server.backend.release(server);
  });

  it('that has finished by itself is let go without a word', async () => {
    const { server, ended, wheel, events } = make(30);
    say(server, 'drain');
    await until('its time is over', () => wheel.size === 0);
    assert.deepEqual(ended, []);
    assert.doesNotMatch(events.take().join(), /has had/);
  });

  it('and is kept after all has all the time there is', () => {
    const { server, wheel } = make(30);
    say(server, 'drain');
    assert.equal(wheel.size, 1);
    say(server, 'ready');
    assert.equal(wheel.size, 0);
  });

  it('has its time counted from the first word on', () => {
    const { server } = make(60_000);
    say(server, 'drain');
    const { deadline } = server.departure;
    say(server, 'drain');
    assert.equal(server.departure.deadline, deadline);
    server.end();
  });

  it('takes as long as it wants where nobody has said how long it may', () => {
    const { server, wheel } = make(undefined);
    say(server, 'drain');
    assert.equal(wheel.size, 0);
  });
});
