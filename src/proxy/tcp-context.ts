/** What rules see of a TCP session: its addresses and the proxies' names, and of a request nothing. */

import type { Head } from '../http/head.ts';
import type { Live } from '../rules/live.ts';
import type { LogFacts } from '../rules/log-facts.ts';
import { type Notes, uniqueIdOf } from '../rules/notes.ts';
import type { TlsFacts } from '../rules/tls-facts.ts';
import type { Accepted } from './accept.ts';
import type { KeyContext } from './balance-key.ts';
import { LiveView, type Subject } from './live.ts';
import { NO_REQUEST } from './no-request.ts';
import { plainAddress } from './session.ts';

export class TcpContext implements KeyContext {
  readonly request: Head = NO_REQUEST;
  readonly response = undefined;
  readonly peerAddress: string;
  readonly clientAddress: string;
  readonly clientPort: number;
  readonly localAddress: string;
  readonly localPort: number;
  readonly tls: TlsFacts | undefined;
  readonly frontend: string;
  backend: string | undefined = undefined;
  readonly server = undefined;
  disableL7Retry = false;
  notes: Notes | undefined = undefined;
  /** While its log line is written: that is what it tells. */
  frozen: LogFacts | undefined = undefined;
  private readonly subject: Subject & { readonly facts: LogFacts };

  /** `subject`: its session. */
  constructor({ socket, tls }: Pick<Accepted, 'socket' | 'tls'>, subject: Subject & { readonly facts: LogFacts }) {
    const { listener } = subject;
    this.subject = subject;
    this.tls = tls;
    this.peerAddress = socket.remoteAddress ?? '';
    this.clientAddress = plainAddress(socket.remoteAddress);
    this.clientPort = socket.remotePort ?? 0;
    this.localAddress = plainAddress(socket.localAddress);
    this.localPort = socket.localPort ?? 0;
    this.frontend = listener.frontend.name;
  }

  get serverTls(): TlsFacts | undefined {
    return this.subject.reach.carried?.tls;
  }
  get facts(): LogFacts {
    return this.frozen ?? this.subject.facts;
  }
  /** Nothing sets any. */
  variable(): undefined {}
  setVariable(): boolean {
    return false;
  }
  get live(): Live {
    return new LiveView(this.subject);
  }
  /** Rules on messages have none here. */
  capture(): boolean {
    return false;
  }
  get uniqueId(): string | undefined {
    return uniqueIdOf(this, this.subject.listener.frontend.program.rules.uniqueId);
  }
}
