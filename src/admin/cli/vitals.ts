/**
 * Commands about how the process runs. HAProxy tells here of its own scheduler, memory pools and threads; the lines are the
 * same, and what they say is true of this process: its event loop, its heap, its one thread. What there is none of is 0.
 */

import { performance } from 'node:perf_hooks';
import { getHeapSpaceStatistics } from 'node:v8';
import { wall } from '../../core/clock.ts';
import { Level } from '../../core/log.ts';
import { processTotals } from '../../stats/info.ts';
import { type Answer, allows, type Call, type Command, DENIED, DONE, data, refuse, refuseUnended } from './command.ts';
import { showDescriptors } from './descriptors.ts';
import { showLibraries } from './libraries.ts';

// --- activity -------------------------------------------------------------------------------------------------------

/** What libuv counts of its loop; Node 20 does so in its later versions. */
interface LoopMetrics {
  readonly loopCount: number;
  readonly events: number;
  readonly eventsWaiting: number;
}

function loopMetrics(): LoopMetrics {
  const { uvMetricsInfo } = performance.nodeTiming as unknown as { readonly uvMetricsInfo?: LoopMetrics };
  return uvMetricsInfo ?? { loopCount: 0, events: 0, eventsWaiting: 0 };
}

/** All of HAProxy's lines in its order; of those that nothing corresponds to, the value is 0. */
function showActivity({ runtime }: Call): Answer {
  const { loopCount, events, eventsWaiting } = loopMetrics();
  const { active } = performance.eventLoopUtilization();
  const { connections, requests } = processTotals(runtime);
  const usage = runtime.usage();
  const values: Readonly<Record<string, string | number>> = {
    thread_id: '1 (1..1)',
    date_now: (wall() / 1000).toFixed(6),
    ctxsw: usage.voluntaryContextSwitches + usage.involuntaryContextSwitches,
    tasksw: events,
    empty_rq: 0,
    long_rq: 0,
    loops: loopCount,
    wake_tasks: eventsWaiting,
    wake_signal: 0,
    poll_io: events,
    poll_exp: 0,
    poll_drop_fd: 0,
    poll_skip_fd: 0,
    conn_dead: 0,
    stream_calls: requests,
    pool_fail: 0,
    buf_wait: 0,
    cpust_ms_tot: 0,
    cpust_ms_1s: 0,
    cpust_ms_15s: 0,
    avg_loop_us: loopCount === 0 ? 0 : Math.round((active * 1000) / loopCount),
    accepted: connections,
    accq_pushed: 0,
    accq_full: 0,
    accq_ring: 0,
    fd_takeover: 0,
  };
  return data(...Object.entries(values).map(([name, value]) => `${name}: ${value}\n`));
}

// --- memory ---------------------------------------------------------------------------------------------------------

/** The spaces of the heap, in HAProxy's words for its pools: an element is a byte. */
function showPools(): Answer {
  const spaces = getHeapSpaceStatistics().map(({ space_name: name, space_size: size, space_used_size: used }) => ({ name, size, used }));
  const lines = spaces.map(
    ({ name, size, used }) =>
      `  - Pool ${name} (1 bytes) : ${size} allocated (${size} bytes), ${used} used (~0 by thread caches), needed_avg ${used}, 0 failures, 1 users\n`,
  );
  const sum = (of: 'size' | 'used'): number => spaces.reduce((total, space) => total + space[of], 0);
  const total = `Total: ${spaces.length} pools, ${sum('size')} bytes allocated, ${sum('used')} used (~0 by thread caches).\n`;
  return data('Dumping the spaces of the heap.\n', ...lines, total);
}

// --- threads and tasks ----------------------------------------------------------------------------------------------

function showThreads({ runtime }: Call): Answer {
  const { userCPUTime, systemCPUTime } = runtime.usage();
  const { idle } = performance.eventLoopUtilization();
  return data(
    `* Thread 1 : act=1 glob=0 wq=${Number(runtime.timers > 0)} rq=${Number(runtime.ready > 0)} tl=0 tlsz=0 rqsz=${runtime.ready}\n`,
    '      1/1    stuck=0 prof=0 harmless=0 wantrdv=0\n',
    `             cpu_ns: now=${(userCPUTime + systemCPUTime) * 1000} idle=${Math.round(idle * 1e6)}\n`,
  );
}

const TASKS = '  function                     places     %    lat_tot   lat_avg\n';

/** What is ready to run has no functions to be told apart by. */
function showTasks({ runtime: { ready } }: Call): Answer {
  const line = ready === 0 ? '' : `  deferred${String(ready).padStart(27)} 100.0\n`;
  return data(`Running tasks: ${ready} (1 threads)\n`, TASKS, line);
}

// --- what HAProxy measures and Fairlead does not --------------------------------------------------------------------

const PROFILED = ['all', 'status', 'tasks', 'memory', 'byaddr'];
const PROFILING =
  'Per-task CPU profiling              : off           # node --cpu-prof\nMemory usage profiling              : off           # node --heap-prof\n';
const ACTIVITY = 'Tasks activity:\n  function                      calls   cpu_tot   cpu_avg   lat_tot   lat_avg\n';

function showProfiling({ args }: Call): Answer {
  const wrong = args.find((word) => !PROFILED.includes(word) && !/^\d+$/.test(word));
  if (wrong !== undefined) return refuse("Expects either 'all', 'status', 'tasks', 'memory', 'byaddr' or a max number of output lines.");
  if (args.includes('memory')) return DONE;
  return data(...(args.includes('tasks') ? [] : [PROFILING]), ...(args.includes('status') ? [] : [ACTIVITY]));
}

function setProfiling({ args: [what, how] }: Call): Answer {
  if (what !== 'tasks' && what !== 'memory') return refuse("Expects either 'tasks' or 'memory'.");
  if (what === 'tasks' && (how === 'off' || how === 'auto')) return DONE;
  if (what === 'memory') return refuse('Memory profiling not compiled in.');
  return refuse(how === 'on' ? 'Profiling is done by Node, from the start on: --cpu-prof.' : "Expects 'on', 'auto', or 'off'.");
}

const SOURCES = 'Supported trace sources and states (.=stopped, w=waiting, R=running) :\n';

/** There are no sources. */
function showTrace({ args: [source], state }: Call): Answer {
  if (source === undefined) return data(SOURCES);
  return allows(state.level, 'operator') ? refuseUnended('No such trace source') : DENIED;
}

function trace(call: Call): Answer {
  return call.args[0] === '0' ? { kind: 'message', severity: Level.Notice, text: 'All traces now stopped' } : showTrace(call);
}

// --- what was written -----------------------------------------------------------------------------------------------

const SINK = 'log';

/** There is one sink: the targets of all `log` lines. Nothing is kept in memory of what is written there. */
function showEvents({ args: [sink], runtime, state }: Call): Answer {
  if (sink === undefined) {
    const line = `    ${SINK.padEnd(11)}: type=fd, ${runtime.droppedLogs} dropped, targets of 'log' lines\n`;
    return data('Supported events sinks are listed below. Add -w(wait), -n(new). Any key to stop\n', line);
  }
  if (!allows(state.level, 'operator')) return DENIED;
  return refuseUnended(sink === SINK ? 'Nothing to report for this sink' : 'No such event sink');
}

function showStartupLogs({ runtime: { startupLogs } }: Call): Answer {
  return data(startupLogs === '' ? '\n' : startupLogs);
}

export const vitalCommands: readonly Command[] = [
  { name: 'show activity', syntax: '', help: 'what the event loop has done', run: showActivity },
  { name: 'show events', syntax: '[<sink>] [-w] [-n]', help: 'where events go', run: showEvents },
  { name: 'show fd', syntax: '[<number>]', help: 'what the process has open', level: 'operator', run: showDescriptors },
  { name: 'show libs', syntax: '', help: 'files that are loaded to be run', level: 'operator', run: showLibraries },
  { name: 'show pools', syntax: '', help: 'the heap, by its spaces', run: showPools },
  { name: 'show profiling', syntax: '[<what>|<lines>]', help: 'whether the process is profiled', level: 'admin', run: showProfiling },
  { name: 'set profiling', syntax: '<what> {auto|on|off}', help: 'profiling is done by Node', level: 'admin', run: setProfiling },
  { name: 'show startup-logs', syntax: '', help: 'what was said of the configuration', level: 'operator', run: showStartupLogs },
  { name: 'show tasks', syntax: '', help: 'what is ready to run', run: showTasks },
  { name: 'show threads', syntax: '', help: 'the thread', run: showThreads },
  { name: 'show trace', syntax: '[<source>]', help: 'sources of traces (there are none)', run: showTrace },
  { name: 'trace', syntax: '[<source>|0]', help: 'sources of traces (there are none)', level: 'operator', run: trace },
];
