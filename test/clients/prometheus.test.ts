/** Prometheus itself, from Debian's package: what it makes of the metrics, of the example's alerts and of its dashboard. */

import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { ask } from '../support/client.ts';
import { Fairlead } from '../support/fairlead.ts';
import { root } from '../support/paths.ts';
import { startUpstream, type Upstream } from '../support/upstream.ts';
import { until } from '../support/wait.ts';
import { installed, missing } from './programs.ts';

const example = join(root, 'examples', 'monitoring');

/** What `promtool check metrics` has to say; HAProxy's own metrics get the same. */
const COMPLAINTS = 'haproxy_process_failed_resolutions counter metrics should have "_total" suffix\n';

interface Dashboard {
  readonly panels: readonly { readonly title: string; readonly targets?: readonly { readonly expr: string }[] }[];
}

/** `[title, PromQL]`, with what Grafana puts in. */
const panels = (JSON.parse(readFileSync(join(example, 'dashboard.json'), 'utf8')) as Dashboard).panels.flatMap(({ title, targets = [] }) =>
  targets.map(({ expr }) => [title, expr.replace(/\$(?:instance|proxy)/g, '.*').replaceAll('$__rate_interval', '4s')] as const),
);

let fairlead: Fairlead;
let server: Upstream;

before(async () => {
  server = await startUpstream('app');
  const config = readFileSync(join(example, 'haproxy.cfg'), 'utf8')
    .replace(/:(?:8404|8080)$/gm, ':0')
    .replace(/127\.0\.0\.1:900\d/g, server.address);
  fairlead = await Fairlead.start(config);
});

after(async () => {
  await fairlead.stop();
  await server.stop();
});

function promtool(args: readonly string[], input = '') {
  const { status, stdout, stderr } = spawnSync('promtool', args, { encoding: 'utf8', input, timeout: 20_000 });
  return { status, output: stdout + stderr };
}

describe('promtool', { skip: missing('promtool', 'prometheus') }, () => {
  it('finds no more to say of our metrics than of HAProxy’s', async () => {
    const { body } = await ask(fairlead.port('metrics'), { path: '/metrics' });
    assert.equal(promtool(['check', 'metrics'], body).output, COMPLAINTS);
  });

  it('takes the example’s configuration and alerts', () => {
    const { status, output } = promtool(['check', 'config', join(example, 'prometheus.yml')]);
    assert.equal(status, 0, output);
  });
});

describe('Prometheus', { skip: missing('prometheus', 'prometheus') }, () => {
  let folder: string;
  let prometheus: ChildProcess;
  let port: number;
  let output = '';

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'fairlead-prometheus-'));
    port = await freePort();
    const config = readFileSync(join(example, 'prometheus.yml'), 'utf8')
      .replaceAll(/_interval: 15s/g, '_interval: 500ms')
      .replace('127.0.0.1:8404', `127.0.0.1:${fairlead.port('metrics')}`)
      .replace('alerts.yml', join(example, 'alerts.yml'));
    writeFileSync(join(folder, 'prometheus.yml'), config);
    const args = [`--config.file=${join(folder, 'prometheus.yml')}`, `--storage.tsdb.path=${folder}/data`];
    prometheus = spawn(installed('prometheus') as string, [...args, `--web.listen-address=127.0.0.1:${port}`], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    prometheus.stderr?.on('data', (bytes: Buffer) => {
      output += bytes.toString();
    });
    await until('Prometheus has scraped', async () => {
      if (prometheus.exitCode !== null) throw new Error(output);
      return (await query('up')).some(({ value }) => value[1] === '1');
    });
  });

  after(async () => {
    prometheus.kill();
    if (prometheus.exitCode === null) await once(prometheus, 'exit');
    rmSync(folder, { recursive: true });
  });

  async function get(path: string) {
    const { status, body } = await ask(port, { path });
    const { data, error } = JSON.parse(body || '{}');
    assert.equal(status, 200, error);
    return data;
  }

  async function query(
    expression: string,
  ): Promise<readonly { readonly metric: Record<string, string>; readonly value: readonly [number, string] }[]> {
    const answer = await get(`/api/v1/query?query=${encodeURIComponent(expression)}`).catch(() => ({ result: [] }));
    return answer.result;
  }

  it('scrapes OpenMetrics without dropping anything', async () => {
    const { activeTargets } = await get('/api/v1/targets');
    assert.deepEqual(
      activeTargets.map(({ health, lastError }: Record<string, string>) => [health, lastError]),
      [['up', '']],
    );
    // The loop's lateness may not have been measured between two scrapes that follow each other closely.
    await until('Prometheus has as many samples as there are', async () => {
      const headers = { accept: 'application/openmetrics-text' };
      const { body } = await ask(fairlead.port('metrics'), { path: '/metrics', headers });
      const samples = body.split('\n').filter((line) => line !== '' && !line.startsWith('#')).length;
      const [scraped] = await query('scrape_samples_scraped');
      return samples > 400 && Number(scraped?.value[1]) === samples;
    });
  });

  it('has an answer for every panel of the dashboard', async () => {
    // Quantiles and shares need traffic between two scrapes.
    let traffic = true;
    const client = (async () => {
      while (traffic) await ask(fairlead.port('www'));
    })();
    // Without log targets, and with every server up, there is nothing to show.
    const quiet = new Set(['Log lines dropped', 'Servers that are not up']);
    let empty: readonly string[] = [];
    await until('no panel is empty', async () => {
      const found = await Promise.all(
        panels.map(async ([title, expr]) => ((await query(expr)).length > 0 || quiet.has(title) ? [] : [`${title}: ${expr}`])),
      );
      empty = found.flat();
      return empty.length === 0;
    }).catch(() => assert.deepEqual(empty, []));
    traffic = false;
    await client;
  });
});

async function freePort(): Promise<number> {
  const listener = createServer().listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const address = listener.address();
  listener.close();
  await once(listener, 'close');
  assert.ok(address !== null && typeof address === 'object');
  return address.port;
}
