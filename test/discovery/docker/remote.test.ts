/** Engines that are not on this machine's socket: TCP, TLS with a certificate of both sides, and SSH. */

import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';
import type { DockerEngineConfig } from '../../../src/config/model.ts';
import { DockerClient } from '../../../src/discovery/docker/client.ts';
import type { EngineFacts } from '../../../src/discovery/docker/engine.ts';
import type { EngineEvent } from '../../../src/discovery/docker/events.ts';
import { Certificates, hasOpenssl } from '../../support/certificates.ts';
import { until } from '../../support/wait.ts';
import { engineConfig } from '../make.ts';
import { FakeEngine } from './fake-engine.ts';

const has = (program: string) => {
  try {
    execFileSync('which', [program], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
};

let engine: FakeEngine;
let folder: string;
let fronts: Server[];

before(() => {
  folder = mkdtempSync(join(tmpdir(), 'fairlead-remote-'));
});
after(() => rmSync(folder, { recursive: true, force: true }));

beforeEach(async () => {
  engine = new FakeEngine();
  await engine.listen();
  fronts = [];
});

afterEach(async () => {
  for (const front of fronts) front.close();
  await engine.dispose();
});

async function listen(front: Server, host = '127.0.0.1'): Promise<number> {
  fronts.push(front);
  front.listen(0, host);
  await once(front, 'listening');
  return (front.address() as AddressInfo).port;
}

/** What is sent to it goes to the engine's socket. */
function toEngine(stream: Socket): void {
  const socket = connect(engine.socket);
  stream.pipe(socket).pipe(stream);
  for (const [one, another] of [
    [stream, socket],
    [socket, stream],
  ] as const) {
    one.on('error', () => another.destroy());
    one.on('close', () => another.destroy());
  }
}

/** Everything that a watcher asks, once; answers what the engine is. */
async function useAll(client: DockerClient): Promise<EngineFacts> {
  const stop = new AbortController();
  const { signal } = stop;
  try {
    const facts = await client.connect(signal);
    const one = engine.create('one');
    const events: EngineEvent[] = [];
    const stream = await client.events((event) => events.push(event), signal);
    assert.deepEqual(
      (await client.list(signal)).map(({ id }) => id),
      [one],
    );
    assert.equal((await client.inspect(one, signal))?.name, 'one');
    await client.ping(signal);
    engine.kill(one, '15');
    await until('the event has come', () => events.length === 1);
    stop.abort();
    await stream.ended;
    await until('the engine has no subscriber', () => engine.subscribers === 0);
    return facts;
  } finally {
    stop.abort();
  }
}

const fails = (client: DockerClient, message: RegExp) => assert.rejects(client.connect(new AbortController().signal), message);

describe('an engine over TCP', () => {
  it('is used as on a socket, and published ports answer at its address', async () => {
    const port = await listen(createServer(toEngine));
    const facts = await useAll(new DockerClient({ ...engineConfig, endpoint: `tcp://localhost:${port}` }, {}));
    assert.deepEqual([facts.local, facts.host], [true, '127.0.0.1']);
  });

  it('may have an address of IPv6', async () => {
    const port = await listen(createServer(toEngine), '::1');
    const facts = await useAll(new DockerClient({ ...engineConfig, endpoint: `tcp://[::1]:${port}` }, {}));
    assert.deepEqual([facts.local, facts.host], [true, '::1']);
  });

  it('that nobody listens for is told so', async () => {
    const port = await listen(createServer());
    fronts.pop()?.close();
    await fails(new DockerClient({ ...engineConfig, endpoint: `tcp://127.0.0.1:${port}` }, {}), /^EngineError: connection refused$/);
  });

  it('that closes its connections is told so', async () => {
    const port = await listen(createServer((socket) => socket.destroy()));
    const client = new DockerClient({ ...engineConfig, endpoint: `tcp://127.0.0.1:${port}` }, {});
    await fails(client, /it closed the connection instead of answering/);
  });
});

describe('an engine over TLS', { skip: hasOpenssl() ? false : 'there is no openssl' }, () => {
  const file = (name: string) => join(folder, name);
  const pem = (name: string) => readFileSync(file(name));

  before(() => {
    const certificates = new Certificates(folder);
    for (const name of ['ca', 'stranger']) certificates.authority(name);
    certificates.certificate('server', 'ca', 'subjectAltName=IP:127.0.0.1');
    certificates.certificate('client', 'ca', 'extendedKeyUsage=clientAuth');
    certificates.certificate('intruder', 'stranger', 'extendedKeyUsage=clientAuth');
  });

  const front = (more: TlsOptions = {}) =>
    createTlsServer({ cert: pem('server.pem'), key: pem('server.key'), ca: pem('ca.pem'), requestCert: true, ...more }, toEngine);
  const section = (port: number, more: Partial<DockerEngineConfig>): DockerEngineConfig => {
    return { ...engineConfig, endpoint: `tcp://127.0.0.1:${port}`, ...more };
  };
  const known = () => ({ tlsCa: file('ca.pem'), tlsCert: file('client.pem'), tlsKey: file('client.key') });

  it('is used when each knows the other', async () => {
    const port = await listen(front());
    const facts = await useAll(new DockerClient(section(port, known()), {}));
    assert.equal(facts.version, '99.0');
  });

  it('takes the files of DOCKER_CERT_PATH with DOCKER_HOST', async () => {
    const port = await listen(front());
    for (const [from, to] of [
      ['client.pem', 'cert.pem'],
      ['client.key', 'key.pem'],
    ] as const)
      writeFileSync(file(to), pem(from));
    const env = { DOCKER_HOST: `tcp://127.0.0.1:${port}`, DOCKER_TLS_VERIFY: '1', DOCKER_CERT_PATH: folder };
    await useAll(new DockerClient(engineConfig, env));
  });

  it('is refused when its authority is not the one that is named', async () => {
    const port = await listen(front());
    await fails(
      new DockerClient(section(port, { ...known(), tlsCa: file('stranger.pem') }), {}),
      /not signed by an authority that we trust/,
    );
  });

  it('is refused when its certificate is for another host', async () => {
    const port = await listen(front());
    const client = new DockerClient({ ...section(port, known()), endpoint: `tcp://localhost:${port}` }, {});
    await fails(client, /certificate's altnames/);
  });

  it('refuses us without a certificate that it knows', async () => {
    const port = await listen(front());
    const stranger = { tlsCa: file('ca.pem'), tlsCert: file('intruder.pem'), tlsKey: file('intruder.key') };
    await fails(new DockerClient(section(port, stranger), {}), /EngineError/);
  });

  it('that speaks no TLS is told so', async () => {
    const port = await listen(createServer(toEngine));
    await fails(new DockerClient(section(port, known()), {}), /EngineError: it (does not speak TLS as we do|closed the connection)/);
  });

  it('whose files are gone is told so by their name', async () => {
    const port = await listen(front());
    await fails(new DockerClient(section(port, { ...known(), tlsKey: file('gone.pem') }), {}), /gone\.pem/);
  });
});

/** What is used of the SSH library of dockerode's, which has no types here. */
interface Ssh2 {
  readonly Server: new (
    options: { readonly hostKeys: readonly Buffer[] },
    listener: (client: SshClient) => void,
  ) => { listen(port: number, host: string, done: () => void): void; address(): AddressInfo; close(): void };
}
interface SshClient {
  on(event: string, listener: (context: never, ...more: never[]) => void): this;
}

const sshTools = ['ssh-keygen', 'ssh-agent', 'ssh-add'].every(has);

describe('an engine over SSH', { skip: sshTools ? false : 'there is no ssh-agent' }, () => {
  const ssh2 = createRequire(import.meta.url)('ssh2') as Ssh2;
  const socket = () => join(folder, 'agent.sock');
  let agent: ChildProcess;
  let server: InstanceType<Ssh2['Server']>;
  let port: number;
  let commands: string[];
  let opened: Socket[];

  before(async () => {
    for (const name of ['host', 'user']) execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(folder, name)]);
    agent = spawn('ssh-agent', ['-D', '-a', socket()], { stdio: 'ignore' });
    const add = () =>
      execFileSync('ssh-add', ['-q', join(folder, 'user')], { env: { ...process.env, SSH_AUTH_SOCK: socket() }, stdio: 'pipe' });
    await until('the agent has the key', () => {
      add();
      return true;
    });
  });
  after(() => agent.kill());

  beforeEach(async () => {
    commands = [];
    opened = [];
    const theirs = readFileSync(join(folder, 'user.pub'), 'utf8').split(' ')[1] ?? '';
    server = new ssh2.Server({ hostKeys: [readFileSync(join(folder, 'host'))] }, (client) => {
      client.on(
        'authentication',
        (context: {
          readonly method: string;
          readonly key?: { readonly data: Buffer };
          accept(): void;
          reject(methods?: string[]): void;
        }) => {
          if (context.method === 'publickey' && context.key?.data.toString('base64') === theirs) context.accept();
          else context.reject(['publickey']);
        },
      );
      client.on('session', (accept: () => SshClient) => {
        accept().on('exec', (take: () => Socket, _reject: never, info: { readonly command: string }) => {
          commands.push(info.command);
          const stream = take();
          opened.push(stream);
          toEngine(stream);
        });
      });
      client.on('error', () => {});
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    ({ port } = server.address());
  });
  afterEach(() => server.close());

  /** A home whose known_hosts says `key` for the server. */
  function home(key: string): string {
    const place = mkdtempSync(join(folder, 'home-'));
    mkdirSync(join(place, '.ssh'));
    writeFileSync(join(place, '.ssh', 'known_hosts'), `[127.0.0.1]:${port} ${readFileSync(join(folder, key), 'utf8')}`);
    return place;
  }

  const client = (HOME: string, more: Record<string, string> = { SSH_AUTH_SOCK: socket() }) =>
    new DockerClient({ ...engineConfig, endpoint: `ssh://ops@127.0.0.1:${port}` }, { HOME, ...more });

  it('is used through the docker command there', async () => {
    await useAll(client(home('host.pub')));
    assert.deepEqual([...new Set(commands)], ['docker system dial-stdio']);
  });

  it('is refused when its key is not known', async () => {
    await fails(client(home('user.pub')), /the key of its SSH server is not in known_hosts/);
    await fails(client(folder), /the key of its SSH server is not in known_hosts/);
  });

  it('that nobody listens for is told so', async () => {
    const place = home('host.pub');
    server.close();
    await fails(client(place), /EngineError: connection refused/);
  });

  it('that goes away ends the stream of events', async () => {
    const stop = new AbortController();
    const one = client(home('host.pub'));
    await one.connect(stop.signal);
    const stream = await one.events(() => {}, stop.signal);
    for (const open of opened) open.destroy();
    assert.match(await stream.ended, /event stream/);
    stop.abort();
  });

  it('that does not let us in is told so', async () => {
    await fails(client(home('host.pub'), {}), /no key of the SSH agent \(SSH_AUTH_SOCK\) opens it/);
  });
});
