/**
 * Files of certificates that change under living listeners: a renewal, a link that points elsewhere, a directory with one file more.
 *
 * They are looked at every few seconds (`stat`), because notifications of the system do not come through every file system that
 * certificates are mounted on. What is half-written reads as bad: it is tried again at each look, and told once.
 */

import { stat } from 'node:fs/promises';
import { type EventLog, Level } from '../core/log.ts';
import type { Certificates } from './certificates.ts';
import { stampText } from './library.ts';

const EVERY_MS = 3000;
/** How many files are asked for at once. */
const TOGETHER = 32;

export class CertificateWatch {
  private readonly events: EventLog;
  private certificates: Certificates | undefined = undefined;
  private stamps = new Map<string, string>();
  /** What was told of files that are no good now, by file. */
  private bad = new Map<string, string>();
  private timer: NodeJS.Timeout | undefined = undefined;

  constructor(events: EventLog) {
    this.events = events;
  }

  /** What counts from now on; it has been read a moment ago. */
  watch(certificates: Certificates): void {
    if (certificates === this.certificates) return;
    this.stop();
    this.certificates = certificates;
    this.stamps = new Map(certificates.stamps);
    this.bad = new Map();
    if (this.stamps.size > 0) this.lookLater(certificates, 0);
  }

  stop(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.certificates = undefined;
  }

  private lookLater(certificates: Certificates, afterMs: number): void {
    this.timer = setTimeout(() => {
      this.look(certificates)
        .catch((error: unknown) => this.events.event(Level.Err, `certificates: ${(error as Error).message}`))
        .finally(() => {
          if (this.certificates === certificates) this.lookLater(certificates, EVERY_MS);
        });
    }, afterMs);
    this.timer.unref();
  }

  private async look(certificates: Certificates): Promise<void> {
    const changed = await this.changedOf([...certificates.library.watched()]);
    if (this.certificates !== certificates) return;
    const again = new Set([...changed, ...this.bad.keys()]);
    if (again.size === 0) return;
    const { replaced, failed, left } = certificates.refresh(again);
    for (const name of replaced) this.events.event(Level.Notice, `certificates: '${name}' has changed and counts from now on.`);
    for (const [name, reason] of failed) {
      if (this.bad.get(name) === reason) continue;
      this.events.event(Level.Warning, `certificates: '${name}' has changed and is no good, what was read before counts: ${reason}`);
    }
    for (const reason of left) this.events.event(Level.Warning, `certificates: left out: ${reason}`);
    this.bad = new Map(failed);
  }

  private async changedOf(paths: readonly string[]): Promise<readonly string[]> {
    const changed: string[] = [];
    for (let from = 0; from < paths.length; from += TOGETHER) {
      const some = paths.slice(from, from + TOGETHER);
      const stamps = await Promise.all(some.map(stampOf));
      for (const [index, path] of some.entries()) {
        const stamp = stamps[index] ?? '';
        const before = this.stamps.get(path);
        if (before !== undefined && before !== stamp) changed.push(path);
        this.stamps.set(path, stamp);
      }
    }
    return changed;
  }
}

async function stampOf(path: string): Promise<string> {
  return stampText(await stat(path).catch(() => undefined));
}
