/** `fairlead render` as a program: of the balancer that runs, of its sources where none runs, and of what `docker inspect` prints. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { after, before, describe, it } from 'node:test';
import { renderCommand } from '../../src/render-command.ts';
import { FakeEngine } from '../discovery/docker/fake-engine.ts';
import { Fairlead } from '../support/fairlead.ts';
import { program } from '../support/paths.ts';
import { until } from '../support/wait.ts';

interface Said {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

async function run(words: readonly string[], cwd: string, env: Readonly<Record<string, string>> = {}, input = ''): Promise<Said> {
  const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()];
  stdin.end(input);
  const self = { hostname: 'here', mountinfo: undefined };
  const code = await renderCommand(words, { env, cwd, stdin, stdout, stderr, self, version: '9.9' });
  return { code, out: textOf(stdout), err: textOf(stderr) };
}

function textOf(stream: PassThrough): string {
  let text = '';
  for (let piece = stream.read(); piece !== null; piece = stream.read()) text += piece;
  return text;
}

const CONFIG = `global
    stats socket %DIR%/cli level admin
    stats socket %DIR%/operator level operator

defaults
    mode http
    timeout connect 1s
    timeout client 1s
    timeout server 1s

backend app
    docker-servers image=app maxconn 32
listen a
    bind 127.0.0.1:0
`;

describe('fairlead render', () => {
  let engine: FakeEngine;
  let fairlead: Fairlead;
  let id = '';

  before(async () => {
    engine = new FakeEngine();
    await engine.listen();
    id = engine.create('app-1', { image: 'app' }).slice(0, 12);
    fairlead = await Fairlead.start(CONFIG, { env: { DOCKER_HOST: engine.endpoint } });
  });

  after(async () => {
    await fairlead.stop();
    await engine.dispose();
  });

  const expected = () =>
    `\n${CONFIG.replaceAll('%DIR%', fairlead.folder).replace(/ {4}(docker-servers.*)/, `    # $1\n    server ${id} 172.17.0.2:8089 maxconn 32`)}`;
  const withoutHead = (text: string) => text.replace(/^(#.*\n)+/, '');

  it('asks the balancer that runs', async () => {
    for (const words of [
      ['-S', 'cli'],
      ['-f', 'haproxy.cfg'],
    ]) {
      const { code, out, err } = await run(words, fairlead.folder);
      assert.deepEqual([code, err], [0, '']);
      assert.match(out, /^# .*haproxy\.cfg, with the servers and routes that Fairlead \d+\.\d+\.\d+ knew at \d{4}-\d\d-\d\dT/);
      assert.equal(withoutHead(out), expected());
    }
  });

  it('has no line within its answer at the Runtime API that would end it', async () => {
    assert.doesNotMatch((await fairlead.cli('show config')).trimEnd(), /\n\n/);
  });

  it('tells passwords to nobody but administrators', async () => {
    const { code, out, err } = await run(['-S', 'operator'], fairlead.folder);
    assert.deepEqual([code, out], [2, '']);
    assert.match(err, /operator: Permission denied \(passwords are in it: 'render' needs level admin\)/);
  });

  it('says which sources are silent, and ends with 1: what has not spoken yet, and what is away', async () => {
    const own = new FakeEngine();
    await own.listen();
    own.create('app-1', { image: 'app' });
    const engines = `docker none\n    endpoint unix:///nonexistent/docker.sock\ndocker here\n    endpoint ${own.endpoint}\n`;
    const other = await Fairlead.start(`${engines}${CONFIG.replace('image=app', 'image=app engine=none,here')}`);
    try {
      const ask = () => run(['-S', 'cli'], other.folder);
      const missing = /^(?:# |fairlead: )source docker\/none has not answered \(.*\): its servers and routes are missing here$/m;
      const { code, out, err } = await ask();
      assert.equal(code, 1);
      assert.match(out, missing);
      assert.match(err, missing);
      assert.doesNotMatch(out, /source docker\/here/);
      await own.dispose();
      await until('it is away', async () => (await ask()).err.includes('source docker/here is away'));
      assert.match((await ask()).out, /^# source docker\/here is away \(.*\): its servers and routes are what it said last$/m);
    } finally {
      await other.stop();
      await own.dispose();
    }
  });

  it('says once that a configuration cannot be read, and asks nobody then', async () => {
    const { code, err } = await run(['-f', '/nonexistent/haproxy.cfg'], fairlead.folder);
    assert.equal(code, 2);
    assert.doesNotMatch(err, /sources are asked instead/);
    assert.equal(err.match(/nonexistent/g)?.length, 1);
  });

  it('asks the sources where no balancer runs', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'fairlead-render-'));
    writeFileSync(
      join(folder, 'haproxy.cfg'),
      CONFIG.replaceAll('%DIR%', fairlead.folder).replaceAll('/cli', '/none').replaceAll('/operator', '/nobody'),
    );
    const { code, out, err } = await run(['-f', 'haproxy.cfg'], folder, { DOCKER_HOST: engine.endpoint });
    rmSync(folder, { recursive: true });
    assert.equal(code, 0);
    assert.match(err, /^fairlead: .*none: there is no such socket; sources are asked instead\n$/);
    assert.match(out, /^# haproxy\.cfg, with the servers and routes that Fairlead 9\.9 knew at /);
    assert.equal(withoutHead(out), expected().replaceAll('/cli', '/none').replaceAll('/operator', '/nobody'));
  });

  const refused: readonly (readonly [words: string, err: RegExp])[] = [
    ['-S /nonexistent/cli', /\/nonexistent\/cli: there is no such socket/],
    ['-f /nonexistent/haproxy.cfg', /the configuration has errors/],
    ['--imag a', /unknown option '--imag' of 'render'; did you mean '--image'\?/],
    ['--image a', /'--image' and '--template' stand together/],
    ['--image a --template b -f c', /containers come from standard input/],
    ['--port 80', /'--port' stands with --image and --template alone/],
    ['--image a --template b --port x', /'--port': invalid character 'x'/],
    ['--image a --template /nonexistent/b', /\/nonexistent\/b cannot be read/],
    ['-f', /'-f' expects a value/],
  ];
  for (const [words, err] of refused) {
    it(`fails with 2: ${words}`, async () => {
      const said = await run(words.split(' '), fairlead.folder);
      assert.deepEqual([said.code, said.out], [2, '']);
      assert.match(said.err, err);
    });
  }
});

describe('docker inspect ... | fairlead render', () => {
  const template = '    global\n        maxconn 256\n\n    listen http-in\n    bind *:80\n';
  const inspected = JSON.stringify([
    {
      Config: { Image: 'eviking/mydockerapp', Hostname: 'a137d48a862d' },
      NetworkSettings: { IPAddress: '172.17.0.4', Ports: { '8089/tcp': null } },
    },
    {
      Config: { Image: 'eviking/mydockerapp', Hostname: '32da762ec20d' },
      NetworkSettings: { IPAddress: '172.17.0.3', Ports: { '8089/tcp': null } },
    },
  ]);
  let folder = '';

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'fairlead-inspected-'));
    writeFileSync(join(folder, 'haproxyCFG.template'), template);
  });
  after(() => rmSync(folder, { recursive: true }));

  const words = ['--image', 'eviking/mydockerapp', '--template', 'haproxyCFG.template'];
  const servers = '    server a137d48a862d 172.17.0.4:8089 maxconn 32\n    server 32da762ec20d 172.17.0.3:8089 maxconn 32\n';

  it('prints the template and the servers, as the script did', () => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [program, 'render', ...words], {
      cwd: folder,
      input: inspected,
      encoding: 'utf8',
    });
    assert.deepEqual([status, stdout, stderr], [0, `${template}\n${servers}`, '']);
  });

  it('takes another port and other parameters', async () => {
    const { out } = await run([...words, '--port=80', '--parameters', 'check inter 2s'], folder, {}, inspected);
    assert.match(out, /\n {4}server a137d48a862d 172\.17\.0\.4:80 check inter 2s\n/);
    assert.match((await run([...words, '--parameters', ''], folder, {}, inspected)).out, /172\.17\.0\.3:8089\n$/);
  });

  it('prints no half of a configuration', async () => {
    const said = await run(words, folder, {}, inspected.replace('"8089/tcp":null', '"1/tcp":null,"2/tcp":null'));
    assert.deepEqual([said.code, said.out], [1, '']);
    assert.match(said.err, /^fairlead: .*it exposes the ports 1, 2; name the one to use with --port\n$/);
    assert.match((await run(words, folder, {}, 'nonsense')).err, /standard input is no JSON/);
  });

  it('says that there is no such container', async () => {
    const said = await run(['--image', 'other', ...words.slice(2)], folder, {}, inspected);
    assert.deepEqual(said, { code: 0, out: `${template}\n`, err: 'fairlead: no container of image other runs\n' });
  });
});
