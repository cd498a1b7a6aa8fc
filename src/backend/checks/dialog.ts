/**
 * One check from its first connection to its outcome: the steps of a program gone through over a line. It knows no timers;
 * `expire` ends it where it is. The sentences are HAProxy's.
 *
 * Invariant: a dialog that has begun ends with one `onOutcome`, unless it is aborted; then nothing is told any more.
 */

import type { CheckConnect } from '../../config/model.ts';
import { detached } from '../../core/bytes.ts';
import type { Spoken } from '../../tls/servers-connect.ts';
import type { VerdictCode } from '../types.ts';
import { type AgentWords, readAgentLine } from './agent-words.ts';
import { errorWords } from './errors.ts';
import { HttpAnswer } from './http-answer.ts';
import type { Line, LineOwner, OpenLine, Refused } from './line.ts';
import type { ExpectStep, Program, Step } from './program.ts';
import type { JudgeStep } from './services.ts';

export interface Outcome {
  readonly code: VerdictCode;
  /** The code of an answer that was judged by its content: that of HTTP, one that is configured, or 0; else -1. */
  readonly status: number;
  readonly info: string;
  /** Of an agent that was heard. */
  readonly said: AgentWords | undefined;
}

export interface DialogOwner {
  /** A connection is being opened, perhaps not the first one. */
  onOpening(): void;
  onConnected(): void;
  /** More has come, but not so much that it should be looked at now: `again` is to be called a little later. */
  onLater(): void;
  onOutcome(outcome: Outcome): void;
}

export interface Target {
  /** A literal address, or the path of a unix socket. */
  readonly address: string;
  readonly port: number;
  /** For `http-check send-state`: the server as it is seen. */
  readonly state: ((node: string) => string) | undefined;
  /** How a connection is encrypted: undefined where it is not, or why it should be and cannot be. Absent: none is. */
  readonly spoken?: ((step: CheckConnect) => Spoken | string | undefined) | undefined;
  /** The server is in service: a 404 may take it out gently. */
  readonly inService: () => boolean;
}

/** Less than this is looked at whenever some of it comes. */
const SMALL = 512;

/** HAProxy keeps no more of it. */
const LONGEST_INFO = 127;

/** Codes that stand on an answer's content. */
const WITH_STATUS: readonly VerdictCode[] = ['L7OK', 'L7OKC', 'L7STS'];

const NONE: Program = { protocol: 'none', steps: [], disableOn404: false, limit: 0 };

export class Dialog implements LineOwner {
  private readonly owner: DialogOwner;
  private readonly open: OpenLine;
  /** The one that was begun last. */
  private program: Program = NONE;
  private target: Target | undefined = undefined;
  private line: Line | undefined = undefined;
  private at = 0;
  private connected = false;
  /** Its handshake has begun: it is encrypted. */
  private secure = false;
  /** What came since the last connect or send. */
  private came = '';
  private answer: HttpAnswer | undefined = undefined;
  /** How much of it a regular expression has been tried on in vain. */
  private tried = 0;
  /** Something must come before an answer can be judged: nothing has since the last connect or send. */
  private fresh = true;
  /** The peer sends no more. */
  private ended = false;
  /** What was sent last is not known to have arrived: a reset might overtake it. */
  private unacknowledged = false;

  constructor(owner: DialogOwner, open: OpenLine) {
    this.owner = owner;
    this.open = open;
  }

  begin(target: Target, program: Program): void {
    this.target = target;
    this.program = program;
    this.at = 0;
    this.run();
  }

  abort(): void {
    this.target = undefined;
    this.line?.close(true);
    this.line = undefined;
    this.forget();
  }

  /** Its time is over. */
  expire(): void {
    this.unacknowledged = false;
    if (!this.connected) this.finish(this.secure ? 'L6TOUT' : 'L4TOUT', 0, this.place());
    else {
      const step = this.program.steps[this.at];
      const own = step?.kind === 'expect' ? step.expect.toutStatus : step?.kind === 'judge' ? step.timeout : undefined;
      this.finish(own ?? 'L7TOUT', 0, this.place());
    }
  }

  onSecuring(): void {
    this.secure = true;
  }

  onInsecure(words: string): void {
    this.finish('L6RSP', 0, words + this.place());
  }

  onConnected(): void {
    this.connected = true;
    this.owner.onConnected();
    this.at++;
    this.run();
  }

  onBytes(bytes: string): void {
    this.fresh = false;
    this.unacknowledged = false;
    if (this.answer === undefined) this.came += bytes.slice(0, Math.max(0, this.program.limit - this.came.length));
    else this.answer.feed(bytes);
    if (this.tooSoon()) this.owner.onLater();
    else this.run();
  }

  /** Looks at what has come since the owner was told that it could wait. */
  again(): void {
    this.tried = 0;
    this.run();
  }

  /**
   * A regular expression may need more time than the length of what it meets. Whoever sends byte by byte does not have it
   * tried on all of them at every one.
   */
  private tooSoon(): boolean {
    if (this.tried < SMALL || this.ended) return false;
    const { length } = this.answer?.body ?? this.came;
    const whole = this.answer?.complete ?? length >= this.program.limit;
    return !whole && length - this.tried < length / 8;
  }

  onEnd(): void {
    this.ended = true;
    this.fresh = false;
    this.run();
  }

  onFailure(code: string, refused: Refused | undefined): void {
    const words = refused === undefined ? errorWords(code) : `General socket error (${errorWords(code)})`;
    this.finish(this.connected || refused === 'socket' ? 'SOCKERR' : 'L4CON', 0, words + this.place());
  }

  /** Goes on until something must come first. */
  private run(): void {
    const { steps } = this.program;
    while (this.target !== undefined) {
      const step = steps[this.at];
      if (step === undefined) this.pass();
      else if (!this.take(step)) return;
    }
  }

  /** False while something must come first, or when it was the last. */
  private take(step: Step): boolean {
    switch (step.kind) {
      case 'connect':
        this.connect(step);
        return false;
      case 'send':
        return this.send(step.data);
      case 'request': {
        const { stateNode } = step;
        const state = stateNode === undefined ? '' : `x-haproxy-server-state: ${this.target?.state?.(stateNode) ?? ''}\r\n`;
        const sent = this.send(step.before + state + step.after);
        this.answer = sent ? new HttpAnswer(step.bodiless, this.program.limit) : undefined;
        return sent;
      }
      case 'line':
        return this.hear(step.number);
      case 'judge':
        return this.judge(step);
      case 'expect':
        return this.expect(step);
    }
  }

  private connect(step: Extract<Step, { kind: 'connect' }>): void {
    const { address, port, spoken: spokenFor } = this.target as Target;
    this.line?.close(false);
    this.forget();
    this.connected = false;
    this.secure = false;
    const spoken = spokenFor?.(step);
    if (typeof spoken === 'string') {
      this.onInsecure(spoken);
      return;
    }
    this.owner.onOpening();
    this.line = this.open(this, step.address ?? address, step.port ?? step.addressPort ?? port, spoken);
  }

  /** False when that has failed. */
  private send(data: string): boolean {
    const failure = this.line?.send(data);
    if (failure !== undefined) {
      this.onFailure(failure, undefined);
      return false;
    }
    this.came = '';
    this.tried = 0;
    this.answer = undefined;
    this.fresh = !this.ended;
    this.unacknowledged = true;
    this.at++;
    return true;
  }

  private forget(): void {
    this.came = '';
    this.tried = 0;
    this.answer = undefined;
    this.fresh = true;
    this.ended = false;
    this.unacknowledged = false;
  }

  private expect(step: ExpectStep): boolean {
    this.line?.listen();
    if (this.fresh) return false;
    const outcome = this.program.protocol === 'http' ? this.judgeAnswer(step) : this.judgeBytes(step);
    if (outcome === 'passed') this.at++;
    else if (outcome === 'open') this.at = step.head;
    return outcome === 'passed';
  }

  private judgeBytes(step: ExpectStep): 'passed' | 'open' | 'failed' {
    const { came, ended } = this;
    const { expect } = step;
    const whole = ended || came.length >= this.program.limit;
    if (whole && came === '') {
      const comment = expect.comment === '' ? '' : ` comment: '${expect.comment}'`;
      return this.fail(step, 'L7RSP', `TCPCHK got an empty response at step ${expect.number}${comment}`);
    }
    if (!whole && came.length < step.atLeast) return 'open';
    const matched = step.matches(came);
    if (!matched && !whole && expect.minRecv === -1) return this.wait(step, came);
    if (matched !== expect.negate) return 'passed';
    return this.fail(step, 'L7RSP', complaint(expect.onError ?? `${unwanted(matched)}${pattern(step)} at step ${expect.number}`, expect));
  }

  private judgeAnswer(step: ExpectStep): 'passed' | 'open' | 'failed' {
    const answer = this.answer as HttpAnswer;
    const { expect } = step;
    const { onError } = expect;
    if (answer.invalid || (this.ended && !answer.headed)) return this.refuse(complaint(onError ?? '', expect));
    if (!answer.headed) return 'open';
    if (this.leaves(answer)) return 'passed';
    if (step.matchesHead !== undefined) {
      if (step.matchesHead(answer) !== expect.negate) return 'passed';
      return this.fail(step, 'L7STS', complaint(onError ?? answer.reason, expect));
    }
    const whole = this.ended || answer.complete;
    const { body } = answer;
    if (body === '') {
      if (!whole) return 'open';
      return this.fail(step, 'L7RSP', complaint(onError ?? 'HTTP content check could not find a response body', expect));
    }
    if (!whole && body.length < step.atLeast) return 'open';
    const matched = step.matches(body);
    if (!matched && !whole && expect.minRecv === -1) return this.wait(step, body);
    if (matched !== expect.negate) return 'passed';
    const why = expect.negate ? 'HTTP check matched unwanted content' : 'HTTP content check did not match';
    return this.fail(step, 'L7RSP', complaint(onError ?? why, expect));
  }

  private wait({ expect }: ExpectStep, bytes: string): 'open' {
    this.tried = expect.match.kind === 'rstring' || expect.match.kind === 'rbinary' ? bytes.length : 0;
    return 'open';
  }

  /** `http-check disable-on-404`: whatever else is expected. */
  private leaves({ status }: HttpAnswer): boolean {
    return this.program.disableOn404 && status === 404 && this.target?.inService() === true;
  }

  /** The answer of a service. */
  private judge(step: JudgeStep): boolean {
    this.line?.listen();
    if (this.fresh) return false;
    const { came, ended } = this;
    if (came === '') {
      this.finish(step.empty, 0, `TCPCHK got an empty response at step ${step.number}`);
      return false;
    }
    const judgement = step.judge(came, ended || came.length >= this.program.limit);
    if (judgement === 'wait') return false;
    const { good, code, status, info } = judgement;
    if (good && this.at < this.program.steps.length - 1) this.at++;
    else this.finish(code, status, info);
    return good;
  }

  /** An agent's line. */
  private hear(number: number): boolean {
    this.line?.listen();
    const end = this.came.search(/[\r\n]/);
    if (end >= 0 || this.came.length >= this.program.limit) {
      const said = readAgentLine(end < 0 ? this.came : this.came.slice(0, end));
      this.finish(said.code, 0, said.info, said);
    } else if (this.ended && this.came === '') this.finish('L7RSP', 0, `TCPCHK got an empty response at step ${number}`);
    else if (this.ended) this.finish('L7TOUT', 0, 'Ignoring incomplete line from agent');
    return false;
  }

  /** The answer is none. */
  private refuse(info: string): 'failed' {
    this.finish('L7RSP', 0, info);
    return 'failed';
  }

  private fail({ expect }: ExpectStep, code: VerdictCode, info: string): 'failed' {
    this.finish(expect.errorStatus ?? code, expect.statusCode ?? this.answer?.status ?? 0, info);
    return 'failed';
  }

  /** All steps are done; what the last of them was says what is well. */
  private pass(): void {
    const { protocol, steps } = this.program;
    const last = steps[steps.length - 1] as Step;
    const info = protocol === 'tcp' ? '(tcp-check)' : '';
    if (last.kind === 'connect') this.finish(this.secure ? 'L6OK' : 'L4OK', 0, last.number === 0 ? '' : '(tcp-check)');
    else if (last.kind !== 'expect') this.finish('L7OK', 0, info);
    else if (this.answer !== undefined && this.leaves(this.answer)) this.finish('L7OKC', 404, '');
    else {
      const { okStatus = 'L7OK', statusCode, onSuccess } = last.expect;
      this.finish(okStatus, statusCode ?? this.answer?.status ?? 0, onSuccess ?? info);
    }
  }

  private finish(code: VerdictCode, status: number, info: string, said: AgentWords | undefined = undefined): void {
    if (this.target === undefined) return;
    this.target = undefined;
    this.line?.close(!this.unacknowledged && !this.lingers);
    this.line = undefined;
    this.forget();
    // It is remembered for long, and the answer that it was cut from shall not be.
    const kept = detached(info.slice(0, LONGEST_INFO));
    this.owner.onOutcome({ code, status: WITH_STATUS.includes(code) ? status : -1, info: kept, said });
  }

  /** The connect that made this connection asks for it. */
  private get lingers(): boolean {
    const { steps } = this.program;
    for (let at = Math.min(this.at, steps.length - 1); at >= 0; at--) {
      const step = steps[at];
      if (step?.kind === 'connect') return step.linger;
    }
    return false;
  }

  /** Where a TCP check was, with the blank before it. */
  private place(): string {
    const { protocol, steps } = this.program;
    const step = steps[this.at];
    if (protocol !== 'tcp' || step === undefined) return '';
    if (step.kind === 'connect' && step.number === 0) return ' at initial connection step of tcp-check';
    if (step.kind === 'request' || step.kind === 'line' || step.kind === 'judge') return '';
    const { number, comment } = step.kind === 'expect' ? step.expect : step;
    return ` at step ${number} of tcp-check (${doing(step)})${comment === '' ? '' : ` comment: '${comment}'`}`;
  }
}

function doing(step: Extract<Step, { kind: 'connect' | 'send' | 'expect' }>): string {
  if (step.kind === 'connect') return step.port === undefined ? 'connect' : `connect port ${step.port}`;
  if (step.kind === 'send') return 'send';
  const { match } = step.expect;
  switch (match.kind) {
    case 'string':
    case 'binary':
      return `expect ${match.kind} '${match.pattern}'`;
    case 'string-lf':
      return 'expect log-format string';
    case 'binary-lf':
      return 'expect log-format binary';
    case 'rbinary':
      return 'expect binary regex';
    default:
      return 'expect regex';
  }
}

function unwanted(matched: boolean): string {
  return matched ? 'TCPCHK matched unwanted content' : 'TCPCHK did not match content';
}

function pattern({ expect: { match } }: ExpectStep): string {
  switch (match.kind) {
    case 'string':
      return ` '${match.pattern}'`;
    case 'binary':
      return ' (binary)';
    case 'string-lf':
      return ' (log-format string)';
    case 'binary-lf':
      return ' (log-format binary)';
    case 'rbinary':
      return ' (binary regex)';
    default:
      return ' (regex)';
  }
}

function complaint(text: string, { comment }: { readonly comment: string }): string {
  return comment === '' ? text : `${text} comment: ${comment}`;
}
