/**
 * The process edge, which alone changes the process: arguments, environment, signals, exit codes, standard streams. (`edge.ts`
 * has what the library needs of it, too.) What happens in between is said in `app.ts` (the parts) and `life.ts` (the signals).
 */

import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { accessSync, constants, existsSync, readdirSync, readlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { App, Surroundings } from './app.ts';
import { NO_OPTIONS, type Program, parseArgv, type RunOptions } from './argv.ts';
import { bannerLines, bindFailureLines, diagnosticLines, line, reachable } from './banner.ts';
import { builtinSockets, builtinText } from './config/builtin.ts';
import { evaluateCondition } from './config/condition.ts';
import { readMasterSocket } from './config/keywords/stats-socket.ts';
import { lexLine } from './config/lexer.ts';
import type { StatsSocketConfig } from './config/model.ts';
import { bytesOf } from './core/bytes.ts';
import { Level } from './core/log.ts';
import type { CtlEdge } from './ctl/ctl.ts';
import { demoHelp, demoText, startDemoServers } from './demo.ts';
import { lent, program, read as readConfiguration, readIfThere, selfHint, stackOf } from './edge.ts';
import { detailedVersionText, HELP, versionText } from './help.ts';
import { ExitCode, Life } from './life.ts';
import { type ConfigSource, hasListener, type Preparation } from './prepare.ts';
import type { BindFailure } from './proxy/data-plane.ts';
import { BACKLOG, openDescriptor } from './stats/log-outputs.ts';

/** Where the `haproxy` image has its configuration. */
const IMAGE_CONFIG = '/usr/local/etc/haproxy/haproxy.cfg';
/** In the environment of a process that a `-D` has put into the background. */
const DAEMON_MARK = 'FAIRLEAD_DAEMON';
/** How long sources may take to speak before we listen without them, ms. */
const GRACE = 3000;
const DEMO_GRACE = 500;
/** `-sf`, `-st`: how often, and how many ms apart, a port is tried that the former process is leaving. */
const BIND_TRIES = 50;
const BIND_PAUSE = 20;
/** Ports that the demo tries from the one it was given on. */
const DEMO_TRIES = 10;

const isDaemon = process.env[DAEMON_MARK] !== undefined;
delete process.env[DAEMON_MARK];
let standardError: 'open' | 'closed' = 'open';

/** What runs: several attempts where another port would do as well. */
interface Plan {
  readonly attempts: readonly ConfigSource[];
  readonly options: RunOptions;
  readonly graceMs: number;
  readonly enginesAreOptional: boolean;
  /** What people are told when it listens, given the first listener. */
  welcome(listener: string): string;
}

async function main(): Promise<void> {
  const command = parseArgv(process.argv.slice(2));
  switch (command.kind) {
    case 'refused':
      process.stderr.write(`fairlead: ${command.message}\nfairlead: 'fairlead --help' lists all options\n`);
      process.exitCode = ExitCode.Failed;
      return;
    case 'help':
      process.stdout.write(HELP);
      return;
    case 'version':
      process.stdout.write(versionOf(command.detailed));
      return;
    case 'ctl':
    case 'servers':
    case 'explain':
    case 'render':
    case 'ca':
      process.exitCode = await programs[command.kind](command.words);
      return;
    case 'condition':
      process.exitCode = condition(command.text);
      return;
    case 'check':
      if (changeDirectory(command.options)) process.exitCode = await check(command.options);
      return;
    case 'demo':
      return run(await demoPlan(command.port, command.options));
    case 'run':
      if (!changeDirectory(command.options)) return;
      if (command.options.daemon && !isDaemon) goToBackground();
      else await run(runPlan(command.options));
  }
}

/** Most starts need nothing of them. */
const programs: Readonly<Record<Program, (words: readonly string[]) => Promise<number>>> = {
  ctl: async (words) => (await import('./ctl/ctl.ts')).ctl(words, edge()),
  servers: async (words) => (await import('./ctl/servers.ts')).servers(words, edge()),
  explain: async (words) =>
    (await import('./explain-command.ts')).explainCommand(words, {
      ...edge(),
      pid: process.pid,
      self: selfHint(),
      files: filesOf(NO_OPTIONS),
      read: readWithout,
    }),
  render: async (words) =>
    (await import('./render-command.ts')).renderCommand(words, { ...edge(), self: selfHint(), version: program.version }),
  ca: async (words) => (await import('./ca-command.ts')).caCommand(words, { ...edge(), pid: process.pid, read: readWithout }),
};

/** What programs that end by themselves are lent. */
function edge(): CtlEdge {
  const { env, stdin, stdout, stderr } = process;
  return { env, cwd: process.cwd(), stdin, stdout, stderr };
}

// --- what does not stay ---------------------------------------------------------------------------------------------

async function check(options: RunOptions): Promise<number> {
  const { prepared, diagnostics } = read({ kind: 'files', paths: filesOf(options) }, options);
  print(options, diagnosticLines(diagnostics, process.pid));
  if (prepared === undefined) return ExitCode.Failed;
  const { checkFiles } = await import('./discovery/file/check.ts');
  const lists = await checkFiles(prepared.config);
  print(options, diagnosticLines(lists, process.pid));
  const say = (text: string) => {
    if (!options.quiet) process.stdout.write(`${text}\n`);
  };
  if (!hasListener(prepared.config)) {
    say('Configuration file has no error but will not start (no listener) => exit(2).');
    return ExitCode.NoListener;
  }
  if ([...diagnostics, ...lists].some(({ severity }) => severity === 'warning')) say('Warnings were found.');
  say('Configuration file is valid');
  return ExitCode.Done;
}

/** As in an `.if` line. HAProxy's codes for `-cc`: 0 true, 1 false, 2 error. */
function condition(text: string): number {
  const lookup = (name: string): string | undefined => process.env[name];
  const lexed = lexLine(bytesOf(text), lookup);
  const evaluated = 'error' in lexed ? lexed : evaluateCondition(lexed.words.join(' '), lookup);
  if ('value' in evaluated) return evaluated.value ? 0 : 1;
  process.stderr.write(line('alert', process.pid, `-cc: ${evaluated.error}`));
  return 2;
}

function versionOf(detailed: boolean): string {
  const { version, released } = program;
  return detailed
    ? detailedVersionText(version, released, process.version, `${process.platform} ${process.arch}`)
    : versionText(version, released);
}

/** The former of the two processes of `-D`: relays what the latter says until it listens or ends. */
function goToBackground(): void {
  const child: ChildProcess = spawn(process.execPath, [...process.execArgv, ...process.argv.slice(1)], {
    detached: true,
    stdio: backgroundStreams(inheritedSockets()),
    env: { ...process.env, [DAEMON_MARK]: '1' },
  });
  child.stdout?.pipe(process.stdout);
  child.stderr?.pipe(process.stderr);
  // What it wrote before the message is read within this turn of the loop.
  child.once('message', () => setImmediate(() => process.exit(ExitCode.Done)));
  child.once('close', (code) => process.exit(code ?? ExitCode.Failed));
}

/** Sockets of whoever started us: `fd@4` means the same in the background. */
function inheritedSockets(): readonly number[] {
  const isSocket = (fd: number): boolean => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).startsWith('socket:');
    } catch {
      // The one that has listed the folder.
      return false;
    }
  };
  if (!existsSync('/proc/self/fd')) return [];
  return readdirSync('/proc/self/fd')
    .map(Number)
    .filter((fd) => fd > 2 && isSocket(fd));
}

/** The channel to its parent takes the first descriptor that is free. */
function backgroundStreams(sockets: readonly number[]): StdioOptions {
  const streams: (number | 'ignore' | 'pipe' | 'ipc')[] = ['ignore', 'pipe', 'pipe'];
  for (let fd = 3; fd <= Math.max(3, ...sockets) + 1; fd++) {
    if (sockets.includes(fd)) streams[fd] = fd;
    else streams[fd] = streams.includes('ipc') ? 'ignore' : 'ipc';
  }
  return streams;
}

// --- what runs ------------------------------------------------------------------------------------------------------

/** Files; without any, the image's; without that, the built-in configuration. */
function runPlan(options: RunOptions): Plan {
  const common = { options, graceMs: GRACE, enginesAreOptional: false };
  const paths = filesOf(options);
  if (paths.length > 0) return { ...common, attempts: [{ kind: 'files', paths }], welcome: () => '' };
  const password = randomPassword();
  const socket = builtinSockets(process.env).find((path) => canWrite(dirname(path)));
  const attempts = [80, 8080].map((port) => ({ kind: 'text' as const, name: 'built-in', text: builtinText({ port, password, socket }) }));
  const told = `no configuration is given: serving the labelled containers of the Docker engine; statistics for user admin, password ${password}`;
  return { ...common, attempts, welcome: () => line('notice', process.pid, told) };
}

async function demoPlan(port: number, options: RunOptions): Promise<Plan> {
  const password = randomPassword();
  const servers = await startDemoServers();
  const ports = port === 0 ? [0] : Array.from({ length: DEMO_TRIES }, (_, index) => port + index).filter((number) => number < 65536);
  const attempts = ports.map((number) => ({
    kind: 'text' as const,
    name: 'demo',
    text: demoText({ port: number, servers: servers.ports, password }),
  }));
  const welcome = (listener: string) => {
    const moved = port === 0 || listener.endsWith(`:${port}`) ? '' : `\nPort ${port} is in use: the demo is on another one.\n`;
    return moved + demoHelp(reachable(listener), password);
  };
  return { attempts, options, graceMs: DEMO_GRACE, enginesAreOptional: true, welcome };
}

/** Ends the process when nothing of the plan can be started. */
async function run(plan: Plan): Promise<void> {
  // All that a balancer is made of: whoever asks or checks one starts without.
  const { App } = await import('./app.ts');
  const master = masterSocket(plan.options);
  for (const [index, source] of plan.attempts.entries()) {
    const { prepared, diagnostics } = read(source, plan.options);
    print(plan.options, diagnosticLines(diagnostics, process.pid));
    if (prepared === undefined) exit(ExitCode.Failed);
    if (!hasListener(prepared.config)) fail(plan.options, "No enabled listener found (check for 'bind' directives) ! Exiting.");
    const app = new App(surroundings(plan, master), prepared);
    const life = new Life(app, {
      pid: process.pid,
      read: () => read(source, plan.options),
      print: (lines) => print(plan.options, lines),
      exit,
      interrupted: plan.options.debug && !plan.options.worker ? ExitCode.Done : ExitCode.Interrupted,
    });
    app.lifecycle = life;
    followSignals(life);
    const failures = await replacing(plan.options, app);
    if (failures.length === 0) return settle(plan, app, life);
    app.stop();
    if (index < plan.attempts.length - 1 && failures.every(isAboutThePort)) continue;
    print(plan.options, bindFailureLines(failures, process.pid));
    fail(plan.options, 'Some listeners could not be started. Exiting.');
  }
}

/** As HAProxy, `-S` counts with `-W` alone. */
function masterSocket({ master, worker }: RunOptions): StatsSocketConfig | undefined {
  if (master === undefined || !worker) return undefined;
  const socket = readMasterSocket(master, process.cwd());
  if (typeof socket !== 'string') return socket;
  process.stderr.write(line('alert', process.pid, `-S: ${socket}`));
  exit(ExitCode.Failed);
}

function isAboutThePort({ message }: BindFailure): boolean {
  return message === 'Address already in use' || message === 'Permission denied';
}

/** Starts, and takes over from the processes of `-sf` or `-st`: they leave a port only when they are asked to. */
async function replacing({ replaces }: RunOptions, app: App): Promise<readonly BindFailure[]> {
  let failures = await app.start();
  if (replaces === undefined) return failures;
  if (failures.length > 0) signalAll(replaces.pids, 'SIGTTOU');
  for (let tries = 0; failures.length > 0 && tries < BIND_TRIES; tries++) {
    await pause(BIND_PAUSE);
    failures = await app.resume();
  }
  signalAll(replaces.pids, failures.length > 0 ? 'SIGTTIN' : replaces.signal);
  return failures;
}

function signalAll(pids: readonly number[], signal: NodeJS.Signals): void {
  for (const pid of pids) {
    try {
      process.kill(pid, signal);
    } catch {
      // It has left already, or is not ours: as HAProxy, not worth failing for.
    }
  }
}

/** It listens: from here on a fault is one exchange's, not the process's. */
function settle(plan: Plan, app: App, life: Life): void {
  const { options } = plan;
  if (!writePidfile(options, app)) {
    app.stop();
    exit(ExitCode.Failed);
  }
  const survive = (fault: unknown) => app.log.event(Level.Alert, `Uncaught fault, the process goes on: ${stackOf(fault)}`);
  process.on('uncaughtException', survive);
  process.on('unhandledRejection', survive);
  for (const text of options.ignored) app.log.event(Level.Debug, `option ${text}`);
  const facts = app.banner();
  const welcome = plan.welcome(facts.frontends.flatMap(({ listeners }) => listeners)[0] ?? '');
  print(options, [...bannerLines(facts).map((text) => line('notice', process.pid, text)), welcome]);
  if (isDaemon) {
    standardError = 'closed';
    process.send?.('listening', () => process.disconnect());
  }
  life.running();
}

function followSignals(life: Life): void {
  const reactions: readonly (readonly [NodeJS.Signals, () => unknown])[] = [
    ['SIGTERM', () => life.terminate()],
    ['SIGUSR1', () => life.finish()],
    ['SIGINT', () => life.interrupt()],
    ['SIGHUP', () => life.reload()],
    ['SIGUSR2', () => life.reload()],
    ['SIGTTOU', () => life.pause()],
    ['SIGTTIN', () => life.resume()],
  ];
  for (const [signal, react] of reactions) {
    process.removeAllListeners(signal);
    process.on(signal, react);
  }
}

// --- what the process lends -----------------------------------------------------------------------------------------

function surroundings({ options, graceMs, enginesAreOptional }: Plan, master: StatsSocketConfig | undefined): Surroundings {
  return {
    ...lent(),
    env: process.env,
    write: (text) => print(options, [text]),
    quiet: options.quiet,
    debug: options.debug,
    stream: (fd) => (fd === 1 ? process.stdout : fd === 2 ? process.stderr : openDescriptor(fd)),
    graceMs,
    master,
    enginesAreOptional,
  };
}

/** What would run with these files, or without any. */
function readWithout(files: readonly string[]): Preparation {
  const options = { ...NO_OPTIONS, files, quiet: true };
  const [source] = runPlan(options).attempts;
  return read(source as ConfigSource, options);
}

function read(source: ConfigSource, { worker, localPeer, maxconn, frontendMaxconn, zeroWarning }: RunOptions): Preparation {
  const master = worker ? { HAPROXY_MWORKER: '1' } : {};
  return readConfiguration(source, { env: { ...process.env, ...master }, maxconn, frontendMaxconn, zeroWarning }, localPeer);
}

function filesOf({ files }: RunOptions): readonly string[] {
  return files.length === 0 && existsSync(IMAGE_CONFIG) ? [IMAGE_CONFIG] : files;
}

function changeDirectory({ directory, quiet }: RunOptions): boolean {
  if (directory === undefined) return true;
  try {
    process.chdir(directory);
    return true;
  } catch (error) {
    if (!quiet) process.stderr.write(line('alert', process.pid, `Could not change to directory ${directory} : ${reason(error)}`));
    process.exitCode = ExitCode.Failed;
    return false;
  }
}

/** `-p` always; the configuration's `pidfile` only for a daemon, as HAProxy, and never a reason not to start. */
function writePidfile(options: RunOptions, app: App): boolean {
  const path = options.pidfile ?? (isDaemon ? app.config.global.pidfile : undefined);
  if (path === undefined) return true;
  try {
    writeFileSync(path, `${process.pid}\n`);
    process.on('exit', () => removePidfile(path));
    return true;
  } catch (error) {
    const fatal = options.pidfile !== undefined;
    print(options, [line(fatal ? 'alert' : 'warning', process.pid, `Cannot create pidfile ${path} : ${reason(error)}`)]);
    return !fatal;
  }
}

/** A process that replaces us may have written its own id there. */
function removePidfile(path: string): void {
  if (readIfThere(path)?.trim() === String(process.pid)) unlinkSync(path);
}

function print({ quiet }: RunOptions, lines: readonly string[]): void {
  // A reader that stands still shall not cost memory for ever.
  if (!quiet && standardError === 'open' && process.stderr.writableLength < BACKLOG) process.stderr.write(lines.join(''));
}

function fail(options: RunOptions, message: string): never {
  print(options, [line('alert', process.pid, message)]);
  exit(ExitCode.Failed);
}

function exit(code: number): never {
  process.exit(code);
}

function canWrite(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** `ENOENT: no such file or directory, ...` -> `no such file or directory` */
function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return /^[A-Z]+: (.*?),/.exec(error.message)?.[1] ?? error.message;
}

function randomPassword(): string {
  return randomBytes(9).toString('base64url');
}

// Whoever read our output has gone: that is no reason to go as well.
process.stdout.on('error', () => {});
process.stderr.on('error', () => {});
await main();
