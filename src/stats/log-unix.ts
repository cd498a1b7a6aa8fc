/**
 * `log` targets that are unix paths. A syslog daemon listens there with SOCK_DGRAM (the usual /dev/log) or SOCK_STREAM;
 * which one, the attempt to connect says (EPROTOTYPE). Node has stream sockets only, so for datagrams a relay is started:
 * a few lines of Perl, which every Debian has, or of Python. It reads lines from its standard input and sends each.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { connect, type Socket } from 'node:net';
import { constants } from 'node:os';
import { Readable, Writable } from 'node:stream';
import { getSystemErrorName } from 'node:util';
import { type LogOutput, type Losses, RETRY, StreamOutput, Waiting } from './log-outputs.ts';

/**
 * The relay: `<bytes> <line>` comes in (RFC 6587 3.4.1), so that a line may hold anything. An empty line goes out once it is
 * ready, the error number of each line that could not be sent, and `+<lines>` for those that it is done with, so that we
 * know what was in it when it is killed. It waits a second where the daemon does not keep up; meanwhile lines wait in front
 * of it, as before every stream. Signals are for us: it ends when its input does, or when nobody is there any more for whom
 * it waits.
 */
const PERL = `
$0 = "fairlead: log relay to $ARGV[0]";
socket(S, PF_UNIX, SOCK_DGRAM, 0) or exit 1;
setsockopt(S, SOL_SOCKET, SO_SNDTIMEO, pack("l!l!", 1, 0));
$SIG{$_} = "IGNORE" for qw(INT TERM HUP);
$| = 1; binmode STDIN;
my ($parent, $to, $came) = (getppid, pack_sockaddr_un($ARGV[0]), "");
print "\\n";
while (sysread STDIN, $came, 65536, length $came) {
  my ($at, $done) = (0, 0);
  while ((my $blank = index $came, " ", $at) >= 0) {
    my $size = substr $came, $at, $blank - $at;
    last if length $came < $blank + 1 + $size;
    my $sent = send(S, substr($came, $blank + 1, $size), 0, $to);
    my $error = $! + 0;
    $at = $blank + 1 + $size;
    $done++;
    next if defined $sent;
    exit if getppid != $parent;
    print "$error\\n+$done\\n";
    $done = 0;
  }
  print "+$done\\n" if $done;
  substr($came, 0, $at) = "";
}`;

const PYTHON = `
import os, signal, socket, struct, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", 1, 0))
for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP): signal.signal(name, signal.SIG_IGN)
signal.signal(signal.SIGPIPE, signal.SIG_DFL)
parent, came = os.getppid(), b""
print(flush=True)
while True:
  more = os.read(0, 65536)
  if not more: sys.exit()
  came += more
  at = done = 0
  while (blank := came.find(b" ", at)) >= 0:
    end = blank + 1 + int(came[at:blank])
    if len(came) < end: break
    done += 1
    try: s.sendto(came[blank + 1:end], sys.argv[1])
    except OSError as error:
      if os.getppid() != parent: sys.exit()
      print("%d\\n+%d" % (error.errno, done), flush=True)
      done = 0
    at = end
  if done: print("+%d" % done, flush=True)
  came = came[at:]
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
  private readonly start: Start;
  /** Milliseconds until it is tried again. */
  private readonly pause: number;
  /** Lines from before it is known how they go. */
  private readonly early: Waiting;
  private stream: StreamOutput | undefined;
  private relay: Relay | undefined;
  private socket: Socket | undefined;
  private retry: NodeJS.Timeout | undefined;
  private closed = false;

  constructor(path: string, losses: Losses, relays: typeof RELAYS = RELAYS, start: Start = startProgram, pause: number = RETRY) {
    this.path = path;
    this.start = start;
    this.pause = pause;
    this.losses = losses;
    this.relays = relays;
    this.early = new Waiting(losses);
    this.open();
  }

  write(line: string): void {
    const output = this.stream ?? this.relay;
    if (output === undefined) this.early.keep(line);
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
      this.losses.recover();
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
    const [program, ...words] = command;
    const child = this.begin(program, [...words, this.path]);
    if (child === undefined) return;
    const relay = new Relay(child, this.losses, (wasReady) => {
      this.relay = undefined;
      if (this.closed) return;
      if (wasReady) this.again(`${program}, which passed its lines on, has ended`);
      else this.startRelay(index + 1);
    });
    relay.onReady = () => {
      this.losses.recover();
      this.relay = relay;
      if (this.closed) relay.close();
      else this.pass(relay);
    };
  }

  /** A system that has nothing left for it, neither descriptors nor processes, may have later: that is not the program's fault. */
  private begin(program: string, words: readonly string[]): Piped | undefined {
    let why = 'no descriptors are left for the process that passes its lines on';
    try {
      const child = this.start(program, words);
      // Whatever it is, it is said below or by its end.
      child.on('error', () => {});
      if (isPiped(child)) return child;
    } catch (error) {
      why = `${program}, which passes its lines on, cannot be started: ${(error as Error).message}`;
    }
    this.again(why);
    return undefined;
  }

  private pass(output: LogOutput): void {
    for (const line of this.early.take()) output.write(line);
  }

  private again(why: string): void {
    this.losses.explain(why);
    this.retry = setTimeout(() => this.open(), this.pause);
    this.retry.unref();
  }
}

/** Starts a program; it may throw. */
type Start = (program: string, words: readonly string[]) => ChildProcess;

/** A child that got its pipes: without descriptors Node.js makes none, whatever its types say. */
type Piped = ChildProcess & { readonly stdin: Writable; readonly stdout: Readable };

function startProgram(program: string, words: readonly string[]): ChildProcess {
  return spawn(program, words, { stdio: ['pipe', 'pipe', 'ignore'] });
}

function isPiped(child: ChildProcess): child is Piped {
  const { stdin, stdout }: Partial<ChildProcess> = child;
  return stdin instanceof Writable && stdout instanceof Readable;
}

/** A process that sends what it is given. It never keeps ours alive. */
class Relay implements LogOutput {
  onReady: () => void = () => {};
  private readonly losses: Losses;
  private readonly onEnd: (wasReady: boolean) => void;
  private readonly input: Writable;
  private readonly lines: StreamOutput;
  private ready = false;
  private ended = false;
  private answer = '';
  /** Lines that it is not done with. */
  private inside = 0;

  constructor(child: Piped, losses: Losses, onEnd: (wasReady: boolean) => void) {
    this.losses = losses;
    this.onEnd = onEnd;
    this.input = child.stdin;
    // Its end says what has become of a line, and of it itself; but one that never got in is lost at once.
    const add = (lines: number, why: string): void => this.onRefused(lines, why);
    this.lines = new StreamOutput(child.stdin, { add, explain: () => {}, recover: () => {} });
    release(child, child.stdin, child.stdout);
    child.stdout.on('data', (bytes: Buffer) => this.onAnswer(bytes.toString('latin1')));
    child.on('close', () => this.onClose());
  }

  write(line: string): void {
    this.inside++;
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
      if (line.startsWith('+')) this.inside -= Number(line);
      else if (line !== '') {
        this.losses.add(1, getSystemErrorName(-Number(line)));
        // Who listens there now takes streams.
        if (Number(line) === constants.errno.EPROTOTYPE) this.close();
      } else if (!this.ready) {
        this.ready = true;
        this.onReady();
      }
    }
  }

  private onRefused(lines: number, why: string): void {
    if (this.ended) return;
    this.inside -= lines;
    this.losses.add(lines, why);
  }

  private onClose(): void {
    this.lines.flush();
    this.ended = true;
    if (this.inside > 0) this.losses.add(this.inside, 'the process that passes its lines on has ended');
    this.onEnd(this.ready);
  }
}

function release(child: ChildProcess, ...pipes: readonly (Writable | Readable)[]): void {
  child.unref();
  for (const pipe of pipes) (pipe as Socket).unref();
}
