/**
 * What both process edges, the program (`main.ts`) and the library (`embedding.ts`), know of the process and lend to the parts. It
 * reads: what changes the process (signals, exit codes, standard streams) is the program's alone.
 */

import { readFileSync, statSync } from 'node:fs';
import { hostname } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { Surroundings } from './app.ts';
import type { Environment } from './discovery/docker/endpoint.ts';
import type { SelfHint } from './discovery/docker/self.ts';
import { type ConfigSource, type Preparation, type PrepareOptions, prepare } from './prepare.ts';

/** Version of package.json, and the day this file was built. */
export const program: { readonly version: string; readonly released: string } = readProgram();

type Lent = Pick<Surroundings, 'pid' | 'version' | 'released' | 'self' | 'descriptors' | 'usage'>;

export function lent(): Lent {
  return { pid: process.pid, ...program, self: selfHint(), descriptors: descriptorLimit(), usage: () => process.resourceUsage() };
}

/** What finds us among the containers of an engine. */
export function selfHint(): SelfHint {
  return { hostname: hostname(), mountinfo: readIfThere('/proc/self/mountinfo') };
}

/** The environment of the process. */
export function environment(): Environment {
  return process.env;
}

/** Reads a configuration as this process would run it. */
export function read(
  source: ConfigSource,
  options: Omit<PrepareOptions, 'pid' | 'descriptors'>,
  localPeer: string = hostname(),
): Preparation {
  const env = { ...options.env, HAPROXY_LOCALPEER: localPeer };
  return prepare(source, { cwd: process.cwd(), ...options, env, pid: process.pid, descriptors: descriptorLimit() });
}

export function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

/** One line, so that a log reader sees one event. */
export function stackOf(fault: unknown): string {
  const text = fault instanceof Error ? (fault.stack ?? fault.message) : String(fault);
  return text.replace(/\s*\n\s*/g, ' | ');
}

/** Node has raised the soft limit to the hard one; undefined where the system does not say. */
function descriptorLimit(): number | undefined {
  const soft = /^Max open files\s+(\d+)/m.exec(readIfThere('/proc/self/limits') ?? '')?.[1];
  return soft === undefined ? undefined : Number(soft);
}

function readProgram(): typeof program {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string };
  const built = statSync(fileURLToPath(import.meta.url)).mtime;
  return { version, released: built.toISOString().slice(0, 10).replaceAll('-', '/') };
}
