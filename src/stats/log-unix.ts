/**
 * `log` targets that are unix paths. A syslog daemon listens there with SOCK_DGRAM (the usual /dev/log) or SOCK_STREAM;
 * which one, the attempt to connect says (EPROTOTYPE). Node has stream sockets only, so for datagrams a relay is started:
 * a few lines of Perl, which every Debian has, or of Python. It reads lines from its standard input and sends each.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { connect, type Socket } from 'node:net';
import { constants } from 'node:os';
import type { Readable, Writable } from 'node:stream';
import { getSystemErrorName } from 'node:util';
import { type LogOutput, type Losses, RETRY, StreamOutput, Waiting } from './log-outputs.ts';

/**
 * The relay: `<bytes> <line>` comes in (RFC 6587 3.4.1), so that a line may hold anything. An empty line goes out once it is
 * ready, and the error number of each line that could not be sent. It waits a second where the daemon does not keep up;
 * meanwhile lines wait in front of it, as before every stream. Signals are for us: it ends when its input does, or when
 * nobody is there any more for whom it waits.
 */
const PERL = `
socket(S, PF_UNIX, SOCK_DGRAM, 0) or exit 1;
setsockopt(S, SOL_SOCKET, SO_SNDTIMEO, pack("l!l!", 1, 0));
$SIG{$_} = "IGNORE" for qw(INT TERM HUP);
$| = 1; $/ = " "; binmode STDIN;
my ($parent, $to) = (getppid, pack_sockaddr_un($ARGV[0]));
print "\\n";
while (defined(my $size = <STDIN>)) {
  read(STDIN, my $line, $size) == $size or last;
  next if defined send(S, $line, 0, $to);
  my $error = $! + 0;
  exit if getppid != $parent;
  print "$error\\n";
}`;

const PYTHON = `
import os, signal, socket, struct, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", 1, 0))
for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP): signal.signal(name, signal.SIG_IGN)
signal.signal(signal.SIGPIPE, signal.SIG_DFL)
parent, lines = os.getppid(), sys.stdin.buffer
print(flush=True)
while True:
  size = b""
  while not size.endswith(b" "):
    digit = lines.read(1)
    if not digit: sys.exit()
    size += digit
  try: s.sendto(lines.read(int(size)), sys.argv[1])
  except OSError as error:
    if os.getppid() != parent: sys.exit()
    print(error.errno, flush=True)
`;

/** The first of them that is there is taken. */
export const RELAYS: readonly (readonly [program: string, ...words: string[]])[] = [
  ['perl', '-MSocket', '-e', PERL],
  ['python3', '-c', PYTHON],
];

const NO_RELAY =
  'it is a datagram socket, to which Node.js cannot write; neither perl nor python3 is there to do it (log to a UDP address or to stdout instead)';

export class UnixOutput implements LogOutput {
  private readonly path: string;
  private readonly losses: Losses;
  private readonly relays: typeof RELAYS;
  /** Lines from before it is known how they go. */
  private readonly early: Waiting;
  private stream: StreamOutput | undefined;
  private relay: Relay | undefined;
  private socket: Socket | undefined;
  private retry: NodeJS.Timeout | undefined;
  private closed = false;

  constructor(path: string, losses: Losses, relays: typeof RELAYS = RELAYS) {
    this.path = path;
    this.losses = losses;
    this.relays = relays;
    this.early = new Waiting(losses);
    this.open();
  }

  write(line: string): void {
    const output = this.stream ?? this.relay;
    if (output === undefined) this.early.add(line);
    else output.write(line);
  }

  flush(): void {
    this.stream?.flush();
    this.relay?.flush();
  }

  close(): void {
    this.closed = true;
    clearTimeout(this.retry);
    this.flush();
    this.socket?.end();
    this.relay?.close();
    this.early.drop('the log target is no longer used');
  }

  private open(): void {
    const socket = connect({ path: this.path });
    this.socket = socket;
    socket.unref();
    let failure: NodeJS.ErrnoException | undefined;
    socket.on('error', (error) => {
      failure = error;
    });
    socket.on('connect', () => {
      this.stream = new StreamOutput(socket, this.losses);
      this.pass(this.stream);
    });
    socket.on('close', () => {
      this.socket = undefined;
      this.stream?.flush();
      this.stream = undefined;
      if (this.closed) return;
      if (failure?.code === 'EPROTOTYPE') this.startRelay(0);
      else this.again(failure?.message ?? 'the connection was closed');
    });
  }

  /** The first of the programs that there is and that works. */
  private startRelay(index: number): void {
    const command = this.relays[index];
    if (command === undefined) {
      this.again(NO_RELAY);
      return;
    }
    const relay = new Relay([...command, this.path], this.losses, (wasReady) => {
      this.relay = undefined;
      if (this.closed) return;
      if (wasReady) this.again(`${command[0]}, which passed its lines on, has ended`);
      else this.startRelay(index + 1);
    });
    relay.onReady = () => {
      this.relay = relay;
      if (this.closed) relay.close();
      else this.pass(relay);
    };
  }

  private pass(output: LogOutput): void {
    for (const line of this.early.take()) output.write(line);
  }

  private again(why: string): void {
    this.losses.explain(why);
    this.early.drop(why);
    this.retry = setTimeout(() => this.open(), RETRY);
    this.retry.unref();
  }
}

/** A process that sends what it is given. It never keeps ours alive. */
class Relay implements LogOutput {
  onReady: () => void = () => {};
  private readonly losses: Losses;
  private readonly onEnd: (wasReady: boolean) => void;
  private readonly input: Writable;
  private readonly lines: StreamOutput;
  private ready = false;
  private answer = '';

  constructor([program, ...words]: readonly string[], losses: Losses, onEnd: (wasReady: boolean) => void) {
    this.losses = losses;
    this.onEnd = onEnd;
    const child = spawn(program as string, words, { stdio: ['pipe', 'pipe', 'ignore'] });
    this.input = child.stdin;
    this.lines = new StreamOutput(child.stdin, losses);
    release(child, child.stdin, child.stdout);
    child.stdout.on('data', (bytes: Buffer) => this.onAnswer(bytes.toString('latin1')));
    child.on('error', () => {});
    child.on('close', () => this.onClose());
  }

  write(line: string): void {
    this.lines.write(`${Buffer.byteLength(line)} ${line}`);
  }

  flush(): void {
    this.lines.flush();
  }

  close(): void {
    this.lines.flush();
    this.input.end();
  }

  private onAnswer(text: string): void {
    const lines = (this.answer + text).split('\n');
    this.answer = lines.pop() ?? '';
    for (const line of lines) {
      if (line !== '') {
        this.losses.add(1, getSystemErrorName(-Number(line)));
        // Who listens there now takes streams.
        if (Number(line) === constants.errno.EPROTOTYPE) this.close();
      } else if (!this.ready) {
        this.ready = true;
        this.onReady();
      }
    }
  }

  private onClose(): void {
    this.lines.flush();
    this.onEnd(this.ready);
  }
}

function release(child: ChildProcess, ...pipes: readonly (Writable | Readable)[]): void {
  child.unref();
  for (const pipe of pipes) (pipe as Socket).unref();
}
