/**
 * The engine's event stream as facts. Chunks of it are not lines: an object may be split anywhere and several may come
 * at once, so objects are cut out by their braces.
 */

import { StringDecoder } from 'node:string_decoder';

/** Something happened to one container, or to the Swarm. */
export interface EngineEvent {
  /** `start`, `kill`, `die`, `health_status`, `connect`, ... */
  readonly action: string;
  /** The container concerned, also for events of a network; empty for those of a service or node of the Swarm. */
  readonly container: string;
  /** Of `kill`: name or number, as the engine wrote it. */
  readonly signal: string | undefined;
}

/** Container events that can change what we route; everything else (`exec_*`, `top`, ...) is not even sent to us. */
export const CONTAINER_ACTIONS: readonly string[] = [
  'start',
  'kill',
  'die',
  'stop',
  'destroy',
  'pause',
  'unpause',
  'rename',
  'update',
  'health_status',
];
export const NETWORK_ACTIONS: readonly string[] = ['connect', 'disconnect'];
/** Of services and nodes, which a Swarm's manager tells about. Tasks have no events. */
export const SWARM_ACTIONS: readonly string[] = ['create', 'update', 'remove'];

const known: ReadonlySet<string> = new Set([...CONTAINER_ACTIONS, ...NETWORK_ACTIONS]);

/** One JSON object of the stream, or undefined when it is about nothing that matters. */
export function readEvent(json: string): EngineEvent | undefined {
  const event = JSON.parse(json) as {
    readonly Type?: string;
    readonly Action?: string;
    readonly Actor?: { readonly ID?: string; readonly Attributes?: Readonly<Record<string, string>> };
  };
  // `health_status: unhealthy`: the state is read by inspect, so that it is the newest.
  const action = (event.Action ?? '').split(':')[0] ?? '';
  if (event.Type === 'service' || event.Type === 'node') {
    return SWARM_ACTIONS.includes(action) ? { action, container: '', signal: undefined } : undefined;
  }
  const attributes = event.Actor?.Attributes ?? {};
  const container = event.Type === 'network' ? attributes.container : event.Actor?.ID;
  if (!known.has(action) || container === undefined || container === '') return undefined;
  return { action, container, signal: attributes.signal };
}

/** An object longer than this is not an event. */
const LIMIT = 1_048_576;

/** Cuts a byte stream into its top-level JSON objects. */
export class JsonSplitter {
  private readonly decoder = new StringDecoder('utf8');
  private text = '';
  private position = 0;
  private depth = 0;
  private inString = false;
  private escaped = false;

  /** The objects that this chunk completes. Throws RangeError when one grows beyond any event's size. */
  push(chunk: Buffer): readonly string[] {
    this.text += this.decoder.write(chunk);
    const complete: string[] = [];
    let start = 0;
    while (this.position < this.text.length) {
      const opened = this.depth;
      this.step(this.text.charCodeAt(this.position));
      if (opened === 0 && this.depth === 1) start = this.position;
      this.position++;
      if (opened === 1 && this.depth === 0) {
        complete.push(this.text.slice(start, this.position));
        start = this.position;
      }
    }
    this.text = this.depth === 0 ? '' : this.text.slice(start);
    this.position = this.text.length;
    if (this.text.length > LIMIT) throw new RangeError('an event of the engine is longer than 1 MiB');
    return complete;
  }

  private step(code: number): void {
    if (this.escaped) this.escaped = false;
    else if (this.inString) {
      if (code === 0x5c) this.escaped = true;
      else if (code === 0x22) this.inString = false;
    } else if (code === 0x22) this.inString = this.depth > 0;
    else if (code === 0x7b) this.depth++;
    else if (code === 0x7d && this.depth > 0) this.depth--;
  }
}
