/**
 * The command line: HAProxy's options with its meanings (management manual 3), so that init scripts and images go on
 * working, and `demo`, `--help` and programs such as `ctl` for people. Pure: words in, a Command out.
 *
 * An option of HAProxy's that means nothing here is a row like the others and comes back in `ignored`; a word that is
 * in no row is an error that names the nearest one.
 */

import { didYouMean } from './core/suggest.ts';

/** How the process runs. */
export interface RunOptions {
  /** `-f` and what stands behind `--`, in order. Empty: the caller decides. */
  readonly files: readonly string[];
  /** `-D`, unless `-d` or `-db` keep it in the foreground. */
  readonly daemon: boolean;
  /** `-d` */
  readonly debug: boolean;
  /** `-q`, unless `-V` reverts it. */
  readonly quiet: boolean;
  /** `-dW`: a warning is as bad as an error. */
  readonly zeroWarning: boolean;
  /** `-p` */
  readonly pidfile: string | undefined;
  /** `-n`: the process's maxconn; wins over the configuration's. */
  readonly maxconn: number | undefined;
  /** `-N`: maxconn of a frontend that has none. */
  readonly frontendMaxconn: number | undefined;
  /** `-L`: what `$HAPROXY_LOCALPEER` is; default the host's name. */
  readonly localPeer: string | undefined;
  /** `-C`: the directory to change to before anything is read. */
  readonly directory: string | undefined;
  /** `-sf` or `-st` with their process ids: told to leave once we listen. */
  readonly replaces: { readonly signal: 'SIGUSR1' | 'SIGTERM'; readonly pids: readonly number[] } | undefined;
  /** `-W`, `-Ws`: as HAProxy's master, which ends otherwise. */
  readonly worker: boolean;
  /** `-S`: where the master CLI listens, as a `bind` line has it with commas for blanks. */
  readonly master: string | undefined;
  /** What was accepted without an effect, each with the reason. */
  readonly ignored: readonly string[];
}

export type Command =
  | { readonly kind: 'run'; readonly options: RunOptions }
  | { readonly kind: 'check'; readonly options: RunOptions }
  | { readonly kind: 'demo'; readonly port: number; readonly options: RunOptions }
  | { readonly kind: 'version'; readonly detailed: boolean }
  | { readonly kind: 'help' }
  /** A program of its own, and what stands behind its name: `ctl/options.ts` and its neighbours read that. */
  | { readonly kind: Program; readonly words: readonly string[] }
  /** `-cc`: the condition of an `.if` line. */
  | { readonly kind: 'condition'; readonly text: string }
  | { readonly kind: 'refused'; readonly message: string };

/** `fairlead NAME ...`, each with options of its own. */
export type Program = (typeof PROGRAMS)[number];
const PROGRAMS = ['ctl', 'servers', 'explain', 'render', 'ca'] as const;

const DEMO_PORT = 8080;

/** What has been read so far. */
interface Draft extends Omit<RunOptions, 'daemon'> {
  readonly command: 'run' | 'check' | 'help' | 'version' | 'full-version';
  readonly condition: string | undefined;
  readonly background: boolean;
  readonly foreground: boolean;
  readonly verbose: boolean;
}

/** One option. `value`, where the row has one, is what its argument is, for messages. */
interface OptionRow {
  readonly name: string;
  readonly value?: string;
  /** What it changes. Throws Refusal for a value that makes no sense. */
  read(value: string, draft: Draft): Partial<Draft>;
}

class Refusal extends Error {}

function flag(name: string, change: Partial<Draft>): OptionRow {
  return { name, read: () => change };
}

function ignored(name: string, why: string, value?: string): OptionRow {
  const read = (_value: string, draft: Draft) => ({ ignored: [...draft.ignored, `${name}: ${why}`] });
  return value === undefined ? { name, read } : { name, value, read };
}

const NODE_POLLS = 'Node chooses how to wait for sockets';

const ROWS: readonly OptionRow[] = [
  { name: '-f', value: 'a file or directory', read: (value, { files }) => ({ files: [...files, value] }) },
  flag('-c', { command: 'check' }),
  { name: '-cc', value: 'a condition', read: (value) => ({ condition: value }) },
  flag('-v', { command: 'version' }),
  flag('-vv', { command: 'full-version' }),
  flag('--version', { command: 'version' }),
  flag('-h', { command: 'help' }),
  flag('--help', { command: 'help' }),
  flag('-d', { debug: true, foreground: true }),
  flag('-db', { foreground: true }),
  flag('-D', { background: true }),
  flag('-q', { quiet: true }),
  flag('-V', { verbose: true }),
  flag('-dW', { zeroWarning: true }),
  { name: '-p', value: 'a file', read: (value) => ({ pidfile: value }) },
  { name: '-n', value: 'a number', read: (value) => ({ maxconn: positive('-n', value) }) },
  { name: '-N', value: 'a number', read: (value) => ({ frontendMaxconn: positive('-N', value) }) },
  { name: '-L', value: 'a name', read: (value) => ({ localPeer: value }) },
  { name: '-C', value: 'a directory', read: (value) => ({ directory: value }) },
  ignored('-m', 'the heap is limited by NODE_OPTIONS=--max-old-space-size', 'a number of megabytes'),
  { name: '-S', value: 'an address', read: (value) => ({ master: value }) },
  ignored('-x', 'listening sockets are not handed over', 'a unix socket'),
  flag('-W', { worker: true }),
  flag('-Ws', { worker: true }),
  ignored('-de', NODE_POLLS),
  ignored('-dp', NODE_POLLS),
  ignored('-dk', NODE_POLLS),
  ignored('-dS', 'splice() is not used'),
  ignored('-dG', 'names are always resolved by getaddrinfo()'),
  ignored('-dR', 'SO_REUSEPORT is not used'),
  ignored('-dr', 'a name that does not resolve never keeps a start from succeeding'),
  ignored('-dV', 'servers are not spoken to by TLS'),
  ignored('-dL', 'there are no shared libraries to list'),
  ignored('-dD', 'whatever is suspicious is always reported'),
];

const rows: ReadonlyMap<string, OptionRow> = new Map(ROWS.map((row) => [row.name, row]));
/** Options with a syntax of their own. */
const OTHER_NAMES = ['-sf', '-st', '-dM', '-dK', '--'];

/** `words` are the arguments without the program's name. */
export function parseArgv(words: readonly string[]): Command {
  const program = PROGRAMS.find((name) => name === words[0]);
  if (program !== undefined) return { kind: program, words: words.slice(1) };
  try {
    return words[0] === 'demo' ? parseDemo(words.slice(1)) : parseOptions(words);
  } catch (error) {
    if (error instanceof Refusal) return { kind: 'refused', message: error.message };
    throw error;
  }
}

function parseOptions(words: readonly string[]): Command {
  let draft = NOTHING;
  for (let at = 0; at < words.length; ) {
    const { change, next } = parseOne(words, at, draft);
    draft = { ...draft, ...change };
    at = next;
  }
  const options = finish(draft);
  if (draft.condition !== undefined) return { kind: 'condition', text: draft.condition };
  switch (draft.command) {
    case 'help':
      return { kind: 'help' };
    case 'version':
      return { kind: 'version', detailed: false };
    case 'full-version':
      return { kind: 'version', detailed: true };
    default:
      return { kind: draft.command, options };
  }
}

interface Step {
  readonly change: Partial<Draft>;
  /** Where the next option stands. */
  readonly next: number;
}

function parseOne(words: readonly string[], at: number, draft: Draft): Step {
  const word = words[at] ?? '';
  if (word === '--') return { change: { files: [...draft.files, ...words.slice(at + 1)] }, next: words.length };
  if (word === '-sf' || word === '-st') return parsePids(words, at);
  // -dM and -dK carry their argument in the same word.
  const row = rows.get(word) ?? (/^-d[MK]/.test(word) ? ignored(word, 'memory and keywords are not dumped') : undefined);
  if (row === undefined) throw new Refusal(unknown(word));
  if (row.value === undefined) return { change: row.read('', draft), next: at + 1 };
  const value = words[at + 1];
  if (value === undefined) throw new Refusal(`'${word}' expects ${row.value}`);
  return { change: row.read(value, draft), next: at + 2 };
}

/** The list may be empty: it is often the output of `pidof` or `cat`, which then is one word with several ids. */
function parsePids(words: readonly string[], at: number): Step {
  const option = words[at] ?? '';
  const found = words.findIndex((word, index) => index > at && word.startsWith('-'));
  const next = found < 0 ? words.length : found;
  const given = words.slice(at + 1, next).flatMap((word) => word.split(/\s+/).filter((part) => part !== ''));
  const replaces = { signal: option === '-sf' ? 'SIGUSR1' : 'SIGTERM', pids: given.map((word) => positive(option, word)) } as const;
  return { change: { replaces }, next };
}

function parseDemo(words: readonly string[]): Command {
  let draft = NOTHING;
  let port = DEMO_PORT;
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? '';
    const inWord = /^--port=(.*)$/.exec(word)?.[1];
    if (inWord !== undefined) port = portNumber(inWord);
    else if (word === '--port') port = portNumber(words[++at] ?? '');
    else if (word === '-q') draft = { ...draft, quiet: true };
    else if (word === '-d') draft = { ...draft, debug: true };
    else if (word === '--help' || word === '-h') return { kind: 'help' };
    else throw new Refusal(`unknown option '${word}' of 'demo'${didYouMean(word, ['--port', '--help', '-q', '-d'])}`);
  }
  return { kind: 'demo', port, options: finish(draft) };
}

const NOTHING: Draft = {
  command: 'run',
  condition: undefined,
  background: false,
  foreground: false,
  verbose: false,
  files: [],
  debug: false,
  quiet: false,
  zeroWarning: false,
  pidfile: undefined,
  maxconn: undefined,
  frontendMaxconn: undefined,
  localPeer: undefined,
  directory: undefined,
  replaces: undefined,
  worker: false,
  master: undefined,
  ignored: [],
};

function finish(draft: Draft): RunOptions {
  const { command: _command, condition: _condition, background, foreground, verbose, ...options } = draft;
  return { ...options, daemon: background && !foreground, quiet: draft.quiet && !verbose };
}

/** What runs without a word. */
export const NO_OPTIONS: RunOptions = finish(NOTHING);

function positive(option: string, text: string): number {
  if (!/^[0-9]{1,10}$/.test(text) || Number(text) === 0) throw new Refusal(`'${option}' expects a positive number, got '${text}'`);
  return Number(text);
}

/** 0 lets the system choose. */
function portNumber(text: string): number {
  if (!/^[0-9]{1,5}$/.test(text) || Number(text) > 65535) throw new Refusal(`'--port' expects a port, got '${text}'`);
  return Number(text);
}

function unknown(word: string): string {
  if (!word.startsWith('-')) {
    const near = didYouMean(word, ['demo', ...PROGRAMS]);
    if (near !== '') return `unknown command '${word}'${near}`;
    return `unexpected '${word}'; a configuration is given as '-f ${word}'`;
  }
  return `unknown option '${word}'${didYouMean(word, [...rows.keys(), ...OTHER_NAMES])}`;
}
