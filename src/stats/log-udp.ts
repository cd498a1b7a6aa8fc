/** `log` targets that get a datagram for each line: UDP, and descriptors that are datagram sockets. */

import { lookup } from 'node:dns';
import { isIP } from 'node:net';
import { constants } from 'node:os';
import { getSystemErrorName } from 'node:util';
import { monotonic } from '../core/clock.ts';
import { connectDatagrams, type Sender } from './datagrams.ts';
import { FULL, type LogOutput, type Losses, RETRY, Waiting } from './log-outputs.ts';

const { EAGAIN, ECANCELED, ECONNREFUSED, EMSGSIZE } = constants.errno;

/** What is said of one line, not of the way to the target. */
const OF_A_LINE: readonly number[] = [-EAGAIN, -ECANCELED, -ECONNREFUSED, -EMSGSIZE];

function reason(status: number): string {
  return status === -EAGAIN ? FULL : getSystemErrorName(status);
}

/** Finds the address of a name, as `lookup` of node:dns. */
type Resolve = (
  name: string,
  options: { readonly family: 0 | 4 | 6 },
  done: (error: Error | null, address: string, family: number) => void,
) => void;

/** `fd@N`. */
export class DatagramOutput implements LogOutput {
  private readonly socket: Sender;
  private readonly losses: Losses;

  constructor(socket: Sender, losses: Losses) {
    this.socket = socket;
    this.losses = losses;
    socket.onLost = (status) => losses.add(1, reason(status));
  }

  write(line: string): void {
    const status = this.socket.send(line);
    if (status !== 0) this.losses.add(1, reason(status));
  }

  flush(): void {}

  /** The descriptor belongs to whoever opened it. */
  close(): void {}
}

/**
 * Over a connected socket. Lines wait until a host name is resolved, and for the end of the turn: sent one after the other
 * they cost less than one after each request, because the system's code for UDP is in the cache by then.
 */
export class UdpOutput implements LogOutput {
  private readonly host: string;
  private readonly port: number;
  /** Of names; 0 takes what comes. */
  private readonly family: 0 | 4 | 6;
  private readonly losses: Losses;
  private readonly resolve: Resolve;
  /** Milliseconds until it is tried again. */
  private readonly pause: number;
  private readonly waiting: Waiting;
  private socket: Sender | undefined;
  private scheduled: NodeJS.Immediate | undefined;
  private readonly onTurnEnd = (): void => this.flush();
  private retry: NodeJS.Timeout | undefined;
  /** Monotonic ms; until lines are known to be taken again. */
  private refusedAt: number | undefined;
  private closed = false;

  constructor(host: string, port: number, family: 0 | 4 | 6, losses: Losses, resolve: Resolve = lookup, pause: number = RETRY) {
    this.host = host;
    this.port = port;
    this.family = family;
    this.losses = losses;
    this.resolve = resolve;
    this.pause = pause;
    this.waiting = new Waiting(losses);
    this.open();
  }

  write(line: string): void {
    if (this.socket === undefined) {
      this.waiting.keep(line);
      return;
    }
    if (!this.waiting.hasRoomFor(line)) this.flush();
    this.waiting.add(line);
    this.scheduled ??= setImmediate(this.onTurnEnd);
  }

  flush(): void {
    if (this.scheduled !== undefined) clearImmediate(this.scheduled);
    this.scheduled = undefined;
    if (this.socket === undefined) return;
    for (const line of this.waiting.take()) this.send(line);
  }

  close(): void {
    this.flush();
    this.closed = true;
    this.end();
    this.waiting.drop('the log target is no longer used');
  }

  private send(line: string): void {
    if (this.socket === undefined) {
      this.waiting.keep(line);
      return;
    }
    let status = this.socket.send(line);
    if (status === 0) {
      if (this.refusedAt !== undefined) this.heal(this.refusedAt);
      return;
    }
    if (status === -ECONNREFUSED) {
      // The network's answer to an earlier line, in the place of sending this one.
      this.onRefused();
      status = this.socket.send(line);
    }
    if (status !== 0) this.onError(status);
  }

  private open(): void {
    const family = isIP(this.host);
    if (family !== 0) {
      this.connect(this.host, family === 6 ? 6 : 4);
      return;
    }
    this.resolve(this.host, { family: this.family }, (error, address, found) => {
      if (this.closed) return;
      if (error !== null) this.again(error.message);
      else this.connect(address, found === 6 ? 6 : 4);
    });
  }

  private connect(address: string, family: 4 | 6): void {
    const socket = connectDatagrams(address, this.port, family);
    if (typeof socket === 'number') {
      this.again(reason(socket));
      return;
    }
    socket.onLost = (status) => (status === -ECONNREFUSED ? this.onRefused() : this.onError(status));
    this.socket = socket;
    this.losses.recover();
    this.flush();
  }

  /** The line was sent, so it is not a dropped one (HAProxy does not even hear of it); but somebody should know. */
  private onRefused(): void {
    this.refusedAt = monotonic();
    this.losses.explain('nobody listens there');
  }

  /** The network would have refused, by now, what was sent behind the line that it has refused. */
  private heal(refusedAt: number): void {
    if (monotonic() - refusedAt < this.pause) return;
    this.refusedAt = undefined;
    this.losses.recover();
  }

  private onError(status: number): void {
    this.losses.add(1, reason(status));
    // Not for good: this machine's address may have changed, and a connected socket keeps the one it had.
    if (!OF_A_LINE.includes(status) && !this.closed) this.again(reason(status));
  }

  private again(why: string): void {
    this.losses.explain(why);
    this.end();
    this.retry = setTimeout(() => this.open(), this.pause);
    this.retry.unref();
  }

  private end(): void {
    clearTimeout(this.retry);
    this.socket?.close();
    this.socket = undefined;
  }
}
