/**
 * A fake engine in a process of its own, so that what it does is not counted as ours: started by crowd.ts, which it talks to
 * over Node's channel.
 */

import { FakeEngine } from './fake-engine.ts';

/** What the parent orders. `n` numbers containers from 0. */
export type EngineOrder =
  | { readonly order: 'run'; readonly name: string }
  | { readonly order: 'kill'; readonly n: number }
  /** So many events about all containers in turn, in bursts of 100. */
  | { readonly order: 'flood'; readonly events: number }
  | { readonly order: 'asked' };

/** What it is told: the monotonic time of the event in ns, or when the flood began; how often something was asked for. */
export type EngineReport =
  | { readonly endpoint: string }
  | { readonly at: string }
  | { readonly flooded: number }
  | { readonly asked: number };

const BURST = 100;

const engine = new FakeEngine();
await engine.listen();
const labels = (n: number) => ({
  'fairlead.host': `h${n}.example.test`,
  'com.docker.compose.project': `project${n % 50}`,
  'com.docker.compose.service': `service${n}`,
  'org.opencontainers.image.description': 'x'.repeat(100),
});
const ids = Array.from({ length: Number(process.argv[2]) }, (_, n) => {
  return engine.create(`web-${n}`, { labels: labels(n), address: `127.${1 + Math.floor(n / 65_536)}.${(n >> 8) & 255}.${n & 255}` });
});
const tell = (report: EngineReport) => process.send?.(report);

function happen(event: () => void): void {
  const at = process.hrtime.bigint().toString();
  event();
  tell({ at });
}

async function flood(events: number): Promise<void> {
  for (let n = 0; n < events; n++) {
    const id = ids[n % ids.length] ?? '';
    engine.state(id, 'running', n % 2 === 0 ? 'unhealthy' : 'healthy');
    engine.emit('health_status: x', id);
    if (n % BURST === BURST - 1) await new Promise((resolve) => setImmediate(resolve));
  }
  for (const id of ids) {
    engine.state(id, 'running', 'healthy');
    engine.emit('health_status: healthy', id);
  }
  tell({ flooded: events + ids.length });
}

process.on('message', (order: EngineOrder) => {
  if (order.order === 'run') happen(() => engine.run(order.name, { labels: { 'fairlead.host': `${order.name}.example.test` } }));
  else if (order.order === 'kill') happen(() => engine.kill(ids[order.n] ?? '', '15'));
  else if (order.order === 'flood') void flood(order.events);
  else tell({ asked: engine.asked.length });
});
process.on('disconnect', () => void engine.dispose());
tell({ endpoint: engine.endpoint });
