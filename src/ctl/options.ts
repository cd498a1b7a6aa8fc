/** The words behind `fairlead ctl`: options first, then the command. Pure: words in, options out. */

import { didYouMean } from '../core/suggest.ts';

export interface CtlOptions {
  /** `--socket`: a path, `unix@<path>`, `<host>:<port>`. */
  readonly socket: string | undefined;
  /** `-f`: configurations that say where the socket is. */
  readonly files: readonly string[];
  readonly format: 'table' | 'json' | 'raw';
  /** How long nothing may come, ms. */
  readonly timeout: number;
  /** As the shell gave them; a single one is a whole line. Empty: interactive, or from standard input. */
  readonly words: readonly string[];
}

export type CtlCommand =
  | { readonly kind: 'ask'; readonly options: CtlOptions }
  | { readonly kind: 'help' }
  /** `completion <shell>` */
  | { readonly kind: 'script'; readonly shell: string | undefined }
  /** `complete <words>`: what the last of them may become; scripts ask so. */
  | { readonly kind: 'complete'; readonly options: CtlOptions }
  | { readonly kind: 'refused'; readonly message: string };

const DEFAULTS: CtlOptions = { socket: undefined, files: [], format: 'table', timeout: 10_000, words: [] };

/** What one option changes; `value` is the word behind it. */
type Reader = (value: string) => Partial<CtlOptions> | string;

const FLAGS: Readonly<Record<string, Partial<CtlOptions>>> = {
  '--json': { format: 'json' },
  '--raw': { format: 'raw' },
  '--table': { format: 'table' },
};
const VALUED: Readonly<Record<string, Reader>> = {
  '--socket': (socket) => ({ socket }),
  '-s': (socket) => ({ socket }),
  '--timeout': (text) => (/^[1-9]\d{0,5}$/.test(text) ? { timeout: Number(text) * 1000 } : `'--timeout' expects seconds, got '${text}'`),
};
export const NAMES = [...Object.keys(FLAGS), ...Object.keys(VALUED), '-f', '--help', '-h'];

/** Everything from the first word on that is no option is the command. */
export function parseCtl(words: readonly string[]): CtlCommand {
  let options = DEFAULTS;
  for (let at = 0; at < words.length; at++) {
    const [, word = '', inWord] = /^(--\w+)=(.*)$/s.exec(words[at] ?? '') ?? [undefined, words[at]];
    if (word === '--help' || word === '-h') return { kind: 'help' };
    if (word === '--' || !word.startsWith('-')) return commandOf({ ...options, words: words.slice(word === '--' ? at + 1 : at) });
    const flag = Object.hasOwn(FLAGS, word) ? FLAGS[word] : undefined;
    if (flag !== undefined && inWord === undefined) {
      options = { ...options, ...flag };
      continue;
    }
    const read: Reader | undefined =
      word === '-f' ? (file) => ({ files: [...options.files, file] }) : Object.hasOwn(VALUED, word) ? VALUED[word] : undefined;
    if (read === undefined) return refused(`unknown option '${words[at]}' of 'ctl'${didYouMean(word, NAMES)}`);
    const value = inWord ?? words[++at];
    if (value === undefined) return refused(`'${word}' expects a value`);
    const change = read(value);
    if (typeof change === 'string') return refused(change);
    options = { ...options, ...change };
  }
  return commandOf(options);
}

function commandOf(options: CtlOptions): CtlCommand {
  const [first, ...rest] = options.words;
  if (first === 'completion') return { kind: 'script', shell: rest[0] };
  if (first === 'complete') return { kind: 'complete', options: { ...options, words: rest } };
  return { kind: 'ask', options };
}

function refused(message: string): CtlCommand {
  return { kind: 'refused', message };
}
