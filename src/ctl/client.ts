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

/** It could not be asked. */
export class Unreachable extends Error {}

const PREFIX = 'set severity-output number;';
/** emerg to err */
const WORST_REFUSAL = 3;

/** `command`: one command, as it is written; its payload, if any, is lines without an empty one. */
export async function ask(target: Target, command: string, payload: string | undefined, timeout: number): Promise<Reply> {
  const text = payload === undefined ? `${command}\n` : `${command} <<\n${payload.replace(/\n*$/, '\n')}\n`;
  return readAnswer(await exchange(target, PREFIX + text, timeout), PREFIX + text);
}

/** Sends it all, and reads until the other side closes. */
function exchange({ name, options }: Target, text: string, timeout: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ ...options, allowHalfOpen: true });
    let answer = '';
    const fail = (why: string): void => {
      socket.destroy();
      reject(new Unreachable(`${name}: ${why}`));
    };
    socket.setEncoding('utf8');
    socket.setTimeout(timeout, () => fail(`no answer within ${timeout / 1000} s`));
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
export function readAnswer(answer: string, asked: string): Reply {
  if (answer === '') throw new Unreachable(`the connection was closed without an answer to '${asked.trim()}'`);
  const known = answer.startsWith('\n');
  const rest = known ? answer.slice(1) : answer.slice(answer.indexOf('\n\n') + 2);
  const [, digit, message] = /^\[(\d)\]: ([\s\S]*)$/.exec(rest) ?? [];
  const text = (message ?? rest).replace(/\n{1,2}$/, '');
  const unknown = /^Unknown command/.test(text) || (!known && /^(Permission denied|Can't find the target)/.test(text));
  return { text, failed: unknown || (digit !== undefined && Number(digit) <= WORST_REFUSAL) };
}
