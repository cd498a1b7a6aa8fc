/** What watches HAProxy, from Debian's packages and from npm, must read of Fairlead what it reads of HAProxy. */

import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { ask } from '../support/client.ts';
import { until } from '../support/wait.ts';
import { installed, type Kind, missing, run, Watched } from './programs.ts';

const require = createRequire(import.meta.url);

const noHaproxy = missing('haproxy', 'haproxy');
const kinds: readonly Kind[] = ['HAProxy', 'Fairlead'];
const watched = new Map<Kind, Watched>();

before(async () => {
  if (noHaproxy === false) for (const kind of kinds) watched.set(kind, await Watched.start(kind));
});

after(async () => {
  for (const one of watched.values()) await one.stop();
});

/** `look` at both must see the same. Answers what it saw. */
async function same<T>(look: (at: Watched) => Promise<T>): Promise<T> {
  const [theirs, ours] = [await look(watched.get('HAProxy') as Watched), await look(watched.get('Fairlead') as Watched)];
  assert.deepEqual(ours, theirs);
  return ours;
}

function skipWithout(name: string, from: string) {
  return { skip: noHaproxy === false ? missing(name, from) : noHaproxy };
}

describe('check_haproxy of the monitoring plug-ins', skipWithout('check_haproxy', 'monitoring-plugins-contrib'), () => {
  it('finds the server that is down', async () => {
    const { code, text } = await same(async ({ url }) => {
      const outcome = await run('check_haproxy', ['-u', `${url};csv`]);
      return { ...outcome, text: outcome.text.replace(/t=[\d.]+s/, 't=N') };
    });
    assert.equal(code, 2);
    assert.match(text, /^HAPROXY CRITICAL - .*'down' is DOWN on 'app' proxy/);
  });
});

describe('check_haproxy_stats', skipWithout('check_haproxy_stats', 'monitoring-plugins-contrib'), () => {
  for (const way of ['socket', 'page'] as const) {
    it(`reads the ${way}`, async () => {
      const { code, text } = await same(({ socket, url }) => run('check_haproxy_stats', way === 'socket' ? ['-s', socket] : ['-U', url]));
      assert.equal(code, 2);
      assert.match(text, /server: app:down is DOWN \(check status: connection error\); /);
      assert.match(text, /BACKEND: gone is DOWN; /);
      assert.match(text, /app-FRONTEND|web-FRONTEND=\d+;40;45;0;50;/);
    });
  }

  it('is content where every server of a proxy is', async () => {
    const { code } = await same(({ socket }) => run('check_haproxy_stats', ['-s', socket, '-p', 'app', '-m', '-i', 'down']));
    assert.equal(code, 0);
  });
});

describe("munin's plug-ins", skipWithout('haproxy_ng', 'munin-plugins-extra'), () => {
  /** Plug-ins are told by their own name what to show. */
  const look = (plugin: string, as: string, word: string) => async (at: Watched) => {
    const link = join(at.folder, `${as}-${word}`, '..', as);
    try {
      symlinkSync(installed(plugin) as string, link);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const env = { url: `${at.url};csv;norefresh`, MUNIN_LIBDIR: '/usr/share/munin', MUNIN_CAP_MULTIGRAPH: '1' };
    const { code, text } = await run(link, word === 'fetch' ? [] : [word], env);
    // Times, and how many bytes the former look has moved, are no news.
    return {
      code,
      lines: text
        .split('\n')
        .filter((line) => !/b(?:in|out)|bytes|lastchg.value/i.test(line))
        .sort(),
    };
  };

  for (const [plugin, as] of [
    ['haproxy_', 'haproxy_app'],
    ['haproxy_ng', 'haproxy_ng'],
  ] as const) {
    it(`${plugin} describes its graphs`, async () => {
      const { code, lines } = await same(look(plugin, as, 'config'));
      assert.equal(code, 0);
      assert.ok(
        lines.some((line) => /\blabel\b.*\bup\b/.test(line)),
        lines.join('\n'),
      );
    });

    it(`${plugin} fetches their values`, async () => {
      const { code, lines } = await same(look(plugin, as, 'fetch'));
      assert.equal(code, 0);
      assert.ok(lines.filter((line) => /\.value \d+$/.test(line)).length >= 3, lines.join('\n'));
    });
  }
});

describe('prometheus-haproxy-exporter', skipWithout('prometheus-haproxy-exporter', 'prometheus-haproxy-exporter'), () => {
  /** What takes its time (a client that has left may still be there when the next one comes), counts the exporter's own looks, or is who it is. */
  const passing = /_(?:seconds(?:_total)?|bytes_(?:in|out)_total|rate|max_sessions|duration_\w+)\{|^haproxy_(?:exporter_|up|version_info)/;

  for (const way of ['page', 'socket'] as const) {
    it(`scrapes the ${way}`, async () => {
      const lines = await same(async ({ url, socket }) => {
        const text = await scrape(way === 'page' ? `${url};csv` : `unix:${socket}`);
        assert.match(text, /^haproxy_up 1$/m);
        return text.split('\n').filter((line) => line.startsWith('haproxy_') && !passing.test(line));
      });
      assert.ok(lines.includes('haproxy_server_up{backend="app",server="up"} 1'), lines.join('\n'));
      assert.ok(lines.includes('haproxy_server_up{backend="app",server="down"} 0'));
      assert.ok(lines.includes('haproxy_frontend_http_responses_total{code="3xx",frontend="web"} 1'), lines.join('\n'));
    });
  }

  async function scrape(uri: string): Promise<string> {
    const port = await freePort();
    const args = [`--haproxy.scrape-uri=${uri}`, `--web.listen-address=127.0.0.1:${port}`];
    const exporter: ChildProcess = spawn(installed('prometheus-haproxy-exporter') as string, args, { stdio: 'ignore' });
    try {
      return await until('the exporter answers', async () => {
        if (exporter.exitCode !== null) throw new Error(`the exporter ended with ${exporter.exitCode}`);
        return (await ask(port, { path: '/metrics' })).body;
      });
    } finally {
      exporter.kill('SIGKILL');
      await once(exporter, 'exit');
    }
  }

  async function freePort(): Promise<number> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    server.close();
    await once(server, 'close');
    return port;
  }
});

describe('hatop under a terminal', skipWithout('hatop', 'hatop'), () => {
  /** The words of a mode's first screen, whatever moves: times, rates and sizes. */
  async function screen(at: Watched, mode: number): Promise<readonly string[]> {
    const command = `stty rows 40 cols 160; exec ${installed('hatop')} -s ${at.socket} -m ${mode}`;
    const terminal = spawn('script', ['-qec', command, '/dev/null'], { env: { ...process.env, TERM: 'xterm', LANG: 'C.UTF-8' } });
    let shown = '';
    terminal.stdout.on('data', (bytes: Buffer) => (shown += bytes));
    try {
      await until(`hatop shows mode ${mode} of ${at.kind}`, () => {
        if (terminal.exitCode !== null) throw new Error(`hatop ended with:\n${shown}`);
        return shown.includes('lost') && shown.includes('5-CLI');
      });
    } finally {
      const ended = once(terminal, 'exit');
      terminal.stdin.write('q');
      const [code] = (await ended) as [number | null];
      assert.equal(code, 0, shown);
    }
    // Escape sequences place words: only which there are is compared.
    const words = shown.replace(/\p{Cc}(?:\[[0-9;?]*[A-Za-z]|[()][A-Z0-9]|[=>])/gu, ' ').split(/\s+/);
    return [...new Set(words.filter((word) => /^[A-Za-z<#][\w<>#/-]+$/.test(word)))].sort();
  }

  for (const [mode, word] of [
    [1, 'MAINT'],
    [2, 'FRONTEND'],
    [3, 'BACKEND'],
    [4, 'L4CON'],
  ] as const) {
    it(`shows mode ${mode}`, async () => {
      const words = await same((at) => screen(at, mode));
      for (const expected of ['web', 'app', 'gone', 'lost', word]) assert.ok(words.includes(expected), `${expected} in ${words.join(' ')}`);
    });
  }
});

type Done = (error: unknown, result: unknown) => void;

describe('haproxy of npm', { skip: noHaproxy }, () => {
  interface Client {
    stat(proxy: number, kinds: number, sid: number, done: Done): void;
    info(done: Done): void;
    weight(backend: string, server: string, done: Done): void;
    disable(backend: string, server: string, done: Done): void;
    enable(backend: string, server: string, done: Done): void;
  }
  type Row = Readonly<Record<string, string>>;

  const HAProxy = require('haproxy') as new (socket: string, options: object) => Client;
  const of = ({ socket }: Watched): Client => new HAProxy(socket, { which: '/bin/true' });

  function result<T>(call: (done: Done) => void): Promise<T> {
    return new Promise((resolve, reject) => call((error, value) => (error ? reject(error) : resolve(value as T))));
  }

  function rows(at: Watched): Promise<readonly Row[]> {
    return result((done) => of(at).stat(-1, -1, -1, done));
  }

  it('reads the statistics', async () => {
    const seen = await same(async (at) =>
      (await rows(at)).map((row) => [row.pxname, row.svname, row.status, row.weight, row.hrsp_2xx, row['-']]),
    );
    assert.equal(seen.length, 8);
    assert.ok(seen.some(([proxy, server, status]) => proxy === 'app' && server === 'out' && status === 'MAINT'));
  });

  it('reads what the process is', async () => {
    const { Name, Maxconn } = await same(async (at) => {
      const info = await result<Row>((done) => of(at).info(done));
      return { names: Object.keys(info), Name: info.Name, Maxconn: info.Maxconn, node: info.node };
    });
    assert.deepEqual({ Name, Maxconn }, { Name: 'HAProxy', Maxconn: 100 });
  });

  it('reads a weight, and takes a server out and back', async () => {
    const { weight, out } = await same(async (at) => {
      const weight = await result((done) => of(at).weight('app', 'soft', done));
      await result((done) => of(at).disable('app', 'soft', done));
      const out = (await rows(at)).find(({ svname }) => svname === 'soft')?.status;
      await result((done) => of(at).enable('app', 'soft', done));
      return { weight, out };
    });
    assert.deepEqual(weight, { current: 20, initial: 20 });
    assert.equal(out, 'MAINT');
  });

  it('is told what is wrong', async () => {
    const error = await same(({ socket }) =>
      result<unknown>((done) => new HAProxy(socket, { which: '/bin/true' }).enable('app', 'nobody', done)).catch(String),
    );
    assert.match(String(error), /No such server/);
  });
});

describe('haproxy-sdk of npm', { skip: noHaproxy }, () => {
  interface Named {
    readonly name: string;
    status(): Promise<unknown>;
    metric(name: string): Promise<unknown>;
  }
  interface Sdk {
    frontends(): Promise<readonly Named[]>;
    backends(): Promise<readonly Named[]>;
    servers(): Promise<readonly Named[]>;
    metric(name: string): Promise<unknown>;
    nodeName(): Promise<unknown>;
  }

  const Sdk = require('haproxy-sdk') as new (socket: string) => Sdk;

  it('finds frontends, backends and servers with their states and figures', async () => {
    const { servers, ...process } = await same(async ({ socket }) => {
      const sdk = new Sdk(socket);
      const look = async (list: readonly Named[]) =>
        Promise.all(list.map(async (one) => [one.name, await one.status(), await one.metric('hrsp_2xx')]));
      return {
        frontends: await look(await sdk.frontends()),
        backends: await look(await sdk.backends()),
        servers: await look(await sdk.servers()),
        node: await sdk.nodeName(),
        maxconn: await sdk.metric('Maxconn'),
      };
    });
    assert.deepEqual(
      servers.map(([name]) => name),
      ['up', 'soft', 'out', 'down', 'lost'],
    );
    assert.equal(process.maxconn, 100);
  });
});
