/** What a command of the Runtime API is, and what it can answer. */

import { Level } from '../../core/log.ts';
import type { Runtime } from './runtime.ts';

/** What the user of a connection may do; each includes those before it. */
export type CliLevel = 'user' | 'operator' | 'admin';

const RANKS: Readonly<Record<CliLevel, number>> = { user: 0, operator: 1, admin: 2 };

export function allows(level: CliLevel, needed: CliLevel): boolean {
  return RANKS[level] >= RANKS[needed];
}

/** `set severity-output`: how severities stand in front of messages. */
export type SeverityOutput = 'none' | 'number' | 'string';

/** What commands of one connection share. */
export interface CliState {
  level: CliLevel;
  /** What the level was at first. */
  readonly socketLevel: CliLevel;
  severity: SeverityOutput;
  /** `prompt`: answers are followed by a prompt, and the connection stays. */
  interactive: boolean;
  /** `expert-mode`, `experimental-mode` */
  expert: boolean;
  experimental: boolean;
  /** The master's `mcli-debug-mode`: it answers what its worker does. */
  debug: boolean;
  /** How long the connection may be idle, ms. */
  timeout: number;
}

export interface Call {
  /** The words behind the command's own. */
  readonly args: readonly string[];
  /** The lines behind `<<`. */
  readonly payload: string | undefined;
  readonly runtime: Runtime;
  readonly state: CliState;
}

export type Answer =
  /** A sentence, which may be prefixed with its severity. */
  | { readonly kind: 'message'; readonly severity: Level; readonly text: string }
  /** A report; its pieces are made when the client has taken the former ones. */
  | { readonly kind: 'data'; readonly pieces: Iterable<string> }
  /** As it stands, without an empty line behind it: what HAProxy's master says of its own doing. */
  | { readonly kind: 'bare'; readonly text: string /** And the connection closes. */; readonly last?: boolean }
  | { readonly kind: 'close' };

/** One command. */
export interface Command {
  /** Its own words; the longest match wins. */
  readonly name: string;
  /** What may stand behind them, for `help`. */
  readonly syntax: string;
  readonly help: string;
  /** Whom it is for; default everybody. */
  readonly level?: CliLevel;
  run(call: Call): Answer | Promise<Answer>;
}

/** Done, and nothing to say. */
export const DONE: Answer = { kind: 'data', pieces: [] };

export function data(...pieces: readonly string[]): Answer {
  return { kind: 'data', pieces };
}

export function message(severity: Level, text: string): Answer {
  return { kind: 'message', severity, text: `${text}\n` };
}

export function refuse(text: string): Answer {
  return message(Level.Err, text);
}

/** Some of HAProxy's messages have no empty line behind them. */
export function refuseUnended(text: string): Answer {
  return { kind: 'message', severity: Level.Err, text };
}

export const DENIED: Answer = refuse('Permission denied');
