/** The process as its statistics tell of it: one that has just started. */

import { loadText } from '../../src/config/load.ts';
import { ProcessCounters } from '../../src/core/counters.ts';
import type { ProcessState } from '../../src/stats/info.ts';
import type { ProcessFacts } from '../../src/stats/page.ts';
import type { StatsProxy } from '../../src/stats/rows.ts';

export const PROCESS_FACTS: ProcessFacts = {
  version: '0.1.0',
  released: '2026/11/21',
  pid: 1,
  node: 'edge1',
  startedAt: 0,
  maxconn: 200,
  connections: () => 0,
  idle: () => 100,
  bytesOutRate: () => 0,
};

export function processState(proxies: readonly StatsProxy[] = []): ProcessState {
  const { config } = loadText('global\n    maxconn 200\n', 'test.cfg', { env: {} });
  if (config === undefined) throw new Error('a configuration of two lines is refused');
  return {
    facts: PROCESS_FACTS,
    spoken: '2.6.12',
    startedAt: 1_700_000_000,
    descriptors: 1024,
    config,
    proxies,
    stopping: false,
    cli: { sockets: 0, current: 0, accepted: 0, bytesOut: 0 },
    counters: new ProcessCounters(),
    rateLimits: { connections: 0, sessions: 0, sslSessions: 0, compression: 0 },
    timers: 0,
    ready: 0,
    droppedLogs: 0,
    failedResolutions: 0,
    bytesOutRate: () => 0,
  };
}
