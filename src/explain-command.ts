/**
 * `fairlead explain`: why a container, a host or a path is routed, or is not. The running balancer is asked by its Runtime API;
 * where none is found, the configuration and its sources of servers are asked once.
 */

import { diagnosticLines } from './banner.ts';
import { didYouMean } from './core/suggest.ts';
import { ask, Unreachable } from './ctl/client.ts';
import type { CtlEdge } from './ctl/ctl.ts';
import { findSocket, type Target } from './ctl/find-socket.ts';
import { quoted } from './ctl/lines.ts';
import { harmless, harmlessJson } from './ctl/table.ts';
import type { SelfHint } from './discovery/docker/self.ts';
import { explain } from './explain/ask.ts';
import type { Explanation } from './explain/explanation.ts';
import { linesOf } from './explain/text.ts';
import { worldOf } from './explained.ts';
import type { Preparation } from './prepare.ts';
import { survey } from './survey.ts';

/** Exit codes: it is routed, or nothing in particular was asked; it is not; nobody could be asked, or what was asked makes no sense. */
const Code = { Routed: 0, Not: 1, Failed: 2 } as const;

/** How long a source may take to speak, ms. */
const GRACE = 3000;
/** How long nothing may come from the balancer, ms. */
const SILENCE = 10_000;

export interface ExplainEdge extends CtlEdge {
  readonly pid: number;
  readonly self: SelfHint;
  /** What runs where no configuration is given. */
  readonly files: readonly string[];
  /** Reads these files; without any, what would run. */
  read(files: readonly string[]): Preparation;
}

interface Options {
  readonly socket: string | undefined;
  readonly files: readonly string[];
  readonly json: boolean;
  /** Empty: everything. */
  readonly asked: string;
}

export const EXPLAIN_HELP = `fairlead explain: why is it routed, or not?

  fairlead explain                       every container that is known: accepted or not, and why
  fairlead explain web-1                 one of them, by its name or how its id begins, in detail
  fairlead explain www.example.test/api  which rule and which server would take a request for this host and path
  fairlead explain http://localhost:8080/

The balancer that runs is asked by its Runtime API. Where none is found, the configuration is read and its sources (Docker
engines and others) are asked once: then what Fairlead's own checks find is not known.

  --socket, -s ADDRESS   the Runtime API: a path, unix@PATH, HOST:PORT; else $FAIRLEAD_SOCKET, or a usual place
  -f FILE                the configuration: of its sockets the one whose users may do most is asked
  --json                 the same as data

Exit codes: 0 routed, 1 not routed or not known, 2 nobody could be asked, or wrong usage
`;

/** `words` are those behind `explain`. Answers the exit code. */
export async function explainCommand(words: readonly string[], edge: ExplainEdge): Promise<number> {
  const options = readOptions(words);
  if (options === 'help') {
    edge.stdout.write(EXPLAIN_HELP);
    return Code.Routed;
  }
  if (typeof options === 'string') return fail(edge, `${options}\nfairlead: 'fairlead explain --help' says more`);
  const explanation = await explained(options, edge);
  if (typeof explanation === 'string') return fail(edge, explanation);
  edge.stdout.write(options.json ? `${harmlessJson(explanation)}\n` : [...linesOf(explanation)].map(harmless).join(''));
  return explanation.routed ? Code.Routed : Code.Not;
}

function fail({ stderr }: ExplainEdge, message: string): number {
  stderr.write(`fairlead: ${harmless(message)}\n`);
  return Code.Failed;
}

const NAMES = ['--socket', '-s', '-f', '--json', '--help', '-h'];

/** Text is what is wrong with them, or `help`. */
function readOptions(words: readonly string[]): Options | string {
  let options: Options = { socket: undefined, files: [], json: false, asked: '' };
  let named = false;
  for (let at = 0; at < words.length; at++) {
    const word = words[at] as string;
    const [, option = word, inWord] = /^(--\w+)=(.*)$/s.exec(word) ?? [];
    if (option === '--help' || option === '-h') return 'help';
    if (option === '--json' && inWord === undefined) options = { ...options, json: true };
    else if (option === '--socket' || option === '-s' || option === '-f') {
      const value = inWord ?? words[++at];
      if (value === undefined) return `'${option}' expects a value`;
      options = option === '-f' ? { ...options, files: [...options.files, value] } : { ...options, socket: value };
    } else if (word.startsWith('-')) return `unknown option '${word}' of 'explain'${didYouMean(word, NAMES)}`;
    else if (named) return `'explain' expects one container, host or URL, and found '${word}' behind '${options.asked}'`;
    else if (word.trim() === '' || /[\n\r]/.test(word)) return `'${word.trim()}' is neither a container nor a host`;
    else {
      named = true;
      options = { ...options, asked: word };
    }
  }
  return options;
}

/** Text is why there is no answer. */
async function explained(options: Options, edge: ExplainEdge): Promise<Explanation | string> {
  const { socket, files, asked } = options;
  const target = await socketFor(options, edge);
  const isSaid = socket !== undefined || (files.length === 0 && (edge.env.FAIRLEAD_SOCKET ?? '') !== '');
  if (typeof target === 'string') return isSaid ? target : surveyed(files, asked, edge);
  try {
    return await askAt(target, asked);
  } catch (error) {
    if (!(error instanceof Unreachable)) throw error;
    if (isSaid) return error.message;
    edge.stderr.write(`fairlead: ${harmless(error.message)}: no balancer is asked\n`);
    return surveyed(files, asked, edge);
  }
}

/** The image's configuration may have one that is not in a usual place. */
async function socketFor(options: Options, { env, cwd, files }: ExplainEdge): Promise<Target | string> {
  const target = await findSocket(options, env, cwd);
  const isOpen = typeof target === 'string' && options.socket === undefined && options.files.length === 0 && files.length > 0;
  return isOpen ? findSocket({ socket: undefined, files }, env, cwd) : target;
}

async function askAt(target: Target, asked: string): Promise<Explanation | string> {
  const command = ['explain', ...(asked === '' ? [] : [quoted(asked)]), 'json'].join(' ');
  const { text, failed } = await ask(target, command, undefined, { silence: SILENCE });
  if (failed) {
    if (/^Unknown command/.test(text)) return `${target.name}: what listens there does not know 'explain'`;
    const level = /^Permission denied/.test(text) ? ' (explain needs level operator or admin)' : '';
    return `${target.name}: ${text.trimEnd()}${level}`;
  }
  return JSON.parse(text) as Explanation;
}

async function surveyed(files: readonly string[], asked: string, edge: ExplainEdge): Promise<Explanation | string> {
  const { prepared, diagnostics } = edge.read(files);
  if (prepared === undefined) return `the configuration cannot be read\n${diagnosticLines(diagnostics, edge.pid).join('').trimEnd()}`;
  const { env, self } = edge;
  return survey(prepared, { env, self, events: { event: () => {} } }, GRACE, ({ store, sources }) =>
    explain(worldOf(prepared, store, sources, undefined), asked),
  );
}
