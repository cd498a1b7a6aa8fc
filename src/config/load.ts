/** Files to Config. The only place of this room that touches the disk. */

import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { bytesOf } from '../core/bytes.ts';
import { Reporter } from './diagnostics.ts';
import type { Draft } from './draft.ts';
import { newDraft } from './draft-defaults.ts';
import type { LimitOptions } from './limits.ts';
import { link } from './link.ts';
import type { Config, Diagnostic, ProxyConfig } from './model.ts';
import { parseText } from './parse.ts';
import type { FileReader, Surroundings } from './row.ts';
import { newTlsGlobals } from './tls-words.ts';
import type { ReadLine } from './transcript.ts';

export interface LoadOptions extends LimitOptions {
  /** What `"${NAME}"` and `defined()` see. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Where relative paths start; default: the working directory. */
  readonly cwd?: string;
}

export interface Loaded {
  /** Undefined when any diagnostic is an `alert`. */
  readonly config: Config | undefined;
  /** The proxies also of a text with mistakes, whose rules may have some more. */
  readonly proxies: readonly ProxyConfig[];
  readonly userlists: Config['userlists'];
  /** In the order they were read. */
  readonly files: readonly string[];
  /** Every line of them that could be taken apart. */
  readonly transcript: readonly ReadLine[];
  /** In the order of the text; what concerns several sections together comes last. */
  readonly diagnostics: readonly Diagnostic[];
}

/** Reads files, and directories as HAProxy does: their `*.cfg` in the order of their names. All files make one text. */
export function loadConfig(paths: readonly string[], options: LoadOptions): Loaded {
  const loading = new Loading(options);
  const files = paths.flatMap((path) => loading.expand(path));
  loading.draft.global.env.set('HAPROXY_CFGFILES', files.join(';'));
  for (const file of files) loading.file(file);
  return loading.finish(files);
}

/** Reads a text that is no file: tests, and the built-in configuration. `file` is what messages call it. */
export function loadText(text: string, file: string, options: LoadOptions): Loaded {
  const loading = new Loading(options);
  loading.bytes(bytesOf(text), file);
  return loading.finish([file]);
}

class Loading {
  readonly draft: Draft;
  private readonly surroundings: Surroundings;
  private readonly limits: LimitOptions;
  private readonly transcript: ReadLine[] = [];

  constructor(options: LoadOptions) {
    const cwd = resolve(options.cwd ?? '.');
    const tls = newTlsGlobals(cwd);
    this.draft = newDraft(options.env, tls);
    this.limits = options;
    this.surroundings = { reporter: new Reporter(), readFile, cwd, tls };
  }

  /** A directory's files, or the file itself. */
  expand(path: string): readonly string[] {
    try {
      const full = resolve(this.surroundings.cwd, path);
      if (!statSync(full).isDirectory()) return [path];
      const names = readdirSync(full).filter((name) => name.endsWith('.cfg') && !name.startsWith('.'));
      return names.sort().map((name) => join(path, name));
    } catch (error) {
      this.surroundings.reporter.alert(undefined, `Cannot open configuration file/directory ${path} : ${reason(error)}`);
      return [];
    }
  }

  file(path: string): void {
    const read = readFile(resolve(this.surroundings.cwd, path));
    if ('bytes' in read) this.bytes(read.bytes.toString('latin1'), path);
    else this.surroundings.reporter.alert(undefined, `Could not open configuration file ${path} : ${read.error}`);
  }

  bytes(bytes: string, file: string): void {
    parseText(bytes, file, this.draft, this.surroundings, this.transcript);
  }

  finish(files: readonly string[]): Loaded {
    const { reporter } = this.surroundings;
    // What a broken line should have set may be missed below: then only errors of its own count, not warnings.
    const linking = new Reporter();
    const config = link(this.draft, linking, this.limits);
    const more = reporter.failed ? linking.diagnostics.filter(({ severity }) => severity === 'alert') : linking.diagnostics;
    const diagnostics = [...reporter.diagnostics, ...more];
    if (this.draft.global.zeroWarning && diagnostics.some(({ severity }) => severity === 'warning')) {
      diagnostics.push({ severity: 'alert', place: undefined, message: "warnings were found and 'zero-warning' is set." });
    }
    const failed = diagnostics.some(({ severity }) => severity === 'alert');
    return {
      config: failed ? undefined : config,
      proxies: config.proxies,
      userlists: config.userlists,
      files,
      transcript: this.transcript,
      diagnostics,
    };
  }
}

const readFile: FileReader = (path) => {
  try {
    return { bytes: readFileSync(path) };
  } catch (error) {
    return { error: reason(error) };
  }
};

/** `ENOENT: no such file or directory, open '/x'` without the call and the path, which the message has. */
function reason(error: unknown): string {
  if (!(error instanceof Error)) return 'unreadable';
  return /^[A-Z]+: (.*?),/.exec(error.message)?.[1] ?? error.message;
}
