/**
 * One question to the Runtime API and its answer, whole. Severities are asked for, so that refusals can be told from reports;
 * who does not know of them (HAProxy's master CLI) is asked all the same.
 */

import { connect } from 'node:net';
import type { Target } from './find-socket.ts';

export interface Reply {
  /** Without the empty line at its end. */
  readonly text: string;
  /** A refusal, or nothing that is known. */
  readonly failed: boolean;
}

/** How long to wait. */
export interface Patience {
  /** For something to come, ms. */
  readonly silence: number;
  /** For the end of it all. */
  readonly until?: AbortSignal;
}

/** It could not be asked. */
export class Unreachable extends Error {}

const PREFIX = 'set severity-output number;';
/** emerg to err */
const WORST_REFUSAL = 3;
/** What HAProxy refuses as a warning or a notice, which it also tells changes as. */
const MILD_REFUSAL =
  /^(invalid (addr|fqdn) |(health|agent) checks are not enabled|provided port )|, (problem converting port|provided port is not valid)|, cannot disable\.|not done by Fairlead/i;

/** So many letters of a payload are sent at once, where it may be sent in several: HAProxy takes 16 KB with the line. */
const PIECE = 8192;
/** Each line of theirs is an entry of its own. */
const BY_LINES = /^\s*add\s+map\s/;

/** `command`: one command, as it is written. Of its payload, empty lines are left out: one would end it. */
export async function ask(target: Target, command: string, payload: string | undefined, patience: Patience): Promise<Reply> {
  if (payload === undefined) return askOnce(target, command, `${command}\n`, patience);
  let reply: Reply = { text: '', failed: false };
  for (const piece of BY_LINES.test(command) ? piecesOf(payload) : [linesOf(payload).join('')]) {
    reply = await askOnce(target, command, `${command} <<\n${piece}\n`, patience);
    if (reply.failed) return reply;
  }
  return reply;
}

async function askOnce(target: Target, command: string, text: string, patience: Patience): Promise<Reply> {
  const answer = await exchange(target, PREFIX + text, patience);
  try {
    return readAnswer(answer);
  } catch (error) {
    // Its payload, if any, may be large, or secret.
    throw error instanceof Unreachable ? new Unreachable(`${target.name}: '${command.trim()}': ${error.message}${tooLong(text)}`) : error;
  }
}

function tooLong({ length }: string): string {
  return length < 2 * PIECE ? '' : '; it may be too long: a line may have 16 KB, a payload 64 KB, with HAProxy 16 KB together';
}

/** Each with its newline. */
function linesOf(payload: string): readonly string[] {
  return payload
    .split('\n')
    .map((line) => line.replace(/\r+$/, ''))
    .filter((line) => line !== '')
    .map((line) => `${line}\n`);
}

/** At least one. */
function piecesOf(payload: string): readonly string[] {
  const pieces = [''];
  for (const line of linesOf(payload)) {
    const last = pieces.length - 1;
    const piece = pieces[last] ?? '';
    if (piece !== '' && piece.length + line.length > PIECE) pieces.push(line);
    else pieces[last] = piece + line;
  }
  return pieces;
}

/** Sends it all, and reads until the other side closes. */
function exchange({ name, options }: Target, text: string, { silence, until }: Patience): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ ...options, allowHalfOpen: true, ...(until === undefined ? {} : { signal: until }) });
    let answer = '';
    const fail = (why: string): void => {
      socket.destroy();
      reject(new Unreachable(`${name}: ${why}`));
    };
    socket.setEncoding('utf8');
    socket.setTimeout(silence, () => fail(`nothing came for ${silence / 1000} s`));
    socket.on('error', (error: NodeJS.ErrnoException) => fail(REASONS[error.code ?? ''] ?? error.message));
    socket.on('data', (piece: string) => {
      answer += piece;
    });
    socket.on('end', () => {
      socket.destroy();
      resolve(answer);
    });
    // Not before it is there: what is sent with the end may be lost otherwise where the other side waits for its turn.
    socket.on('connect', () => socket.end(text));
  });
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such socket',
  ECONNREFUSED: 'nobody listens there',
  EACCES: 'permission denied',
};

/** The first answer is that of the prefix: an empty line where it is known. */
export function readAnswer(answer: string): Reply {
  if (answer === '') throw new Unreachable('the connection was closed without an answer');
  const known = answer.startsWith('\n');
  const end = known ? 0 : answer.indexOf('\n\n') + 1;
  // A master's is that it does not know of it, or has nobody to ask.
  if (!known && (end === 0 || !/^(Unknown command|Permission denied|Can't find the target)/.test(answer))) {
    throw new Unreachable('what answers is no Runtime API');
  }
  const rest = answer.slice(end + 1);
  if (rest !== '' && !rest.endsWith('\n')) throw new Unreachable('the connection was closed within the answer');
  const [, digit, message] = /^\[(\d)\]: ([\s\S]*)$/.exec(rest) ?? [];
  const text = (message ?? rest).replace(/\n{1,2}$/, '');
  const unknown = /^Unknown command/.test(text) || (!known && /^(Permission denied|Can't find the target)/.test(text));
  return { text, failed: unknown || (digit !== undefined && isRefusal(Number(digit), text)) };
}

function isRefusal(severity: number, text: string): boolean {
  return severity <= WORST_REFUSAL || MILD_REFUSAL.test(text);
}
