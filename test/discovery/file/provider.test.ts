import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, unlinkSync, utimesSync, watch, writeFileSync } from 'node:fs';
import files from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, it, mock } from 'node:test';
import type { Config, FileServersConfig } from '../../../src/config/model.ts';
import { FileProvider } from '../../../src/discovery/file/provider.ts';
import { readView } from '../../../src/discovery/file/view.ts';
import type { Snapshot } from '../../../src/discovery/provider.ts';
import { until } from '../../support/wait.ts';
import { config, place, proxy, server } from '../make.ts';

/** Looks so rarely that whatever a test sees was told by the system; and one that looks alone. */
const TOLD = { look: 600_000, quiet: 5 };
const LOOKING = { look: 10, quiet: 5 };

let folder: string;
let path: string;
let abort: AbortController;
let published: Snapshot[];
let running: Promise<void>[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fairlead-file-'));
  path = join(folder, 'servers.yaml');
  abort = new AbortController();
  published = [];
  running = [];
});

afterEach(async () => {
  abort.abort();
  await Promise.all(running);
  rmSync(folder, { recursive: true });
});

function lineOf(more: Partial<FileServersConfig> = {}): FileServersConfig {
  return { place, file: 'servers.yaml', path, template: server('', { maxconn: 9 }), ...more };
}

function start(timings = TOLD, configuration?: Config): FileProvider {
  const provider = new FileProvider(path, configuration ?? config([proxy('app', { fileServers: [lineOf()] })]), timings);
  running.push(provider.run((snapshot) => published.push(snapshot), abort.signal));
  return provider;
}

const now = (pool = 'app') => published.at(-1)?.pools.get(pool);
const names = () => now()?.map(({ config: { name } }) => name);
const notes = () => published.at(-1)?.notes.map(({ level, subject, message }) => `${level} ${subject.replace(folder, '')} ${message}`);

async function are(...expected: string[]): Promise<void> {
  await until(`the servers are ${expected}`, () => JSON.stringify(names()) === JSON.stringify(expected)).catch((error: unknown) => {
    throw new Error(`they are ${names()}; ${notes()}`, { cause: error });
  });
}

/** As editors and configuration management write. */
function replace(text: string): void {
  writeFileSync(`${path}.new`, text);
  renameSync(`${path}.new`, path);
}

describe('a file as a source', () => {
  it('gives its servers the words of the line under those of the file, and a name and an identity of their own', async () => {
    writeFileSync(path, '- 192.0.2.1:80\n- {name: b, address: "192.0.2.2:80", maxconn: 3, weight: 7}\n');
    start();
    await are('192.0.2.1:80', 'b');
    const [first, second] = now() ?? [];
    assert.deepEqual(
      [first, second].map((one) => [one?.config.identity, one?.config.maxconn, one?.config.weight, one?.config.origin.replace(folder, '')]),
      [
        ['file 192.0.2.1:80', 9, 1, '/servers.yaml:1'],
        ['file b', 3, 7, '/servers.yaml:2'],
      ],
    );
    assert.deepEqual(notes(), []);
  });

  for (const [how, timings] of [
    ['as the system tells', TOLD],
    ['by looking', LOOKING],
  ] as const) {
    it(`follows what is written in place, renamed over, taken away and made again, ${how}`, async () => {
      writeFileSync(path, '- 192.0.2.1:1\n');
      start(timings);
      await are('192.0.2.1:1');
      writeFileSync(path, '- 192.0.2.1:1\n- 192.0.2.2:1\n');
      await are('192.0.2.1:1', '192.0.2.2:1');
      replace('- 192.0.2.3:1\n');
      await are('192.0.2.3:1');
      unlinkSync(path);
      await until('it is missed', () => notes()?.length === 1);
      assert.deepEqual(notes(), ['warning /servers.yaml it does not exist; keeping the 1 servers that it listed before']);
      assert.deepEqual(names(), ['192.0.2.3:1']);
      writeFileSync(path, '- 192.0.2.4:1\n');
      await are('192.0.2.4:1');
      assert.deepEqual(notes(), []);
    });

    it(`follows links that are swapped, as Kubernetes swaps them, ${how}`, async () => {
      const version = (name: string, text: string) => {
        mkdirSync(join(folder, name));
        writeFileSync(join(folder, name, 'servers.yaml'), text);
      };
      version('..1', '- 192.0.2.1:1\n');
      symlinkSync('..1', join(folder, '..data'));
      symlinkSync('..data/servers.yaml', path);
      start(timings);
      await are('192.0.2.1:1');
      version('..2', '- 192.0.2.2:1\n');
      symlinkSync('..2', join(folder, '..data_tmp'));
      renameSync(join(folder, '..data_tmp'), join(folder, '..data'));
      rmSync(join(folder, '..1'), { recursive: true });
      await are('192.0.2.2:1');
    });
  }

  it('does not keep anybody waiting where there is no file yet, nor its directory', async () => {
    path = join(folder, 'later', 'servers.yaml');
    start(LOOKING);
    await are();
    assert.deepEqual(notes(), ['warning /later/servers.yaml it does not exist']);
    mkdirSync(dirname(path));
    writeFileSync(path, '- 192.0.2.1:1\n');
    await are('192.0.2.1:1');
  });

  it('keeps the last list while the file is broken, says where, and says it once', async () => {
    writeFileSync(path, '- 192.0.2.1:1\n- 192.0.2.2:1\n');
    const provider = start();
    await are('192.0.2.1:1', '192.0.2.2:1');
    const before = published.length;
    writeFileSync(path, '- 192.0.2.1:1\n- {name: b, addr');
    await until('it is noticed', () => provider.trouble !== '');
    assert.deepEqual(names(), ['192.0.2.1:1', '192.0.2.2:1']);
    assert.match(notes()?.[0] ?? '', /^error \/servers.yaml:2:\d+ .*; keeping the 2 servers that it listed before$/);
    assert.equal(published.length, before + 1);
    assert.deepEqual(provider.counts, { events: 1, failures: 1 });
    writeFileSync(path, '- 192.0.2.2:1\n');
    await are('192.0.2.2:1');
    assert.equal(provider.trouble, '');
  });

  it('keeps the last list while the file may not be read', { skip: process.getuid?.() === 0 && 'root reads everything' }, async () => {
    writeFileSync(path, '- 192.0.2.1:1\n');
    start();
    await are('192.0.2.1:1');
    chmodSync(path, 0);
    await until('it is noticed', () => notes()?.length === 1);
    assert.deepEqual(names(), ['192.0.2.1:1']);
  });

  it('has nothing new to say of a text that is the same', async () => {
    const first = await readView(path, { text: '- 192.0.2.1:1\n' }, undefined);
    assert.equal(await readView(path, { text: '- 192.0.2.1:1\n' }, first), first);
    const gone = await readView(path, { problem: 'it does not exist' }, first);
    assert.deepEqual(await readView(path, { text: '- 192.0.2.1:1\n' }, gone), first);
  });

  it('looks but once when something is written beside it, and again after a moment only', async () => {
    writeFileSync(path, '- 192.0.2.1:1\n');
    utimesSync(path, new Date(), new Date(Date.now() - 3_600_000));
    const stat = mock.method(files, 'stat');
    syncBuiltinESMExports();
    // A moment that no test lives to see the end of.
    start({ look: 600_000, quiet: 600_000 });
    try {
      await are('192.0.2.1:1');
      let events = 0;
      const watcher = watch(folder, () => events++);
      const before = stat.mock.callCount();
      for (let round = 1; round <= 20; round++) {
        const seen = events;
        writeFileSync(join(folder, 'beside'), String(round));
        await until('the system has told', () => events > seen);
      }
      watcher.close();
      assert.ok(stat.mock.callCount() <= before + 2, `${stat.mock.callCount() - before} looks`);
    } finally {
      stat.mock.restore();
      syncBuiltinESMExports();
    }
  });

  it('reads no list that would keep everybody waiting', async () => {
    writeFileSync(path, `- 192.0.2.1:1\n#${' '.repeat(1_048_576)}`);
    start();
    await until('it is told', () => notes()?.length === 1);
    assert.deepEqual(notes(), ['warning /servers.yaml it has more than 1 MiB']);
  });

  it('reads a file whose time lies ahead', async () => {
    writeFileSync(path, '- 192.0.2.1:1\n');
    utimesSync(path, new Date(), new Date(Date.now() + 3_600_000));
    start();
    await are('192.0.2.1:1');
  });

  it('tells the place of a value that the row refuses, once for both sections that use the file', async () => {
    writeFileSync(path, '- 192.0.2.1:1\n- name: b\n  address: 192.0.2.2:1\n  weight: 999\n- 192.0.2.3:1 tfo\n- 192.0.2.4:1 wieght 3\n');
    const two = config([proxy('app', { fileServers: [lineOf()] }), proxy('api', { fileServers: [lineOf()] })]);
    start(TOLD, two);
    await are('192.0.2.1:1');
    assert.deepEqual(now('api')?.length, 1);
    const told = notes() ?? [];
    assert.equal(told.length, 3);
    assert.match(told[0] ?? '', /^error \/servers.yaml:4:3 server 'b': .*weight/);
    assert.match(told[1] ?? '', /^error \/servers.yaml:5:3 server '192.0.2.3:1': .*tfo/);
    assert.match(told[2] ?? '', /^error \/servers.yaml:6:3 server '192.0.2.4:1': unknown keyword 'wieght'; did you mean 'weight'\?$/);
  });

  it('puts a server down, or lets it drain, as the file says', async () => {
    writeFileSync(
      path,
      '- {name: a, address: "192.0.2.1:1", state: drain, reason: moving}\n- {name: b, address: "192.0.2.1:2", state: maint}\n',
    );
    start();
    await are('a', 'b');
    assert.deepEqual(
      now()?.map(({ state, reason }) => `${state}: ${reason}`),
      ['drain: moving', 'down: the file says maint'],
    );
  });

  it('looks names up, and keeps a server down whose name has no address', async () => {
    writeFileSync(path, '- localhost:80\n- {name: b, address: "no.such.name.invalid:80"}\n');
    start();
    await until('the name is known', () => now()?.[0]?.state === 'ready');
    assert.equal(now()?.[0]?.config.address, '127.0.0.1');
    await until('the other one is asked', () => /does not resolve|cannot be resolved/.test(now()?.[1]?.reason ?? ''));
    assert.equal(now()?.[1]?.state, 'down');
  });

  it('reports each entry and what is wrong with the others', async () => {
    writeFileSync(path, '- {name: a, address: "192.0.2.1:80"}\n- {name: a, address: "192.0.2.2:80"}\n');
    const provider = start();
    assert.deepEqual(provider.report(), []);
    await are('a');
    const reports = provider.report().map(({ name, state, uses, reasons }) => ({
      name: name.replace(folder, ''),
      state,
      uses: uses.map(({ line, backend, server: { address } }) => `${line.keyword} ${backend} ${address}`),
      reasons: reasons.map(({ message }) => message),
    }));
    assert.deepEqual(reports, [
      { name: 'a', state: 'ready', uses: ['file-servers app 192.0.2.1'], reasons: [] },
      { name: '/servers.yaml:2:3', state: 'refused', uses: [], reasons: ["'a' is listed in line 1 already"] },
    ]);
  });
});
