/**
 * What an agent says (manual 5.2, "agent-check"): words between blanks, tabs and commas, in any order, up to the end of the
 * line; the last of a kind counts, and what follows a sharp is for people. The sentences are HAProxy's.
 */

import type { AdminState, AgentReport, Verdict } from '../types.ts';

export interface AgentWords extends Omit<AgentReport, 'verdict'> {
  readonly code: Verdict['code'];
  readonly info: string;
}

const ADMIN: ReadonlyMap<string, AdminState> = new Map([
  ['ready', 'ready'],
  ['drain', 'drain'],
  ['maint', 'maint'],
]);

const STATES: ReadonlyMap<string, NonNullable<AgentReport['state']>> = new Map([
  ['up', 'up'],
  ['down', 'down'],
  ['stopped', 'stopped'],
  ['fail', 'failed'],
]);

export function readAgentLine(line: string): AgentWords {
  const said: Said = { weight: undefined, admin: undefined, state: undefined, maxconn: undefined, word: '', error: '', warning: '' };
  // A sharp inside of a word is part of it.
  const sharp = /(?:^|[ \t,])#/.exec(line);
  const end = sharp === null ? line.length : sharp.index;
  for (const word of line.slice(0, end).split(/[ \t,]+/)) if (word !== '') readWord(said, word);
  const remark = sharp === null ? '' : line.slice(end + sharp[0].length).trim();
  const { weight, admin, state, maxconn } = said;
  return { weight, admin, state, maxconn, ...judge(said, remark) };
}

interface Said {
  weight: number | undefined;
  admin: AdminState | undefined;
  state: AgentReport['state'];
  maxconn: number | undefined;
  /** As it was written. */
  word: string;
  /** The first word that is none. */
  error: string;
  /** Of weight, else of maxconn. */
  warning: string;
}

/** Words may be written in capitals. */
function readWord(said: Said, word: string): void {
  const small = word.toLowerCase();
  const admin = ADMIN.get(small);
  const state = STATES.get(small);
  if (admin !== undefined) said.admin = admin;
  else if (state !== undefined) {
    said.state = state;
    said.word = word;
  } else if (/^\d.*%/.test(word)) readWeight(said, word);
  else if (small.startsWith('maxconn:')) readMaxconn(said, word.slice('maxconn:'.length));
  else if (said.error === '') said.error = word;
}

function readWeight(said: Said, word: string): void {
  const [, percent] = /^(\d{1,9})%$/.exec(word) ?? [];
  said.weight = percent === undefined ? undefined : Number(percent);
  if (percent === undefined) said.warning = 'Trailing garbage in weight string';
}

function readMaxconn(said: Said, text: string): void {
  const [, number, garbage] = /^(\d{1,9})(.*)$/.exec(text) ?? [];
  said.maxconn = number === undefined || garbage !== '' ? undefined : Number(number);
  if (said.maxconn !== undefined || said.warning !== '') return;
  if (text === '') said.warning = 'Require <maxconn>.';
  else if (number === undefined) said.warning = 'maxconn string empty or preceded by garbage';
  else said.warning = 'Trailing garbage in maxconn string';
}

/** Bad news comes with its remark; good news with what was wrong besides, if anything was. */
function judge(said: Said, remark: string): Pick<AgentWords, 'code' | 'info'> {
  const trouble = said.error === '' ? said.warning : said.error;
  if (said.state !== undefined) {
    const up = said.state === 'up';
    const [first, second] = up ? [trouble, remark] : [remark, trouble];
    const why = first === '' ? second : first;
    return { code: up ? 'L7OK' : 'L7STS', info: `via agent : ${said.word}${why === '' ? '' : ` (${why})`}` };
  }
  if (said.error !== '') return { code: 'CHECKED', info: `agent reports an error : ${said.error}` };
  return { code: 'CHECKED', info: said.warning === '' ? '' : `agent warns : ${said.warning}` };
}
