/**
 * What an engine told while nobody was subscribed. It keeps its last 256 events and sends them again from a moment on (`since`
 * of `GET /events`). The list that follows every subscription cannot replace them: a container that was told to stop looks
 * like any other there, until it has gone.
 *
 * The moment is that of the last event, by the engine's clock and to the nanosecond, which is more than a number holds. That
 * event comes again with it, and is known by its text. Before the first event it is our own time, where that is the engine's.
 */

/** The time of an event: seconds, nanoseconds. */
const TIME = /"timeNano":(\d+)(\d{9})\b/;

/**
 * Milliseconds by which a subscription has missed `event`; 0 for one that came since, or where nobody knows.
 * `subscribed`: ms since the epoch by the engine's clock.
 */
export function missedBy(event: string, subscribed: number | undefined): number {
  const [, seconds, nanoseconds] = TIME.exec(event) ?? [];
  if (seconds === undefined || subscribed === undefined || Number.isNaN(subscribed)) return 0;
  return Math.max(0, subscribed - Number(seconds) * 1000 - Number(nanoseconds) / 1e6);
}

export class Replay {
  private moment: string | undefined = undefined;
  private last = '';

  /** From where the next subscription has to begin; undefined: there was none before, or nobody knows. */
  get since(): string | undefined {
    return this.moment;
  }

  /** A subscription begins. `wall`: ms since the epoch, of a clock that is the engine's; else undefined. */
  begin(wall: number | undefined): void {
    if (wall !== undefined) this.moment ??= (wall / 1000).toFixed(3);
  }

  /** `event` has come, as it was sent. False: it has come before. */
  take(event: string): boolean {
    if (event === this.last) return false;
    const [, seconds, nanoseconds] = TIME.exec(event) ?? [];
    if (seconds !== undefined) {
      this.moment = `${seconds}.${nanoseconds}`;
      this.last = event;
    }
    return true;
  }
}
