/** An engine, as far as those who watch it ask it; `client.ts` is one, and a test's script is another. */

import type { Container, Summary } from './container.ts';
import type { EngineEvent } from './events.ts';
import type { Node, Service, Task } from './swarm.ts';

/** What an engine is. */
export interface EngineFacts {
  readonly version: string;
  /** The API version that was agreed on, `1.41`. */
  readonly api: string;
  /** Its container networks are not those of its machine. */
  readonly rootless: boolean;
  /** It runs on this machine. */
  readonly local: boolean;
  /** Literal address of the engine's machine as seen from here. */
  readonly host: string;
}

/** A subscription: `ended` resolves with the reason when no more events will come. */
export interface EventStream {
  readonly ended: Promise<string>;
}

/** What `watch.ts` needs of an engine. Every call rejects with an Error for people. */
export interface Engine {
  /** How messages call it. */
  readonly label: string;
  connect(signal: AbortSignal): Promise<EngineFacts>;
  ping(signal: AbortSignal): Promise<void>;
  list(signal: AbortSignal): Promise<readonly Summary[]>;
  /** Undefined when there is no such container. */
  inspect(id: string, signal: AbortSignal): Promise<Container | undefined>;
  /**
   * Resolves when the engine has taken the subscription: what happens from then on is reported. `missed`: ms by which the
   * subscription came too late for an event that is told all the same.
   */
  events(listener: (event: EngineEvent, missed?: number) => void, signal: AbortSignal): Promise<EventStream>;
}

/** What this file needs of an engine. Every call rejects with an Error for people, with a `status` where the engine answered. */
export interface SwarmEngine {
  readonly label: string;
  services(signal: AbortSignal): Promise<readonly Service[]>;
  /** Those that shall run. */
  tasks(signal: AbortSignal): Promise<readonly Task[]>;
  nodes(signal: AbortSignal): Promise<readonly Node[]>;
}
