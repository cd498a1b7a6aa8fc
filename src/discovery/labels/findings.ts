/** What a reader of another tool's words gathers, and what those readers have in common. */

import type { CompatName } from '../../config/model.ts';
import { fnv1a } from '../../core/fnv.ts';
import type { Route } from '../provider.ts';
import { routeText } from '../routes.ts';
import { claimsOf, type Labels, MOST_CLAIMS, noSettings, type Settings, TOO_MANY } from './settings.ts';

export class Findings {
  /** For the whole container. */
  readonly flat: Settings = noSettings();
  readonly routes = new Map<string, Settings>();
  readonly warnings: string[] = [];
  readonly errors: string[] = [];
  private claims = 0;
  /** By name: the number that was last put behind it. */
  private readonly numbers = new Map<string, number>();

  /** A route under a name of its own: the one given, or the next of its kind. Too many refuse the container. */
  add(name: string, settings: Settings): void {
    if (this.isFull) return;
    this.claims += claimsOf(settings);
    if (this.isFull) this.errors.push(TOO_MANY);
    let count = this.numbers.get(name) ?? 1;
    let free = count === 1 ? name : `${name}-${count}`;
    while (this.routes.has(free)) free = `${name}-${++count}`;
    this.numbers.set(name, count);
    this.routes.set(free, settings);
  }

  /** No more routes are taken. */
  get isFull(): boolean {
    return this.claims > MOST_CLAIMS;
  }

  /** These words mean nothing here, for this reason. */
  unread(label: string, why: string): void {
    this.warnings.push(`${label} is not read: ${why}`);
  }

  /** What `reader` says. */
  labels(reader: CompatName): Labels {
    const { flat, routes, warnings, errors } = this;
    return { reader, silent: false, flat, routes, warnings, errors };
  }
}

/** Port 80, where a tool takes that one when nothing is said; undefined where the container has others alone. */
export function plainPort(exposed: readonly number[]): number | undefined {
  return exposed.length === 0 || exposed.includes(80) ? 80 : undefined;
}

/**
 * A pool for whatever serves these hosts and this path, whichever container it is in: the tools that know no services put
 * those together. `www.example.test_api` where that tells all there is, else with a digest.
 */
export function poolOf(hosts: readonly Route['host'][], path: string, exact: boolean): string {
  const texts = hosts.map((host) => routeText({ host, path, exact })).sort();
  const all = texts.join(' ');
  const first = (texts[0] ?? '').replace(/\/$/, '');
  if (texts.length === 1 && /^[A-Za-z0-9.:/-]+$/.test(all)) return first.replaceAll('/', '_');
  const name = first.replace(/[^A-Za-z0-9.]+/g, '-').replace(/^[-.]+|[-.]+$/g, '');
  return `${name || 'any'}-${fnv1a(all).toString(16).padStart(8, '0')}`;
}

const UNITS: Readonly<Record<string, number>> = { ns: 1e-6, us: 1e-3, µs: 1e-3, ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** `1m30s`, `500ms`, as Go writes durations, in ms; a number alone is seconds. Undefined for anything else, and for less than 1 ms. */
export function readDuration(text: string): number | undefined {
  const word = text.trim();
  if (/^\d+$/.test(word)) return Number(word) * 1000 || undefined;
  if (!/^(\d+(\.\d+)?(ns|us|µs|ms|s|m|h))+$/.test(word)) return undefined;
  let sum = 0;
  for (const [, number, unit] of word.matchAll(/(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)/g)) sum += Number(number) * (UNITS[unit ?? ''] ?? 0);
  return Math.round(sum) || undefined;
}
