/**
 * `checker.js CONFIGURATION SECONDS`: checks the servers of a configuration, in a process that does nothing else. When each
 * has been checked once it measures for so long, and prints a CheckerReport as JSON.
 */

import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import { Backends } from '../../src/backend/backends.ts';
import { loadConfig } from '../../src/config/load.ts';
import { silent } from '../../src/core/log.ts';
import { Wheel } from '../../src/core/wheel.ts';
import { desire, NOTHING } from '../../src/state/desired.ts';
import { diff } from '../../src/state/diff.ts';

export interface CheckerReport {
  /** Servers that were UP at the end. */
  readonly up: number;
  /** CPU time in percent of a core. */
  readonly load: number;
  /** How late the event loop was, in ms: what a request would have waited at most, and 99 of 100 times. */
  readonly latest: number;
  readonly late99: number;
}

const [file = '', seconds = '10'] = process.argv.slice(2);
const { config } = loadConfig([file], { env: {}, cwd: '/' });
if (config === undefined) throw new Error('the configuration is none');
const backends = new Backends({ wheel: new Wheel(), events: silent, spreadChecks: 0 });
backends.apply(diff(NOTHING, desire(config, new Map())));
const servers = backends.all.flatMap((backend) => backend.servers);
while (servers.some((server) => server.verdict === undefined)) await pause(100);
// Code is compiled by then.
await pause(3000);
const delay = monitorEventLoopDelay({ resolution: 1 });
delay.enable();
const from = process.cpuUsage();
const since = performance.now();
await pause(Number(seconds) * 1000);
const { user, system } = process.cpuUsage(from);
const took = performance.now() - since;
delay.disable();
const report: CheckerReport = {
  up: servers.filter((server) => server.statusText() === 'UP').length,
  load: (user + system) / 10 / took,
  latest: delay.max / 1e6 - 1,
  late99: delay.percentile(99) / 1e6 - 1,
};
process.stdout.write(`${JSON.stringify(report)}\n`);
process.exit();
