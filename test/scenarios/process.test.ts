/**
 * The life of the process, as an operator sees it: start, refusal to start, stop, reload, background. Each story runs the
 * program itself.
 */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { ask, RawClient } from '../support/client.ts';
import { checkConfig, Fairlead, type FairleadOptions, runFairlead } from '../support/fairlead.ts';
import { command } from '../support/paths.ts';
import { Peer, startPeers } from '../support/peer.ts';
import { startUpstream, type Upstream } from '../support/upstream.ts';
import { until } from '../support/wait.ts';

const DEFAULTS = 'defaults\n mode http\n timeout connect 2s\n timeout client 20s\n timeout server 20s\n';

/** One proxy `www` in front of one server. */
const proxy = (server: string, more = '') => `${DEFAULTS}${more}\nlisten www\n bind 127.0.0.1:0\n server s1 ${server}\n`;

/** A server that keeps every response until the test lets it go. */
class Gate {
  readonly upstream: Upstream;
  private readonly waiting: ServerResponse[];

  private constructor(upstream: Upstream, waiting: ServerResponse[]) {
    this.upstream = upstream;
    this.waiting = waiting;
  }

  static async start(): Promise<Gate> {
    const waiting: ServerResponse[] = [];
    return new Gate(await startUpstream('gate', (_request, response) => waiting.push(response)), waiting);
  }

  /** A request that has reached the server, on a connection of its own. */
  async request(port: number): Promise<RawClient> {
    const before = this.waiting.length;
    const client = await RawClient.connect(port);
    client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await until('the request is at the server', () => this.waiting.length > before);
    return client;
  }

  open(): void {
    for (const response of this.waiting.splice(0)) response.end('gate');
  }
}

/** Runs `story` with a gate and a balancer before it. */
async function withGate(more: string, story: (fairlead: Fairlead, gate: Gate, port: number) => Promise<void>): Promise<void> {
  const gate = await Gate.start();
  const fairlead = await Fairlead.start(proxy(gate.upstream.address, more));
  try {
    await story(fairlead, gate, fairlead.port('www'));
  } finally {
    await fairlead.stop('SIGKILL');
    await gate.upstream.stop();
  }
}

async function withFairlead(config: string, story: (fairlead: Fairlead, port: number) => Promise<void>, options?: FairleadOptions) {
  const fairlead = await Fairlead.start(config, options);
  try {
    await story(fairlead, fairlead.port('www'));
  } finally {
    await fairlead.stop('SIGKILL');
  }
}

async function withFolder(story: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'fairlead-process-'));
  try {
    await story(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A port that somebody else listens on. */
async function takePort(): Promise<{ readonly port: number; close(): void }> {
  // Where a story fails before it closes this, the file ends all the same.
  const server = createServer().unref();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { port: (server.address() as AddressInfo).port, close: () => void server.close() };
}

/** A port that nobody listens on, for what needs the same one twice. */
async function freePort(): Promise<number> {
  const taken = await takePort();
  taken.close();
  return taken.port;
}

/** Connects and asks nothing: a request could be one that is never answered. */
function refuses(port: number): Promise<boolean> {
  return RawClient.connect(port).then(
    (client) => {
      client.close();
      return false;
    },
    (error: NodeJS.ErrnoException) => error.code === 'ECONNREFUSED',
  );
}

describe('starting', () => {
  it('is what the command does', () => {
    const { stdout } = spawnSync(process.execPath, [command, '-v'], { encoding: 'utf8' });
    assert.equal(stdout, runFairlead(['-v']).output);
  });

  it('says what it runs and where it listens', async () => {
    await withFairlead(`${proxy('127.0.0.1:1')} stats enable\n stats uri /admin?stats\n`, async ({ output, process: { pid } }, port) => {
      assert.match(
        output,
        new RegExp(`^\\[NOTICE\\] {3}\\(${pid}\\) : Fairlead \\S+: \\S+: 1 frontend, 1 backend, 1 server \\(0 checked\\)$`, 'm'),
      );
      assert.match(output, new RegExp(`^\\[NOTICE\\] {3}\\(${pid}\\) : listening on 127\\.0\\.0\\.1:${port} \\(frontend www\\)$`, 'm'));
      assert.ok(output.includes(`statistics at http://127.0.0.1:${port}/admin?stats (frontend www)`), output);
    });
  });

  it('refuses a file that is not there', () => {
    const { code, output } = runFairlead(['-f', '/nonexistent/haproxy.cfg']);
    assert.equal(code, 1);
    assert.match(output, /\[ALERT\] {4}\(\d+\) : config : Cannot open configuration file\/directory \/nonexistent\/haproxy\.cfg/);
  });

  it('refuses an invalid file with every error, and binds nothing', async () => {
    await withFolder(async (folder) => {
      const port = await freePort();
      const file = join(folder, 'bad.cfg');
      writeFileSync(file, `${DEFAULTS}listen www\n bind 127.0.0.1:${port}\n blance roundrobin\n server s1\n use_backend nowhere\n`);
      const { code, output } = runFairlead(['-f', file]);
      assert.equal(code, 1);
      assert.ok(
        output.includes(`config : parsing [${file}:8] : unknown keyword 'blance' in 'listen' section; did you mean 'balance'?`),
        output,
      );
      assert.match(output, /\[\S+:9\]/);
      assert.match(output, /\[\S+:10\]/);
      assert.doesNotMatch(output, /listening on/);
    });
  });

  it('refuses a rule that does not compile, with its place', () => {
    const { code, output } = checkConfig(`${proxy('127.0.0.1:1')} http-request set-header x "%[nonsense]"\n`);
    assert.equal(code, 1);
    assert.match(output, /haproxy\.cfg:10\] : .*nonsense/);
  });

  it('refuses to start without a listener', async () => {
    await withFolder(async (folder) => {
      const file = join(folder, 'a.cfg');
      writeFileSync(file, `${DEFAULTS}backend b\n server s1 127.0.0.1:1\n`);
      const { code, output } = runFairlead(['-f', file]);
      assert.equal(code, 1);
      assert.match(output, /No enabled listener found/);
    });
  });

  it("says which port is in use, in HAProxy's words", async () => {
    const taken = await takePort();
    await withFolder(async (folder) => {
      const file = join(folder, 'a.cfg');
      writeFileSync(file, proxy('127.0.0.1:1').replace('127.0.0.1:0', `127.0.0.1:${taken.port}`));
      const { code, output } = runFairlead(['-f', file]);
      assert.equal(code, 1);
      const message = `Binding [${file}:8] for frontend www: cannot bind socket (Address already in use) for [127.0.0.1:${taken.port}]`;
      assert.ok(output.includes(message), output);
    });
    taken.close();
  });

  it('reads the files of -C from there, and knows -L', async () => {
    await withFolder(async (folder) => {
      writeFileSync(join(folder, 'a.cfg'), `.if streq("$HAPROXY_LOCALPEER",me)\n${proxy('127.0.0.1:1')}.endif\n`);
      assert.equal(runFairlead(['-c', '-C', folder, '-f', 'a.cfg', '-L', 'me']).code, 0);
      assert.equal(runFairlead(['-c', '-C', folder, '-f', 'a.cfg', '-L', 'other']).code, 2);
      assert.equal(runFairlead(['-C', join(folder, 'nothing'), '-f', 'a.cfg']).code, 1);
    });
  });
});

describe('checking with -c', () => {
  it('exits 0 with a valid configuration', () => {
    assert.deepEqual(checkConfig(proxy('127.0.0.1:1')), { code: 0, output: 'Configuration file is valid\n' });
  });

  it("exits 1 with an invalid one, with HAProxy's last words", () => {
    const { code, output } = checkConfig(`${proxy('127.0.0.1:1')} blance x\n`);
    assert.equal(code, 1);
    assert.match(output, /\[ALERT\] {4}\(\d+\) : config : Error\(s\) found in configuration file : \S+haproxy\.cfg$/m);
    assert.match(output, /\[ALERT\] {4}\(\d+\) : config : Fatal errors found in configuration\.$/m);
  });

  it('reports warnings, and fails for them with -dW', () => {
    const config = `${proxy('127.0.0.1:1')} http-check expect status 200\n`;
    const lenient = checkConfig(config);
    assert.equal(lenient.code, 0);
    assert.match(lenient.output, /\[WARNING\]/);
    assert.match(lenient.output, /^Warnings were found\.$/m);
    assert.equal(checkConfig(config, { args: ['-dW'] }).code, 1);
  });

  it('says nothing with -q, but for its exit code', () => {
    assert.deepEqual(checkConfig(proxy('127.0.0.1:1'), { args: ['-q'] }), { code: 0, output: '' });
    assert.deepEqual(checkConfig('nonsense\n', { args: ['-q'] }), { code: 1, output: '' });
  });

  it('exits 2 where nothing would listen', () => {
    assert.equal(checkConfig(`${DEFAULTS}backend b\n`).code, 2);
  });
});

describe('other commands', () => {
  it('answers -v, -vv and --help with 0', () => {
    assert.match(runFairlead(['-v']).output, /^Fairlead version \d+\.\d+\.\d+ \d{4}\/\d\d\/\d\d\nHAProxy version 2\.6\.\d+ compatible/);
    assert.match(runFairlead(['-vv']).output, /balance: .*leastconn/);
    const help = runFairlead(['--help']);
    assert.equal(help.code, 0);
    assert.match(help.output, /fairlead demo/);
  });

  it('evaluates the condition of -cc', () => {
    assert.equal(runFairlead(['-cc', 'version_atleast(2.4)']).code, 0);
    assert.equal(runFairlead(['-cc', 'streq(a,b)']).code, 1);
    assert.equal(runFairlead(['-cc', 'nonsense(']).code, 2);
  });

  it('refuses an option that it does not know', () => {
    const { code, output } = runFairlead(['--hlep']);
    assert.equal(code, 1);
    assert.match(output, /unknown option '--hlep'; did you mean '--help'\?/);
  });
});

describe('a soft stop', () => {
  for (const signal of ['SIGTERM', 'SIGUSR1'] as const) {
    it(`by ${signal} finishes what is under way, takes nothing new and exits 0`, async () => {
      await withGate('', async (fairlead, gate, port) => {
        const idle = await RawClient.connect(port);
        const client = await gate.request(port);
        fairlead.signal(signal);
        await until('it stops accepting', () => refuses(port));
        await idle.readAll();
        gate.open();
        const response = await client.readResponse();
        assert.deepEqual([response.status, response.body], [200, 'gate']);
        assert.deepEqual(await fairlead.exit, { code: 0, signal: null });
      });
    });
  }

  it('by SIGTERM ends TCP sessions once they are silent, in whichever state, and by SIGUSR1 none', async () => {
    const server = await startPeers();
    const text = proxy(`${server.address} maxconn 2`).replace('mode http', 'mode tcp');
    try {
      for (const signal of ['SIGTERM', 'SIGUSR1'] as const) {
        await withFairlead(text, async (fairlead, port) => {
          const silent = await Peer.connect(port, '127.0.0.1');
          await server.next();
          const busy = await Peer.connect(port, '127.0.0.1');
          const peer = await server.next();
          const queued = await Peer.connect(port, '127.0.0.1');
          fairlead.signal(signal);
          const talk = setInterval(() => busy.send('.'), 50);
          try {
            if (signal === 'SIGTERM') await Promise.all([silent.ended(), queued.ended()]);
            else await until('many bytes went by', () => peer.bytes > 25);
            const before = peer.bytes;
            await until('it still talks', () => peer.bytes > before + 5);
            assert.equal(silent.socket.readableEnded, signal === 'SIGTERM');
          } finally {
            clearInterval(talk);
          }
          if (signal === 'SIGTERM') assert.deepEqual(await fairlead.exit, { code: 0, signal: null });
        });
      }
    } finally {
      await server.stop();
    }
  });

  it('by SIGTERM ends tunnels once they are silent, also those that begin later, and by SIGUSR1 none', async () => {
    const server = await startPeers();
    const upgrade = 'GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n';
    const asked = async (port: number) => {
      const client = await Peer.connect(port, '127.0.0.1');
      client.send(upgrade);
      const peer = await server.next();
      await peer.got('\r\n\r\n');
      return [client, peer] as const;
    };
    const switches = async ([client, peer]: readonly [Peer, Peer]) => {
      peer.send('HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n');
      await client.got('\r\n\r\n');
    };
    try {
      for (const signal of ['SIGTERM', 'SIGUSR1'] as const) {
        await withFairlead(proxy(server.address), async (fairlead, port) => {
          const [silent, busy, late] = [await asked(port), await asked(port), await asked(port)];
          await switches(silent);
          await switches(busy);
          fairlead.signal(signal);
          const talk = setInterval(() => busy[0].send('.'), 50);
          try {
            await until('it stops accepting', () => refuses(port));
            await switches(late);
            const gone = () => [silent, late].map(([client]) => client.socket.readableEnded || client.socket.destroyed);
            if (signal === 'SIGTERM') await until('the silent ones have ended', () => gone().every((one) => one));
            else await until('many bytes went by', () => busy[1].bytes > 25 + upgrade.length);
            const before = busy[1].bytes;
            await until('the other still talks', () => busy[1].bytes > before + 5);
            assert.deepEqual(gone(), [signal === 'SIGTERM', signal === 'SIGTERM']);
          } finally {
            clearInterval(talk);
          }
          if (signal === 'SIGTERM') assert.deepEqual(await fairlead.exit, { code: 0, signal: null });
        });
      }
    } finally {
      await server.stop();
    }
  });

  it('is cut short by a second SIGTERM', async () => {
    await withGate('', async (fairlead, gate, port) => {
      const client = await gate.request(port);
      fairlead.signal('SIGTERM');
      await fairlead.said(/Stopping/);
      fairlead.signal('SIGTERM');
      await client.readAll();
      assert.deepEqual(await fairlead.exit, { code: 143, signal: null });
    });
  });

  it('is cut short by hard-stop-after', async () => {
    await withGate('global\n hard-stop-after 50ms\n', async (fairlead, gate, port) => {
      await gate.request(port);
      fairlead.signal('SIGTERM');
      assert.deepEqual(await fairlead.exit, { code: 0, signal: null });
      assert.match(fairlead.output, /hard-stop-after/);
    });
  });
});

describe('the last words', () => {
  it('count each of a frontend and a backend of one name for itself', async () => {
    const upstream = await startUpstream('one');
    const front = 'frontend app\n bind 127.0.0.1:0\n http-request deny if { path /no }\n default_backend app\n';
    const fairlead = await Fairlead.start(`${DEFAULTS}${front}backend app\n server s1 ${upstream.address}\n`);
    try {
      for (const path of ['/', '/no']) await ask(fairlead.port('app'), { path });
      await fairlead.stop();
      const counts = [...fairlead.output.matchAll(/Proxy app stopped \(cumulated conns: (.*)\)/g)].map((match) => match[1]);
      assert.deepEqual(counts, ['FE: 2, BE: 0', 'FE: 0, BE: 1']);
    } finally {
      await fairlead.stop();
      await upstream.stop();
    }
  });
});

describe('SIGINT', () => {
  it('ends it at once', async () => {
    await withGate('', async (fairlead, gate, port) => {
      const client = await gate.request(port);
      fairlead.signal('SIGINT');
      assert.deepEqual(await fairlead.exit, { code: 130, signal: null });
      await client.readAll();
    });
  });
});

describe('a reload', () => {
  for (const signal of ['SIGHUP', 'SIGUSR2'] as const) {
    it(`by ${signal} sends the next request of a living connection by the new configuration`, async () => {
      const upstreams = await Promise.all([startUpstream('old'), startUpstream('new')]);
      const [first, second] = upstreams;
      const port = await freePort();
      const config = (address: string) => proxy(address).replace('127.0.0.1:0', `127.0.0.1:${port}`);
      await withFairlead(config(first.address), async (fairlead) => {
        const client = await RawClient.connect(port);
        const next = async () => {
          client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
          return (await client.readResponse()).body;
        };
        assert.equal(await next(), 'old');
        fairlead.rewrite(config(second.address));
        fairlead.signal(signal);
        await fairlead.said(/Reloaded/);
        assert.equal(await next(), 'new');
        assert.equal((await ask(port)).body, 'new');
      });
      await Promise.all(upstreams.map((upstream) => upstream.stop()));
    });
  }

  it('lets an exchange that is under way end where it began', async () => {
    await withGate('', async (fairlead, gate, port) => {
      const client = await gate.request(port);
      fairlead.rewrite(`${DEFAULTS}listen www\n bind 127.0.0.1:0\n server s2 127.0.0.1:1\n`);
      fairlead.signal('SIGHUP');
      await fairlead.said(/Reloaded/);
      gate.open();
      assert.equal((await client.readResponse()).body, 'gate');
    });
  });

  it('with an invalid configuration changes nothing and says every reason', async () => {
    const upstream = await startUpstream('still');
    try {
      await withFairlead(proxy(upstream.address), async (fairlead, port) => {
        const client = await RawClient.connect(port);
        fairlead.rewrite(`${DEFAULTS}listen www\n bnid 127.0.0.1:0\n blance x\n`);
        fairlead.signal('SIGHUP');
        await fairlead.said(/Reload failed, nothing has changed/);
        assert.match(fairlead.output, /unknown keyword 'bnid'/);
        assert.match(fairlead.output, /unknown keyword 'blance'/);
        client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
        assert.equal((await client.readResponse()).body, 'still');
      });
    } finally {
      await upstream.stop();
    }
  });

  it('that cannot bind everything changes nothing', async () => {
    const upstream = await startUpstream('still');
    try {
      const taken = await takePort();
      await withFairlead(proxy(upstream.address), async (fairlead, port) => {
        fairlead.rewrite(`${proxy('127.0.0.1:1')}listen two\n bind 127.0.0.1:${taken.port}\n`);
        fairlead.signal('SIGHUP');
        await fairlead.said(/Reload failed, nothing has changed/);
        assert.match(fairlead.output, /for frontend two: cannot bind socket \(Address already in use\)/);
        assert.equal((await ask(port)).body, 'still');
      });
      taken.close();
    } finally {
      await upstream.stop();
    }
  });

  it('opens the listeners that are new and closes those that are gone', async () => {
    const upstream = await startUpstream('app');
    try {
      const [old, fresh] = [await freePort(), await freePort()];
      const both = (second: number) => `${proxy(upstream.address)} bind 127.0.0.1:${second}\n`;
      await withFairlead(both(old), async (fairlead, port) => {
        assert.equal((await ask(old)).body, 'app');
        fairlead.rewrite(both(fresh));
        fairlead.signal('SIGHUP');
        await fairlead.said(/Reloaded/);
        assert.equal((await ask(fresh)).body, 'app');
        assert.equal((await ask(port)).body, 'app');
        assert.equal(await refuses(old), true);
      });
    } finally {
      await upstream.stop();
    }
  });
});

describe('faults', () => {
  it('do not end the process or other connections', async () => {
    const inject = "data:text/javascript,process.on('SIGWINCH',()=>{throw%20new%20Error('injected')})";
    const gate = await Gate.start();
    try {
      await withFairlead(
        proxy(gate.upstream.address),
        async (fairlead, port) => {
          const client = await gate.request(port);
          fairlead.signal('SIGWINCH');
          await fairlead.said(/Uncaught fault, the process goes on: Error: injected \| at /);
          gate.open();
          assert.equal((await client.readResponse()).body, 'gate');
        },
        { env: { NODE_OPTIONS: `--import=${inject}` } },
      );
    } finally {
      await gate.upstream.stop();
    }
  });

  it('of whoever reads the output do not either', async () => {
    const upstream = await startUpstream('app');
    try {
      await withFairlead(proxy(upstream.address, 'global\n log stderr local0\n log stdout local0\n'), async (fairlead, port) => {
        fairlead.process.stdout?.destroy();
        fairlead.process.stderr?.destroy();
        const client = await RawClient.connect(port);
        for (let i = 0; i < 3; i++) {
          // Each reload writes to both.
          fairlead.signal('SIGHUP');
          client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
          assert.equal((await client.readResponse()).body, 'app');
        }
        fairlead.signal('SIGTERM');
        assert.deepEqual(await fairlead.exit, { code: 0, signal: null });
      });
    } finally {
      await upstream.stop();
    }
  });
});

describe('the pid file', () => {
  it('of -p is there while it runs', async () => {
    await withFolder(async (folder) => {
      const pidfile = join(folder, 'fairlead.pid');
      await withFairlead(
        proxy('127.0.0.1:1'),
        async (fairlead) => {
          assert.equal(readFileSync(pidfile, 'utf8'), `${fairlead.process.pid}\n`);
          fairlead.signal('SIGTERM');
          await fairlead.exit;
          assert.equal(existsSync(pidfile), false);
        },
        { args: ['-p', pidfile] },
      );
    });
  });

  it('that a successor has taken over stays', async () => {
    await withFolder(async (folder) => {
      const pidfile = join(folder, 'fairlead.pid');
      await withFairlead(
        proxy('127.0.0.1:1'),
        async (fairlead) => {
          writeFileSync(pidfile, '1\n');
          fairlead.signal('SIGTERM');
          await fairlead.exit;
          assert.equal(readFileSync(pidfile, 'utf8'), '1\n');
        },
        { args: ['-p', pidfile] },
      );
    });
  });

  it('that cannot be written keeps it from starting', async () => {
    await withFolder(async (folder) => {
      writeFileSync(join(folder, 'a.cfg'), proxy('127.0.0.1:1'));
      const { code, output } = runFairlead(['-f', join(folder, 'a.cfg'), '-p', join(folder, 'nothing', 'x.pid')]);
      assert.equal(code, 1);
      assert.match(output, /Cannot create pidfile/);
    });
  });
});

describe('the background', () => {
  it('-D returns when it listens, and the next one takes the port over with -sf', async () => {
    await withFolder(async (folder) => {
      const port = await freePort();
      const file = join(folder, 'a.cfg');
      const pidfile = join(folder, 'fairlead.pid');
      writeFileSync(file, proxy('127.0.0.1:1 disabled').replace('127.0.0.1:0', `127.0.0.1:${port}`));
      const pid = () => readFileSync(pidfile, 'utf8').trim();
      const start = (...more: string[]) => runFairlead(['-D', '-f', file, '-p', pidfile, ...more]);
      const pids: string[] = [];
      try {
        assert.deepEqual([start().code, (await ask(port)).status], [0, 503]);
        pids.push(pid());
        // Without -sf the port is in use, and the exit code says so.
        assert.equal(start().code, 1);
        assert.deepEqual([start('-sf', pid()).code, (await ask(port)).status], [0, 503]);
        pids.push(pid());
        assert.notEqual(pids[0], pids[1]);
        await until('the former one has ended', () => hasEnded(Number(pids[0])));
        assert.equal((await ask(port)).status, 503);
      } finally {
        for (const one of pids) if (!hasEnded(Number(one))) process.kill(Number(one), 'SIGINT');
      }
      await until('the latter one has ended', () => refuses(port));
    });
  });
});

/** Also true for one that nobody has waited for: it is not our child. */
function hasEnded(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return / Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return true;
  }
}

describe('the demo', () => {
  it('balances over its servers, on the next port where its own is in use', async () => {
    const taken = await takePort();
    const demo = Fairlead.run(['demo', '--port', String(taken.port)], { DOCKER_HOST: 'unix:///nowhere/docker.sock' });
    try {
      await demo.said(/Ctrl-C/);
      const port = demo.port('www');
      assert.notEqual(port, taken.port);
      assert.ok(demo.output.includes(`Port ${taken.port} is in use`), demo.output);
      const names = new Set<string>();
      for (let i = 0; i < 3; i++) names.add((JSON.parse((await ask(port)).body) as { hostname: string }).hostname);
      assert.deepEqual([...names].sort(), ['demo-1', 'demo-2', 'demo-3']);
      const auth = /-u '(admin:[^']+)'/.exec(demo.output)?.[1] ?? '';
      assert.match((await ask(port, { path: '/admin?stats;csv', auth })).body, /^demo,demo-1,/m);
      assert.equal((await ask(port, { path: '/admin?stats;csv' })).status, 401);
      assert.doesNotMatch(demo.output, /docker:|nowhere/, 'an engine that is not there is no news');
    } finally {
      await demo.stop();
      taken.close();
    }
  });
});
