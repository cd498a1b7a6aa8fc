/** The dashboard and the alerts of examples/monitoring ask for what there is. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { ask } from './support/client.ts';
import { type Family, parseExposition } from './support/exposition.ts';
import { Fairlead } from './support/fairlead.ts';
import { root } from './support/paths.ts';
import { tlsFile } from './support/tls.ts';
import { startUpstream, type Upstream } from './support/upstream.ts';
import { until } from './support/wait.ts';

const folder = join(root, 'examples', 'monitoring');

interface Panel {
  readonly id: number;
  readonly title: string;
  readonly type: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly datasource?: { readonly uid: string };
  readonly targets?: readonly { readonly refId: string; readonly expr: string }[];
}

interface Dashboard {
  readonly panels: readonly Panel[];
  readonly templating: { readonly list: readonly { readonly name: string; readonly type: string; readonly definition?: string }[] };
  readonly annotations: { readonly list: readonly { readonly expr: string }[] };
}

const dashboard = JSON.parse(readFileSync(join(folder, 'dashboard.json'), 'utf8')) as Dashboard;
const alerts = readFileSync(join(folder, 'alerts.yml'), 'utf8');

/** Names of series in PromQL. */
function namesIn(text: string): string[] {
  return text.match(/\b(?:haproxy|fairlead|nodejs|process)_[a-z0-9_]+\b/g) ?? [];
}

describe('the dashboard', () => {
  it('can be imported: panels have ids of their own and do not lie on each other', () => {
    assert.equal(new Set(dashboard.panels.map(({ id }) => id)).size, dashboard.panels.length);
    const cells = new Set<string>();
    for (const { title, gridPos } of dashboard.panels) {
      assert.ok(gridPos.x + gridPos.w <= 24, title);
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++) {
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
          assert.ok(!cells.has(`${x} ${y}`), title);
          cells.add(`${x} ${y}`);
        }
      }
    }
  });

  it('asks the data source, the instances and the proxies that are chosen', () => {
    assert.deepEqual(
      dashboard.templating.list.map(({ name, type }) => `${name} ${type}`),
      ['datasource datasource', 'instance query', 'proxy query'],
    );
    for (const { title, type, datasource, targets = [] } of dashboard.panels) {
      if (type === 'row') continue;
      assert.match(datasource?.uid ?? '', /^\$\{datasource\}$/, title);
      assert.ok(targets.length > 0, title);
      for (const { expr } of targets) {
        assert.match(expr, /instance=~"\$instance"/, title);
        if (/haproxy_(?:frontend|backend|server)_|fairlead_backend_/.test(expr)) assert.match(expr, /proxy=~"\$proxy"/, title);
      }
    }
  });
});

describe('what the program exports', () => {
  let fairlead: Fairlead;
  let server: Upstream;

  before(async () => {
    server = await startUpstream('app');
    const config = readFileSync(join(folder, 'haproxy.cfg'), 'utf8')
      .replace(/:(?:8404|8080)$/gm, ':0')
      .replace(/127\.0\.0\.1:900\d/g, server.address);
    // Certificates are told of where there are some.
    fairlead = await Fairlead.start(`${config}\nfrontend tls\n    bind 127.0.0.1:0 ssl crt ${tlsFile('server')}\n`);
    assert.equal((await ask(fairlead.port('www'))).status, 200);
  });

  after(async () => {
    await fairlead.stop();
    await server.stop();
  });

  async function families(accept: string): Promise<ReadonlyMap<string, Family>> {
    const { headers, body } = await ask(fairlead.port('metrics'), { path: '/metrics', headers: { accept } });
    return parseExposition(body, headers['content-type']?.startsWith('application/openmetrics-text'));
  }

  /** Of both formats: names must not depend on it. */
  async function seriesNames(accept: string): Promise<ReadonlySet<string>> {
    return new Set([...(await families(accept)).values()].flatMap(({ samples }) => samples.map(({ name }) => name)));
  }

  for (const accept of ['text/plain', 'application/openmetrics-text']) {
    it(`has all that the dashboard and the alerts ask for, as ${accept}`, async () => {
      const asked = [
        ...dashboard.panels.flatMap(({ targets = [] }) => targets.flatMap(({ expr }) => namesIn(expr))),
        ...dashboard.templating.list.flatMap(({ definition = '' }) => namesIn(definition.replace('haproxy_(frontend|backend)_status', ''))),
        ...dashboard.annotations.list.flatMap(({ expr }) => namesIn(expr)),
        ...alerts.split('\n').flatMap((line) => namesIn(line)),
      ];
      assert.ok(new Set(asked).size > 40);
      // A log target has series as soon as there is one, and the loop's lateness as soon as it was measured.
      const optional = new Set(['fairlead_log_dropped_total']);
      await until('everything has been measured once', async () => {
        const there = await seriesNames(accept);
        return asked.every((name) => there.has(name) || optional.has(name));
      }).catch(async () => {
        const there = await seriesNames(accept);
        assert.deepEqual(
          asked.filter((name) => !there.has(name) && !optional.has(name)),
          [],
        );
      });
    });
  }

  it('counts in its histograms what it counts in its rows', async () => {
    const before = await families('text/plain');
    for (let i = 0; i < 3; i++) await ask(fairlead.port('www'));
    const found = await families('text/plain');
    const count = (family: ReadonlyMap<string, Family>, of: string, name: string) =>
      family.get(of)?.samples.find((sample) => sample.name === name && sample.labels.get('proxy') === 'app')?.value ?? Number.NaN;
    const requests = 'haproxy_backend_http_requests_total';
    const total = count(found, requests, requests);
    assert.equal(total - count(before, requests, requests), 3);
    for (const name of ['fairlead_backend_request_duration_seconds', 'fairlead_backend_time_to_first_byte_seconds']) {
      assert.equal(count(found, name, `${name}_count`), total, name);
    }
  });
});
