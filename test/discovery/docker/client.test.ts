import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { DockerClient } from '../../../src/discovery/docker/client.ts';
import { EngineError } from '../../../src/discovery/docker/engine-error.ts';
import type { EngineEvent } from '../../../src/discovery/docker/events.ts';
import { until } from '../../support/wait.ts';
import { engineConfig } from '../make.ts';
import { FakeEngine } from './fake-engine.ts';
import { id } from './make.ts';

const { signal } = new AbortController();
let engine: FakeEngine;

beforeEach(async () => {
  engine = new FakeEngine();
  await engine.listen();
});

afterEach(() => engine.dispose());

async function connected(patience?: number): Promise<DockerClient> {
  const client = new DockerClient({ ...engineConfig, endpoint: engine.endpoint }, {}, patience);
  await client.connect(signal);
  return client;
}

describe('the client of an engine', () => {
  it('finds it by the environment it is given, and not by that of the process', async () => {
    const client = new DockerClient(engineConfig, { DOCKER_HOST: engine.endpoint });
    assert.deepEqual(await client.connect(signal), { version: '99.0', api: '1.41', rootless: false, local: true, host: '127.0.0.1' });
  });

  it('knows that a container is not there', async () => {
    const client = await connected();
    const one = engine.create('one');
    assert.equal((await client.inspect(one, signal))?.name, 'one');
    assert.equal(await client.inspect(id('dead'), signal), undefined);
  });

  it('does not wait for an answer that does not come', async () => {
    const client = await connected(30);
    engine.deaf = true;
    await assert.rejects(client.ping(signal), new EngineError('no answer to GET /_ping within 30 ms', undefined));
  });

  it('stops waiting when it is told to', async () => {
    const client = await connected();
    engine.deaf = true;
    const stop = new AbortController();
    const ping = client.ping(stop.signal);
    stop.abort();
    await assert.rejects(ping);
  });

  it('ends its subscription when it is told to', async () => {
    const client = await connected();
    const stop = new AbortController();
    const events: EngineEvent[] = [];
    const stream = await client.events((event) => events.push(event), stop.signal);
    engine.run('one');
    await until('the event has come', () => events.length === 1);
    stop.abort();
    await stream.ended;
    await until('the engine has no subscriber', () => engine.subscribers === 0);
  });

  it('gives up a stream that is not one of events', async () => {
    const client = await connected();
    const stop = new AbortController();
    const stream = await client.events(() => {}, stop.signal);
    engine.write('{nonsense}');
    assert.match(await stream.ended, /cannot be read/);
    stop.abort();
  });
});

describe('what answers at the endpoint', () => {
  async function answering(status: number, body: string, check: (client: DockerClient) => Promise<void>): Promise<void> {
    const server = createServer((_, response) => {
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(body);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    try {
      await check(new DockerClient({ ...engineConfig, endpoint: `tcp://127.0.0.1:${port}` }, {}));
    } finally {
      server.closeAllConnections();
      server.close();
    }
  }

  it('may be something else', async () => {
    await answering(200, '{"hello":"world"}', async (client) => {
      await assert.rejects(client.connect(signal), /what answers is not a Docker engine/);
    });
  });

  it('may refuse, and its words are passed on', async () => {
    await answering(403, '{"message":"not for you"}', async (client) => {
      await assert.rejects(
        client.connect(signal),
        /it denies GET \/version with 403, saying 'not for you'; a proxy in front of the engine has to let that through$/,
      );
    });
  });

  it('is an engine of this machine on loopback', async () => {
    await answering(200, '{"ApiVersion":"1.41","Components":[{"Name":"rootlesskit"}]}', async (client) => {
      const facts = await client.connect(signal);
      assert.deepEqual([facts.local, facts.rootless, facts.host], [true, true, '127.0.0.1']);
    });
  });
});
