/**
 * `fairlead render`: the configuration in force as a text for HAProxy, from the balancer that runs, or from its sources, asked
 * once; or `server` lines from what `docker inspect` prints.
 */

import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { formatDiagnostic } from './config/diagnostics.ts';
import { wall } from './core/clock.ts';
import { ask, Unreachable } from './ctl/client.ts';
import type { CtlEdge } from './ctl/ctl.ts';
import { findSocket } from './ctl/find-socket.ts';
import { RENDER_HELP } from './ctl/help.ts';
import { type InspectedOptions, parseRender, type RenderOptions } from './ctl/render-options.ts';
import { harmless } from './ctl/table.ts';
import type { SelfHint } from './discovery/docker/self.ts';
import { type Preparation, prepare } from './prepare.ts';
import { inspectedServers } from './render/inspected.ts';
import { doubts, doubtsOf, render, renderedHead } from './render/render.ts';
import { survey } from './survey.ts';

/** What the process lends. */
export interface RenderEdge extends CtlEdge {
  readonly version: string;
  readonly self: SelfHint;
}

const Code = { Done: 0, Nothing: 1, Failed: 2 } as const;

/** How long the Runtime API may be silent, and how long sources may take to answer, ms. */
const PATIENCE = { silence: 10_000 };
const GRACE = 5000;

/** `words` are those behind `render`. Answers the exit code. */
export async function renderCommand(words: readonly string[], edge: RenderEdge): Promise<number> {
  const command = parseRender(words);
  switch (command.kind) {
    case 'help':
      edge.stdout.write(RENDER_HELP);
      return Code.Done;
    case 'refused':
      return fail(edge, `${command.message}\nfairlead: 'fairlead render --help' says more`);
    case 'inspected':
      return inspected(command.options, edge);
    case 'state':
      return state(command.options, edge);
  }
}

function fail({ stderr }: CtlEdge, message: string, code: number = Code.Failed): number {
  stderr.write(`fairlead: ${message}\n`);
  return code;
}

// --- the state ------------------------------------------------------------------------------------------------------

/** Where a configuration is named, it says what is asked when no balancer answers. */
async function state(options: RenderOptions, edge: RenderEdge): Promise<number> {
  const { socket, files } = options;
  const answer = await ofRunning(options, edge);
  if ('text' in answer) {
    edge.stdout.write(answer.text);
    return doubt(edge, doubtsOf(answer.text));
  }
  if (files.length === 0 || socket !== undefined) return fail(edge, harmless(answer.why));
  return ofSources(files, answer.why, edge);
}

/** What is printed cannot be relied on where there is one. Answers the exit code. */
function doubt({ stderr }: CtlEdge, lines: readonly string[]): number {
  for (const line of lines) stderr.write(`fairlead: ${harmless(line)}\n`);
  return lines.length === 0 ? Code.Done : Code.Nothing;
}

async function ofRunning(options: RenderOptions, { env, cwd }: CtlEdge): Promise<{ readonly text: string } | { readonly why: string }> {
  const target = await findSocket(options, env, cwd);
  if (typeof target === 'string') return { why: target };
  try {
    const { text, failed } = await ask(target, 'show config', undefined, PATIENCE);
    // The Runtime API has a blank on each empty line.
    const [first = ''] = text.split('\n');
    const level = /^Permission denied/.test(first) ? " (passwords are in it: 'render' needs level admin)" : '';
    return failed ? { why: `${target.name}: ${first}${level}` } : { text: `${text.replace(/^ $/gm, '').trimEnd()}\n` };
  } catch (error) {
    if (error instanceof Unreachable) return { why: error.message };
    throw error;
  }
}

/** `why`: no balancer was asked. */
async function ofSources(files: readonly string[], why: string, edge: RenderEdge): Promise<number> {
  const { env, cwd, self, version, stdout, stderr } = edge;
  const { prepared, diagnostics }: Preparation = prepare(
    { kind: 'files', paths: files },
    { env: { HAPROXY_LOCALPEER: self.hostname, ...env }, cwd },
  );
  if (prepared === undefined) {
    for (const diagnostic of diagnostics.filter(({ severity }) => severity === 'alert')) stderr.write(`${formatDiagnostic(diagnostic)}\n`);
    return fail(edge, 'the configuration has errors');
  }
  stderr.write(`fairlead: ${harmless(why)}; sources are asked instead\n`);
  const events = { event: () => undefined };
  return survey(prepared, { env, self, events }, GRACE, ({ store, sources }) => {
    const { config, transcript, name } = prepared;
    const states = sources.names.map((source) => ({ name: source, spoken: store.sources.has(source), trouble: sources.troubleOf(source) }));
    const lines = doubts(states);
    stdout.write(render({ transcript, config, state: store.state, head: [...renderedHead(version, name, wall()), ...lines] }));
    return doubt(edge, lines);
  });
}

// --- docker inspect ---------------------------------------------------------------------------------------------------

async function inspected({ image, template, port, parameters }: InspectedOptions, edge: RenderEdge): Promise<number> {
  let head: string;
  try {
    head = readFileSync(resolve(edge.cwd, template), 'utf8');
  } catch (error) {
    return fail(edge, `${template} cannot be read: ${(error as Error).message}`);
  }
  const servers = inspectedServers(await textOf(edge.stdin), image, port);
  if ('error' in servers) return fail(edge, servers.error.split('\n').map(harmless).join('\nfairlead: '), Code.Nothing);
  if (servers.value.length === 0) edge.stderr.write(`fairlead: no container of image ${harmless(image)} runs\n`);
  const lines = servers.value.map(({ name, address }) => `    ${`server ${name} ${address} ${parameters}`.trimEnd()}\n`);
  edge.stdout.write(`${head}\n${lines.join('')}`);
  return Code.Done;
}

async function textOf(input: NodeJS.ReadableStream): Promise<string> {
  let text = '';
  for await (const piece of input) text += piece.toString();
  return text;
}
