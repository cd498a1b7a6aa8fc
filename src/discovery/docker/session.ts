/** One connection to the engine, from subscription to its end, and what has been told meanwhile. */

import type { EngineEvent } from './events.ts';
import type { Inspections } from './inspections.ts';
import type { Looks } from './looks.ts';

export interface TimedEvent extends EngineEvent {
  /** Milliseconds before our subscription. */
  readonly missed: number;
}

export interface Session {
  readonly signal: AbortSignal;
  /** Ends the session; the first reason counts. */
  readonly fail: (reason: Error) => void;
  readonly inspections: Inspections;
  /** Events that wait for the list to arrive. */
  held: TimedEvent[] | undefined;
  /** Signals sent to containers about which nothing else was known yet, by id. */
  readonly early: Map<string, string[]>;
  /** Containers whose change a list told before any event did, by id. */
  readonly untold: Set<string>;
  /** By id: the fingerprint of the list line that it is inspected for. */
  readonly lines: Map<string, string>;
  readonly looks: Looks;
}

/** What a signal before it was meant for is over. */
export function endsRun({ action }: EngineEvent): boolean {
  return action === 'die' || action === 'start' || action === 'destroy';
}

export function isMissedSignal({ action, container, missed }: TimedEvent, id: string): boolean {
  return missed > 0 && action === 'kill' && container === id;
}
