/**
 * Tells when the text of a file is another one: written in place, renamed over, reached through symbolic links that are swapped
 * (as Kubernetes does with what it mounts), made, or taken away.
 *
 * The system tells of changes in the file's directory at once. What it does not tell of (links elsewhere, network file systems,
 * a directory that is made later) is found by looking, every two seconds. A file that is being written is read when it has been
 * left alone for a moment.
 */

import { type FSWatcher, watch } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** Milliseconds. */
export interface FileTimings {
  /** Between looks. */
  readonly look: number;
  /** How long a file must have been left alone before it is read. */
  readonly quiet: number;
}

export const FILE_TIMINGS: FileTimings = { look: 2_000, quiet: 40 };

/** Nobody is served while a list is read: this one has more than ten thousand servers, and takes about half a second. */
const LONGEST = 1_048_576;

/** The text, or why there is none. */
export type FileText = { readonly text: string } | { readonly problem: string };

export class FileWatch {
  private readonly path: string;
  private readonly timings: FileTimings;
  private readonly onText: (text: FileText) => Promise<void>;
  private watcher: FSWatcher | undefined;
  /** Of the directory that is watched. */
  private inode: number | undefined;
  /** The file as it was told last. */
  private told = '';
  /** The file as it was seen last, and since when, in monotonic ms. */
  private candidate = { key: '', since: 0 };
  /** Something has happened in the directory since the last look. */
  private stirred = false;
  /** Ends a pause. */
  private wake: () => void = () => {};

  /** `onText` is called at first, and whenever the text may be another one; never twice at one time. */
  constructor(path: string, onText: (text: FileText) => Promise<void>, timings: FileTimings = FILE_TIMINGS) {
    this.path = path;
    this.onText = onText;
    this.timings = timings;
  }

  /** Watches until `signal` aborts. Never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      this.stirred = false;
      await this.follow();
      const state = await this.state();
      if (state.key === this.told) {
        await this.pause(this.timings.look, signal);
        // Whoever writes beside the file all day must not have us look all day.
        if (this.stirred) await sleep(this.timings.quiet, undefined, { signal }).catch(() => {});
      } else if (this.isQuiet(state)) {
        await this.tell(state.key, signal);
      } else {
        this.stirred = false;
        await this.pause(this.timings.quiet, signal);
      }
    }
    this.watcher?.close();
  }

  /** Watches the directory that is there now. */
  private async follow(): Promise<void> {
    const folder = dirname(this.path);
    const inode = await stat(folder).then(
      ({ ino }) => ino,
      () => undefined,
    );
    if (inode === this.inode) return;
    this.watcher?.close();
    this.watcher = undefined;
    this.inode = inode;
    if (inode === undefined) return;
    try {
      const watcher = watch(folder, { persistent: false }, () => this.stir());
      // The system may have no room for one more, or take it away: looking goes on.
      watcher.on('error', () => watcher.close());
      this.watcher = watcher;
    } catch {
      this.inode = undefined;
    }
  }

  private stir(): void {
    this.stirred = true;
    this.wake();
  }

  /** What tells this text from another one, and when that began, in wall-clock ms. Links are followed. */
  private async state(): Promise<{ readonly key: string; readonly changed: number }> {
    try {
      const { dev, ino, size, mtimeMs, ctimeMs } = await stat(this.path);
      return { key: `${dev} ${ino} ${size} ${mtimeMs} ${ctimeMs}`, changed: mtimeMs };
    } catch (error) {
      return { key: codeOf(error), changed: 0 };
    }
  }

  /** By its own time, or by ours: that of another machine may be ahead. */
  private isQuiet({ key, changed }: { readonly key: string; readonly changed: number }): boolean {
    const now = performance.now();
    if (this.candidate.key !== key) this.candidate = { key, since: now };
    return Date.now() - changed >= this.timings.quiet || now - this.candidate.since >= this.timings.quiet;
  }

  private async tell(key: string, signal: AbortSignal): Promise<void> {
    const text = await this.read();
    // It may have been changed while it was read: then it is not told.
    const { key: after } = await this.state();
    if (signal.aborted || after !== key) return;
    this.told = key;
    await this.onText(text);
  }

  private async read(): Promise<FileText> {
    try {
      const { size } = await stat(this.path);
      if (size > LONGEST) return { problem: 'it has more than 1 MiB' };
      return { text: await readFile(this.path, 'utf8') };
    } catch (error) {
      return { problem: WORDS[codeOf(error)] ?? `it cannot be read: ${codeOf(error)}` };
    }
  }

  private pause(ms: number, signal: AbortSignal): Promise<void> {
    if (this.stirred || signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        signal.removeEventListener('abort', done);
        this.wake = () => {};
        resolve();
      };
      const timer = setTimeout(done, ms);
      signal.addEventListener('abort', done, { once: true });
      this.wake = done;
    });
  }
}

const WORDS: Readonly<Record<string, string>> = {
  ENOENT: 'it does not exist',
  ENOTDIR: 'it does not exist',
  EACCES: 'no permission to read it',
  EISDIR: 'it is a directory',
};

function codeOf(error: unknown): string {
  return (error as { readonly code?: string }).code ?? String(error);
}
