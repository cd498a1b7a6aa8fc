/** Certificates, lists and authorities that change under living listeners: by their files, by a reload, by the Runtime API; and under load. */

import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { connect as connectH2 } from 'node:http2';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import { ask, RawClient } from '../support/client.ts';
import { Fairlead } from '../support/fairlead.ts';
import { type TlsFixture, tlsText } from '../support/tls.ts';
import { type OnSecure, startTlsUpstream, type TlsUpstream } from '../support/tls-upstream.ts';
import { until } from '../support/wait.ts';

const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
const DEFAULTS = 'defaults\n mode http\n timeout connect 5s\n timeout client 20s\n timeout server 20s\n';
const SERVER = 'CN=example.test';
const WILDCARD = 'CN=*.wild.test';
const NAMES = 'CN=Common.Names.test';

/** The last part of the subject that a client is shown. */
async function shown(port: number, servername?: string): Promise<string> {
  const client = await RawClient.secure(port, servername === undefined ? {} : { servername });
  const subject = client.socket.getPeerX509Certificate()?.subject.split('\n').at(-1) ?? '';
  client.close();
  return subject;
}

/** What a client with that certificate gets for a request. */
async function statusFor(port: number, certificate: TlsFixture): Promise<string> {
  try {
    const client = await RawClient.secure(port, { cert: tlsText(certificate), key: tlsText(certificate), maxVersion: 'TLSv1.2' });
    client.send(GET.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n'));
    return (await client.readAll()).slice(9, 12);
  } catch {
    return 'refused';
  }
}

/** A server that answers with the subject of whom it talks with. */
const tellsWho: OnSecure = (socket) => {
  socket.once('data', () => {
    const who = subjectOf(socket);
    socket.end(`HTTP/1.1 200 OK\r\nContent-Length: ${who.length}\r\nConnection: close\r\n\r\n${who}`);
  });
};

describe('what listeners show', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tls-replacement-'));
  const file = (...names: readonly string[]): string => join(folder, ...names);
  let fairlead: Fairlead;
  let upstream: TlsUpstream;

  before(async () => {
    upstream = await startTlsUpstream('server', tellsWho, { clients: 'client-ca' });
    for (const name of ['renewed', 'half', 'reloaded', 'runtime']) writeFileSync(file(`${name}.pem`), tlsText('server'));
    writeFileSync(file('own.pem'), tlsText('client-other'));
    writeFileSync(file('clients.pem'), tlsText('client-ca'));
    writeFileSync(file('some.list'), `${file('renewed.pem')} unused.test\n`);
    for (const name of ['directory', 'secret', join('secret', '..v1'), join('secret', '..v2')]) mkdirSync(file(name));
    writeFileSync(file('directory', 'a.pem'), tlsText('server'));
    writeFileSync(file('secret', '..v1', 'tls.pem'), tlsText('server'));
    writeFileSync(file('secret', '..v2', 'tls.pem'), tlsText('wildcard'));
    symlinkSync('..v1', file('secret', '..data'));
    symlinkSync(join('..data', 'tls.pem'), file('secret', 'tls.pem'));
    const site = (name: string, words: string): string =>
      `frontend ${name}\n bind 127.0.0.1:0 ssl ${words}\n http-request return status 200 content-type text/plain string hello\n`;
    const crt = (name: string): string => site(name, `crt ${file(`${name}.pem`)}`);
    fairlead = await Fairlead.start(
      `global\n stats socket %DIR%/cli level admin\n${DEFAULTS}${['renewed', 'half', 'reloaded', 'runtime'].map(crt).join('')}` +
        site('directory', `crt ${file('directory')}`) +
        site('linked', `crt ${file('secret', 'tls.pem')}`) +
        site('listed', `crt ${file('reloaded.pem')} crt-list ${file('some.list')}`) +
        site('mutual', `crt ${file('reloaded.pem')} verify required ca-file ${file('clients.pem')}`) +
        `listen app\n bind 127.0.0.1:0\n server s1 ${upstream.address} ssl verify none crt ${file('own.pem')}\n`,
    );
  });
  after(async () => {
    await fairlead.stop();
    await upstream.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  /** The next handshakes show it; whoever was connected is served as before. */
  async function becomes(frontend: string, subject: string, change: () => unknown, servername?: string): Promise<void> {
    const port = fairlead.port(frontend);
    const early = await RawClient.secure(port);
    assert.notEqual(await shown(port, servername), subject);
    await change();
    await until(`${frontend} shows ${subject}`, async () => (await shown(port, servername)) === subject);
    early.send(GET);
    assert.equal((await early.readResponse()).body, 'hello');
    early.close();
  }

  it('a file that is renewed', () => becomes('renewed', WILDCARD, () => writeFileSync(file('renewed.pem'), tlsText('wildcard'))));

  it('a file that is half-written is told of once and leaves what was; whole, it counts', async () => {
    const text = tlsText('wildcard');
    const put = (part: string): void => {
      // In one step, that nobody reads it emptier than it is meant.
      writeFileSync(file('half.next'), part);
      renameSync(file('half.next'), file('half.pem'));
    };
    put(text.slice(0, text.length / 2));
    await fairlead.said(/half\.pem' has changed and is no good, what was read before counts/);
    assert.equal(await shown(fairlead.port('half')), SERVER);
    await becomes('half', WILDCARD, () => put(text));
    assert.equal(fairlead.output.match(/half\.pem' has changed and is no good/g)?.length, 1);
  });

  it('a link that points elsewhere, as mounted secrets change', () =>
    becomes('linked', WILDCARD, () => {
      symlinkSync('..v2', file('secret', '..next'));
      renameSync(file('secret', '..next'), file('secret', '..data'));
    }));

  it('a directory with one file more, and with one less', async () => {
    const name = 'one.names.test';
    await becomes('directory', NAMES, () => writeFileSync(file('directory', 'b.pem'), tlsText('names')), name);
    await becomes('directory', SERVER, () => rmSync(file('directory', 'b.pem')), name);
  });

  it('a list with one line more', () =>
    becomes(
      'listed',
      NAMES,
      () => {
        writeFileSync(file('more.pem'), tlsText('names'));
        writeFileSync(file('some.list'), `${file('renewed.pem')} unused.test\n${file('more.pem')} mine.test\n`);
      },
      'mine.test',
    ));

  for (const signal of ['SIGHUP', 'SIGUSR2'] as const) {
    it(`a reload by ${signal}`, async () => {
      const now = await shown(fairlead.port('reloaded'));
      const next = now === SERVER ? 'wildcard' : 'server';
      await becomes('reloaded', now === SERVER ? WILDCARD : SERVER, () => {
        writeFileSync(file('reloaded.pem'), tlsText(next));
        fairlead.signal(signal);
      });
    });
  }

  it('a certificate by the Runtime API, which a list of names is told of too', async () => {
    const name = file('runtime.pem');
    assert.match(await fairlead.cli(`set ssl cert ${name} <<\n${tlsText('names').trim()}\n`), /^Transaction created/);
    assert.equal(await shown(fairlead.port('runtime')), SERVER);
    await becomes('runtime', NAMES, async () => {
      assert.equal(await fairlead.cli(`commit ssl cert ${name}`), `Committing ${name}.\nSuccess!\n\n`);
    });
    const list = file('some.list');
    await becomes(
      'listed',
      WILDCARD,
      async () => {
        const made = file('made.pem');
        await fairlead.cli(`new ssl cert ${made}`);
        await fairlead.cli(`set ssl cert ${made} <<\n${tlsText('wildcard').trim()}\n`);
        await fairlead.cli(`commit ssl cert ${made}`);
        assert.match(await fairlead.cli(`add ssl crt-list ${list} <<\n${made} [alpn h2] x.made.test\n`), /Success!/);
      },
      'x.made.test',
    );
    assert.match(await fairlead.cli(`del ssl crt-list ${list} ${file('made.pem')}`), /deleted in crtlist/);
    assert.equal(await shown(fairlead.port('listed'), 'x.made.test'), await shown(fairlead.port('listed')));
    assert.match(await fairlead.cli(`del ssl cert ${file('made.pem')}`), /deleted!/);
  });

  it('who is trusted, by a file and by the Runtime API', async () => {
    const port = fairlead.port('mutual');
    assert.deepEqual([await statusFor(port, 'client'), await statusFor(port, 'client-other')], ['200', 'refused']);
    await fairlead.cli(`set ssl ca-file ${file('clients.pem')} <<\n${tlsText('other-ca').trim()}\n`);
    assert.match(await fairlead.cli(`commit ssl ca-file ${file('clients.pem')}`), /Success!/);
    assert.deepEqual([await statusFor(port, 'client'), await statusFor(port, 'client-other')], ['refused', '200']);
    // Its file changes: it counts again, and not what was committed.
    writeFileSync(file('clients.pem'), tlsText('client-ca'));
    await until('the file counts', async () => (await statusFor(port, 'client')) === '200');
    assert.equal(await statusFor(port, 'client-other'), 'refused');
  });

  it('a certificate that servers are shown', async () => {
    const whom = async (): Promise<string> => (await ask(fairlead.port('app'))).body;
    assert.equal(await whom(), 'CN=bob');
    assert.match(await fairlead.cli(`set ssl cert ${file('own.pem')} <<\n${tlsText('client').trim()}\n`), /created/);
    assert.equal(await whom(), 'CN=bob');
    assert.equal(await fairlead.cli(`commit ssl cert ${file('own.pem')}`), `Committing ${file('own.pem')}.\nSuccess!\n\n`);
    assert.equal(await whom(), 'CN=alice');
    writeFileSync(file('own.pem'), tlsText('client-other'));
    await until('its file counts', async () => (await whom()) === 'CN=bob');
  });
});

/** Requests that do not end until `over`: outcomes, and which certificates they have met. */
interface Tally {
  readonly outcomes: Map<string, number>;
  readonly met: Set<string>;
}

describe('under load', () => {
  it('no request is lost while certificates are replaced, by file and by the Runtime API', async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'tls-load-'));
    const path = join(folder, 'site.pem');
    writeFileSync(path, tlsText('server'));
    const fairlead = await Fairlead.start(
      `global\n stats socket %DIR%/cli level admin\n${DEFAULTS}frontend www\n bind 127.0.0.1:0 ssl crt ${path} alpn h2,http/1.1\n` +
        ' http-request return status 200 content-type text/plain string hello\n',
    );
    let over = false;
    const tally: Tally = { outcomes: new Map(), met: new Set() };
    try {
      const port = fairlead.port('www');
      const goesOn = (): boolean => !over;
      const loops = [
        ...Array.from({ length: 4 }, () => keepAlive(port, goesOn, tally)),
        ...Array.from({ length: 2 }, () => newConnections(port, goesOn, tally)),
        ...Array.from({ length: 2 }, () => http2(port, goesOn, tally)),
        ...Array.from({ length: 2 }, () => newHttp2(port, goesOn, tally)),
      ];
      const met = async (subject: string): Promise<void> => {
        tally.met.clear();
        await until(`clients meet ${subject}`, () => tally.met.has(subject));
      };
      for (const [fixture, subject] of [
        ['wildcard', WILDCARD],
        ['names', NAMES],
        ['server', SERVER],
      ] as const) {
        assert.match(await fairlead.cli(`set ssl cert ${path} <<\n${tlsText(fixture).trim()}\n`), /created/);
        assert.match(await fairlead.cli(`commit ssl cert ${path}`), /Success!/);
        await met(subject);
      }
      for (const [fixture, subject] of [
        ['wildcard', WILDCARD],
        ['names', NAMES],
      ] as const) {
        writeFileSync(path, readFileSync(path).subarray(0, 300));
        writeFileSync(path, tlsText(fixture));
        await met(subject);
      }
      over = true;
      await Promise.all(loops);
      t.diagnostic(JSON.stringify(Object.fromEntries(tally.outcomes)));
      assert.deepEqual([...tally.outcomes.keys()].sort(), ['200 by HTTP/1.1', '200 by HTTP/2']);
    } finally {
      over = true;
      await fairlead.stop();
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

function count({ outcomes }: Tally, outcome: string): void {
  outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
}

/** One connection, request after request. */
async function keepAlive(port: number, goesOn: () => boolean, tally: Tally): Promise<void> {
  const client = await RawClient.secure(port);
  while (goesOn()) {
    client.send(GET);
    const response = await client.readResponse().catch((error: Error) => error.message);
    count(tally, typeof response === 'string' ? response : `${response.status} by HTTP/1.1`);
    if (typeof response === 'string') return;
  }
  client.close();
}

/** Each request by a connection of its own. */
async function newConnections(port: number, goesOn: () => boolean, tally: Tally): Promise<void> {
  while (goesOn()) {
    try {
      const client = await RawClient.secure(port);
      tally.met.add(subjectOf(client.socket));
      client.send(GET.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n'));
      count(tally, `${(await client.readAll()).slice(9, 12)} by HTTP/1.1`);
    } catch (error) {
      count(tally, String(error));
    }
  }
}

function subjectOf(socket: TLSSocket): string {
  return socket.getPeerX509Certificate()?.subject.split('\n').at(-1) ?? '';
}

async function http2(port: number, goesOn: () => boolean, tally: Tally): Promise<void> {
  const session = h2Session(port, tally);
  while (goesOn()) await Promise.all([h2Request(session, tally), h2Request(session, tally)]);
  session.close();
}

async function newHttp2(port: number, goesOn: () => boolean, tally: Tally): Promise<void> {
  while (goesOn()) {
    const session = h2Session(port, tally);
    await h2Request(session, tally);
    session.close();
  }
}

function h2Session(port: number, tally: Tally): ReturnType<typeof connectH2> {
  const options: ConnectionOptions = { port, host: '127.0.0.1', ALPNProtocols: ['h2'], rejectUnauthorized: false };
  const socket = connect(options, () => tally.met.add(subjectOf(socket)));
  return connectH2('https://a', { createConnection: () => socket }).on('error', (error) => count(tally, String(error)));
}

function h2Request(session: ReturnType<typeof connectH2>, tally: Tally): Promise<void> {
  return new Promise((resolve) => {
    const stream = session.request({ ':path': '/' });
    let status: unknown = 'no answer';
    stream.on('response', (headers) => {
      status = headers[':status'];
    });
    stream.on('error', (error) => {
      status = String(error);
    });
    stream.on('close', () => {
      count(tally, `${status} by HTTP/2`);
      resolve();
    });
    stream.resume();
  });
}
