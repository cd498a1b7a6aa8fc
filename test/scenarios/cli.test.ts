/** The Runtime API as its clients know it: `socat` and scripts with one line, `hatop` with a conversation, HAProxy's master. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { request, type ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { askCli, CliClient } from '../support/cli.ts';
import { ask, RawClient } from '../support/client.ts';
import { Fairlead, runFairlead } from '../support/fairlead.ts';
import { startUpstream } from '../support/upstream.ts';
import { until } from '../support/wait.ts';

const GLOBAL = 'global\n stats socket %DIR%/cli mode 600 level admin\n';
const DEFAULTS = 'defaults\n mode http\n timeout connect 2s\n timeout client 20s\n timeout server 20s\n';
const WWW = 'listen www\n bind 127.0.0.1:0\n server s1 127.0.0.1:1\n';

interface Story {
  readonly fairlead: Fairlead;
  /** The file of that name in the folder of the configuration. */
  readonly at: (name: string) => string;
  /** One line to the socket `cli`. */
  readonly tell: (line: string) => Promise<string>;
}

async function withFairlead(config: string, story: (story: Story) => Promise<void>, args: readonly string[] = []): Promise<void> {
  const fairlead = await Fairlead.start(config, { args });
  const at = (name: string) => join(fairlead.folder, name);
  try {
    await story({ fairlead, at, tell: (line) => fairlead.cli(line) });
  } finally {
    await fairlead.stop('SIGKILL');
  }
}

/** A status over a unix socket, or the system's word for why there is none. */
function status(path: string): Promise<number | string> {
  return new Promise((resolve) => {
    const outgoing = request({ socketPath: path, agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    outgoing.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    outgoing.end();
  });
}

describe('sockets of the Runtime API', () => {
  it('are unix sockets with a mode, and TCP ports, each with its level', async () => {
    const config = 'global\n stats socket %DIR%/cli mode 600 level user\n stats socket ipv4@127.0.0.1:0 level admin\n';
    await withFairlead(config + DEFAULTS + WWW, async ({ at, tell }) => {
      assert.equal(statSync(at('cli')).mode & 0o777, 0o600);
      assert.equal(await tell('show cli level'), 'user\n\n');
      const listed = await tell('show cli sockets');
      const port = Number(/^ipv4@127\.0\.0\.1:(\d+) admin all$/m.exec(listed)?.[1]);
      assert.ok(listed.startsWith(`# socket lvl processes\nunix@${at('cli')} user all\n`), listed);
      const client = new CliClient(port);
      client.send('show cli level\n');
      assert.equal(await client.read('never'), 'admin\n\n');
    });
  });

  it('are enough to run for', async () => {
    const path = mkdtempSync(join(tmpdir(), 'fairlead-cli-'));
    writeFileSync(join(path, 'cfg'), `global\n stats socket ${path}/cli\n`);
    const fairlead = Fairlead.run(['-db', '-f', join(path, 'cfg')]);
    try {
      await until('it answers', () => askCli(join(path, 'cli'), 'show cli level').then((said) => said === 'operator\n\n'));
    } finally {
      await fairlead.stop('SIGKILL');
      rmSync(path, { recursive: true });
    }
  });

  it('answer a client that has closed its side, and then close', async () => {
    await withFairlead(GLOBAL + DEFAULTS + WWW, async ({ tell }) => {
      assert.match(await tell('show info'), /^Name: HAProxy\nVersion: 2\.6\.\S+\n(.*: .*\n)+\n$/);
      assert.equal(await tell('show version;show cli level'), `${await tell('show version')}admin\n\n`);
    });
  });

  it('give slow readers all of a long report', async () => {
    const servers = Array.from({ length: 1000 }, (_, n) => ` server s${n} 127.0.0.1:1\n`).join('');
    await withFairlead(`${GLOBAL}${DEFAULTS}${WWW}backend big\n${servers}`, async ({ at }) => {
      const socket = connect(at('cli'));
      socket.setEncoding('utf8').pause();
      socket.write('show stat typed;show stat\n');
      let text = '';
      socket.on('data', (piece: string) => {
        text += piece;
        socket.pause();
        setImmediate(() => socket.resume());
      });
      socket.resume();
      await once(socket, 'close');
      assert.equal(text.match(/^S\.\d+\.\d+\.1\.svname\.1:KNS:str:s\d+$/gm)?.length, 1001);
      assert.equal(text.match(/^big,s\d+,/gm)?.length, 1000);
    });
  });

  it('close a connection that is idle for stats timeout, which the client may change', async () => {
    await withFairlead(`${GLOBAL} stats timeout 500ms\n${DEFAULTS}${WWW}`, async ({ at }) => {
      const patient = new CliClient(at('cli'));
      patient.send('prompt;set timeout cli 60\n');
      await patient.read('> \n> ');
      const idle = new CliClient(at('cli'));
      assert.equal(await idle.read('never'), '');
      patient.send('show cli level\n');
      assert.equal(await patient.read('> '), 'admin\n\n> ');
      patient.close();
    });
  });

  it('serve stats maxconn connections at once, the others in their turn', async () => {
    await withFairlead(`${GLOBAL} stats maxconn 1\n${DEFAULTS}${WWW}`, async ({ at, tell }) => {
      const first = new CliClient(at('cli'));
      first.send('prompt\n');
      await first.read('> ');
      const second = tell('show cli level');
      first.send('show cli level\n');
      assert.equal(await first.read('> '), 'admin\n\n> ');
      first.close();
      assert.equal(await second, 'admin\n\n');
    });
  });

  it('keep no place for clients that left while they waited for one', async () => {
    await withFairlead(`${GLOBAL} stats maxconn 1\n${DEFAULTS}${WWW}`, async ({ at, tell }) => {
      const first = new CliClient(at('cli'));
      first.send('prompt\n');
      await first.read('> ');
      for (let n = 0; n < 30; n++) {
        const visitor = connect(at('cli'));
        await once(visitor, 'connect');
        visitor.end();
        await once(visitor.resume(), 'close');
      }
      const last = tell('show cli level');
      first.close();
      assert.equal(await last, 'admin\n\n');
    });
  });
});

describe('a reload', () => {
  it('keeps a socket that stays, with its connections, opens new ones and closes what is gone', async () => {
    const sockets = (names: string) => `global\n${names.replaceAll(/\S+/g, ' stats socket %DIR%/$& level admin\n')}`;
    await withFairlead(sockets('cli old') + DEFAULTS + WWW, async ({ fairlead, at, tell }) => {
      const client = new CliClient(at('cli'));
      client.send('prompt\n');
      await client.read('> ');
      fairlead.rewrite(sockets('cli new') + DEFAULTS + WWW);
      fairlead.signal('SIGHUP');
      await until('the new socket listens', () => askCli(at('new'), 'show cli level').then((said) => said === 'admin\n\n'));
      client.send('show cli level\n');
      assert.equal(await client.read('> '), 'admin\n\n> ');
      client.close();
      assert.equal(await tell('show cli level'), 'admin\n\n');
      await assert.rejects(askCli(at('old'), 'show cli level'));
    });
  });

  it('that cannot have all of its sockets changes nothing', async () => {
    await withFairlead(GLOBAL + DEFAULTS + WWW, async ({ fairlead, at, tell }) => {
      fairlead.rewrite(`global\n stats socket %DIR%/new\n stats socket %DIR%/no/such/folder\n${DEFAULTS}${WWW}`);
      fairlead.signal('SIGHUP');
      await fairlead.said(/Binding \[.*:3\] for frontend GLOBAL: cannot bind socket \(.*\) for \[unix@.*\/no\/such\/folder\]/);
      await fairlead.said(/Reload failed, nothing has changed/);
      assert.equal(await tell('show cli level'), 'admin\n\n');
      await assert.rejects(askCli(at('new'), 'show cli level'));
    });
  });
});

describe('a path that cannot be had', () => {
  const sockets = (name: string) => `global\n stats socket %DIR%/cli level admin\n stats socket %DIR%/${name}\n`;

  for (const [whose, config] of [
    ['the Runtime API', `${sockets('taken')}${DEFAULTS}frontend new\n bind unix@%DIR%/new\n`],
    ['a frontend', `${sockets('more')}${DEFAULTS}frontend new\n bind unix@%DIR%/new\n bind unix@%DIR%/taken\n`],
  ] as const) {
    it(`by ${whose} is a reload that changes nothing`, async () => {
      await withFairlead(GLOBAL + DEFAULTS + WWW, async ({ fairlead, at, tell }) => {
        mkdirSync(at('taken'));
        fairlead.rewrite(config);
        fairlead.signal('SIGHUP');
        await fairlead.said(/cannot bind socket \(Is a directory\) for \[unix@.*\/taken\]/);
        await fairlead.said(/Reload failed, nothing has changed/);
        assert.equal(await status(at('new')), 'ENOENT');
        assert.match(await tell('show stat'), /^www,s1,/m);
        assert.deepEqual(
          readdirSync(fairlead.folder).filter((name) => /new|more|taken/.test(name)),
          ['taken'],
        );
        // The next configuration is taken over.
        fairlead.rewrite(`${GLOBAL}${DEFAULTS}listen www\n bind 127.0.0.1:0\n server s2 127.0.0.1:1\n`);
        fairlead.signal('SIGHUP');
        await until('the reload is done', async () => /^www,s2,/m.test(await tell('show stat')));
      });
    });
  }

  it('is no start', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'fairlead-cli-'));
    mkdirSync(join(folder, 'taken'));
    writeFileSync(join(folder, 'cfg'), `global\n stats socket ${folder}/cli\n stats socket ${folder}/taken\n`);
    const { code, output } = runFairlead(['-db', '-f', join(folder, 'cfg')]);
    rmSync(folder, { recursive: true });
    assert.equal(code, 1);
    assert.match(output, /^\[ALERT\].* : Binding \[.*cfg:3\] for frontend GLOBAL: cannot bind socket \(Is a directory\)/m);
    assert.doesNotMatch(output, /^ +at /m);
  });
});

describe('servers', () => {
  it('are taken out of traffic and put back', async () => {
    const servers = await Promise.all(['one', 'two'].map((name) => startUpstream(name)));
    const lines = servers.map(({ address }, n) => ` server s${n + 1} ${address}\n`).join('');
    await withFairlead(`${GLOBAL}${DEFAULTS}listen www\n bind 127.0.0.1:0\n${lines}`, async ({ fairlead, tell }) => {
      const bodies = async () => [(await ask(fairlead.port('www'))).body, (await ask(fairlead.port('www'))).body].sort().join();
      assert.equal(await bodies(), 'one,two');
      assert.equal(await tell('set server www/s1 state maint'), '\n');
      assert.equal(await bodies(), 'two,two');
      assert.equal(await tell('set server www/s1 state ready;set server www/s2 weight 0'), '\n\n');
      assert.equal(await bodies(), 'one,one');
      assert.equal(
        await tell(`set server www/s1 addr 127.0.0.1 port ${servers[1]?.port}`).then((said) => /port changed from/.test(said)),
        true,
      );
      assert.equal(await bodies(), 'two,two');
    });
    await Promise.all(servers.map((server) => server.stop()));
  });

  it('move to another host', async () => {
    const server = await startUpstream('here');
    await withFairlead(
      `${GLOBAL}${DEFAULTS}listen www\n bind 127.0.0.1:0\n server s1 localhost:${server.port}\n`,
      async ({ fairlead, tell }) => {
        const state = async () => /^www,s1,,*.*?,(MAINT[^,]*|no check|UP[^,]*),/m.exec(await tell('show stat www 4 -1'))?.[1];
        const named = async () => (await tell('show servers state')).split('\n')[2]?.split(' ')[17];
        assert.deepEqual([await state(), await named()], ['no check', 'localhost']);
        assert.equal(
          await tell('set server www/s1 fqdn nowhere.invalid'),
          "www/s1 changed its FQDN from localhost to nowhere.invalid by 'stats socket command'\n\n",
        );
        assert.deepEqual([await state(), await named()], ['MAINT (resolution)', 'nowhere.invalid']);
        assert.equal(await tell('set server www/s1 fqdn nowhere.invalid'), "no need to change the FDQN by 'stats socket command'\n\n");
        await tell('set server www/s1 fqdn localhost');
        await until('it is back', async () => (await state()) === 'no check');
        assert.equal((await ask(fairlead.port('www'))).body, 'here');
      },
    );
    await server.stop();
  });

  it('lose their sessions to an operator', async () => {
    const held: ServerResponse[] = [];
    const server = await startUpstream('held', (_request, response) => held.push(response));
    const log = ' log stdout format raw local0\n option httplog\n';
    await withFairlead(
      `${GLOBAL}${DEFAULTS}${log}listen www\n bind 127.0.0.1:0\n server s1 ${server.address}\n`,
      async ({ fairlead, tell }) => {
        const client = await RawClient.connect(fairlead.port('www'));
        client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
        await until('the request is at the server', () => held.length === 1);
        assert.equal(await tell('shutdown sessions server www/s1'), '\n');
        assert.equal((await client.readResponse()).status, 502);
        client.close();
        await fairlead.said(/ www www\/s1 \S+ \S+ \d+ - - K/);
      },
    );
    await server.stop();
  });
});

describe('sessions', () => {
  it('are shown while they have something under way, and ended one by one', async () => {
    const held: ServerResponse[] = [];
    const server = await startUpstream('held', (_request, response) => held.push(response));
    await withFairlead(`${GLOBAL}${DEFAULTS}listen www\n bind 127.0.0.1:0\n server s1 ${server.address}\n`, async ({ fairlead, tell }) => {
      const clients = await Promise.all([0, 1, 2].map(() => RawClient.connect(fairlead.port('www'))));
      for (const client of clients.slice(0, 2)) client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
      await until('the requests are at the server', () => held.length === 2);
      const shown = await tell('show sess');
      const ports = [
        ...shown.matchAll(/^(0x[0-9a-f]+): proto=tcpv4 src=127\.0\.0\.1:(\d+) fe=www be=www srv=s1 ts=00 epoch=0 age=\d+s calls=1 /gm),
      ];
      assert.equal(ports.length, 2, shown);
      const [id = '', port] = ports[0]?.slice(1) ?? [];
      assert.equal(await tell(`show sess ${id}`).then((line) => line.startsWith(`${id}: `)), true);
      assert.equal(await tell(`shutdown session ${id}`), '\n');
      const ended = clients.find(({ socket }) => socket.localPort === Number(port));
      assert.equal((await ended?.readResponse())?.status, 502);
      // Whoever asks has a session, too.
      assert.deepEqual((await tell('show sess')).match(/(?<= fe=)\S+/g), ['www', 'GLOBAL']);
      assert.equal(await tell('shutdown session 0xffff'), "No such session (use 'show sess').\n\n");
      for (const client of clients) client.close();
    });
    await server.stop();
  });
});

describe('frontends', () => {
  it('stop listening and listen again, and never again after a shutdown', async () => {
    const config = `${GLOBAL}${DEFAULTS}listen www\n bind unix@%DIR%/www\n retries 0\n server s1 127.0.0.1:1\n`;
    await withFairlead(config, async ({ at, tell }) => {
      assert.equal(await status(at('www')), 503);
      assert.equal(await tell('disable frontend www'), '\n');
      assert.equal(await status(at('www')), 'ECONNREFUSED');
      assert.match(await tell('show stat www 1 -1'), /^www,FRONTEND,.*,PAUSED,/m);
      assert.equal(await tell('enable frontend www'), '\n');
      assert.equal(await status(at('www')), 503);
      assert.equal(await tell('shutdown frontend www'), '\n');
      assert.equal(await status(at('www')), 'ECONNREFUSED');
      assert.equal(await tell('enable frontend www'), 'Frontend was previously shut down, cannot enable.\n\n');
    });
  });

  it('keep the counters of their sockets, and their clients, while they are paused', async () => {
    const config = `${GLOBAL}${DEFAULTS}frontend www\n bind unix@%DIR%/www name one\n option socket-stats\n`;
    await withFairlead(config, async ({ at, tell }) => {
      const rows = async () =>
        [...(await tell('show stat www -1 -1')).matchAll(/^www,(\w+),,,(\d+),\d+,\d+,(\d+),/gm)].map((row) => row.slice(1));
      const client = new CliClient(at('www'));
      client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
      await client.read('\r\n\r\n');
      const before = [
        ['FRONTEND', '1', '1'],
        ['one', '1', '1'],
      ];
      assert.deepEqual(await rows(), before);
      assert.equal(await tell('disable frontend www'), '\n');
      assert.deepEqual(await rows(), before);
      client.send('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
      assert.match(await client.read('never'), /HTTP\/1\.1 503 /);
      assert.equal(await status(at('www')), 'ECONNREFUSED');
      assert.equal(await tell('enable frontend www'), '\n');
      assert.equal(await status(at('www')), 503);
      assert.deepEqual(await rows(), [
        ['FRONTEND', '0', '2'],
        ['one', '0', '2'],
      ]);
    });
  });

  it('keep what an operator has set while another thing changes, until the next configuration', async () => {
    const config = `${GLOBAL}${DEFAULTS}listen www\n bind unix@%DIR%/www\n maxconn 10\n server s1 127.0.0.1:1\nfrontend other\n bind unix@%DIR%/other\n`;
    await withFairlead(config, async ({ fairlead, at, tell }) => {
      const limit = async () => /^www,FRONTEND,,,\d+,\d+,(\d+),/m.exec(await tell('show stat www 1 -1'))?.[1];
      assert.equal(await limit(), '10');
      assert.equal(await tell('set maxconn frontend www 7;disable frontend other'), '\n\n');
      assert.deepEqual([await limit(), await status(at('other'))], ['7', 'ECONNREFUSED']);
      fairlead.signal('SIGHUP');
      await until('the reload is done', async () => (await limit()) === '10');
      assert.equal(await status(at('other')), 503);
    });
  });
});

describe('a conversation', () => {
  it('as hatop has it', async () => {
    await withFairlead(GLOBAL + DEFAULTS + WWW, async ({ at }) => {
      const client = new CliClient(at('cli'));
      const says = async (line: string): Promise<string> => {
        client.send(`${line}\n`);
        return client.read('\n> ');
      };
      assert.equal(await says('prompt'), '\n> ');
      assert.equal(await says('set timeout cli 60'), '\n> ');
      const info = await says('show info');
      for (const name of [
        'Name',
        'Version',
        'Release_date',
        'Nbproc',
        'Process_num',
        'Pid',
        'Uptime',
        'Maxconn',
        'CurrConns',
        'Maxpipes',
      ]) {
        assert.match(info, new RegExp(`^${name}: \\S`, 'm'));
      }
      assert.match(await says('show stat'), /^# pxname,svname,.*\nwww,FRONTEND,.*\nwww,s1,.*\nwww,BACKEND,.*\n\n> $/);
      assert.equal(await says('disable server www/s1'), '\n> ');
      client.send('quit\n');
      assert.equal(await client.read('never'), '');
    });
  });
});

describe('the master', () => {
  it('answers for itself and its worker, reloads, and ends as HAProxy’s does', async () => {
    await withFairlead(
      DEFAULTS + WWW,
      async ({ fairlead, at }) => {
        const told = (line: string) => askCli(at('master'), line);
        const { pid } = fairlead.process;
        assert.match(
          await told('show proc'),
          new RegExp(`^#<PID> .*\\n${pid} +master +0 \\[failed: 0\\] .*\\n# workers\\n${pid} +worker .*\\n# programs\\n\\n$`),
        );
        assert.match(await told('@1 show backend'), /^# name\nwww\n\n$/);
        assert.equal(
          await told(`@!${pid} get weight www/s1;get weight www/s1`).then((said) => said.startsWith('1 (initial 1)\n\nUnknown command')),
          true,
        );
        assert.equal(await told('@1 operator;show cli level;@1 show cli level'), '\nadmin\n\nadmin\n\n');
        assert.equal(await told('@1;operator;@;show cli level'), 'operator\n\n');
        assert.equal(await told('user;@1 operator;@1 show cli level'), 'Permission denied\n\nuser\n\n');
        assert.equal(await told('@2 show info'), "Can't find the target PID matching the prefix '@2'\n");
        const client = new CliClient(at('master'));
        client.send('prompt\n@1\nget weight www/s1\n@\n');
        assert.equal(await client.read(`${pid}> master> `), `master> ${pid}> 1 (initial 1)\n\n${pid}> master> `);
        client.close();
        fairlead.rewrite(`${DEFAULTS}${WWW}backend more\n`);
        await told('reload');
        await until('the reload is done', async () => (await told('@1 show backend')) === '# name\nwww\nmore\n\n');
        assert.match(await told('show proc'), / master +1 \[failed: 0\] /);
        fairlead.rewrite(`${DEFAULTS}${WWW} nonsense\n`);
        await told('reload');
        const failed = new CliClient(at('master'));
        failed.send('prompt\n');
        assert.equal(await failed.read('> '), 'master[ReloadFailed]> ');
        failed.close();
        assert.deepEqual(await fairlead.stop('SIGINT'), { code: 130, signal: null });
      },
      ['-W', '-S', '%DIR%/master'],
    );
  });
});

describe('SIGINT', () => {
  it('ends -d with 0', async () => {
    await withFairlead(DEFAULTS + WWW, async ({ fairlead }) => assert.deepEqual(await fairlead.stop('SIGINT'), { code: 0, signal: null }), [
      '-d',
    ]);
  });
});
