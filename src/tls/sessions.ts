/**
 * Sessions of TLS that servers have given us, for the next connection to go on with (manual 5.2, `ssl-reuse`): of each name that a
 * server is asked for, the last one. A session was made with whoever had a good certificate for that name, so it is for that name
 * alone.
 */

/** Names may come from clients: those that were asked for longest ago are forgotten. */
const MOST = 16;

export class TlsSessions {
  private readonly byName = new Map<string | undefined, Buffer>();

  get(name: string | undefined): Buffer | undefined {
    return this.byName.get(name);
  }

  keep(name: string | undefined, session: Buffer): void {
    this.byName.delete(name);
    this.byName.set(name, session);
    if (this.byName.size <= MOST) return;
    for (const [oldest] of this.byName) {
      this.byName.delete(oldest);
      return;
    }
  }

  /** It did not lead anywhere. */
  forget(name: string | undefined): void {
    this.byName.delete(name);
  }
}
