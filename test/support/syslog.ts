/** Where log lines arrive: a UDP port of this process, and a unix path with SOCK_DGRAM as syslog daemons have it. */

import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { until } from './wait.ts';

export interface LogReceiver {
  /** One for each datagram, as latin-1. */
  readonly lines: readonly string[];
  stop(): Promise<void>;
}

export async function receiveUdp(): Promise<LogReceiver & { readonly port: number }> {
  const socket = createSocket({ type: 'udp4', recvBufferSize: 4 << 20 });
  const lines: string[] = [];
  socket.on('message', (message) => lines.push(message.toString('latin1')));
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return {
    port: socket.address().port,
    lines,
    stop: () => new Promise((resolve) => socket.close(() => resolve())),
  };
}

/** Node has no datagram sockets of this family. Prints a blank line once it is there, then each with its length before it. */
const UNIX = `
unlink $ARGV[0]; $| = 1;
socket(S, PF_UNIX, SOCK_DGRAM, 0) && bind(S, pack_sockaddr_un($ARGV[0])) or die $!;
print "\\n";
while (defined recv(S, my $line, 65536, 0)) { print length($line), " ", $line; }`;

export interface Daemon extends LogReceiver {
  pause(): void;
  resume(): void;
}

export async function receiveUnix(path: string): Promise<Daemon> {
  const child = spawn('perl', ['-MSocket', '-e', UNIX, path], { stdio: ['ignore', 'pipe', 'inherit'] });
  const lines: string[] = [];
  let rest = '';
  let ready = false;
  child.stdout.setEncoding('latin1').on('data', (text: string) => {
    rest += text;
    if (!ready && rest !== '') {
      ready = true;
      rest = rest.slice(1);
    }
    for (let frame = frameOf(rest); frame !== undefined; frame = frameOf(rest)) {
      lines.push(frame.line);
      rest = rest.slice(frame.size);
    }
  });
  await until(`somebody listens on ${path}`, () => ready);
  return {
    lines,
    pause: () => child.kill('SIGSTOP'),
    resume: () => child.kill('SIGCONT'),
    stop: async () => {
      child.kill('SIGKILL');
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    },
  };
}

function frameOf(text: string): { readonly line: string; readonly size: number } | undefined {
  const blank = text.indexOf(' ');
  const end = blank + 1 + Number(text.slice(0, blank));
  return blank < 0 || text.length < end ? undefined : { line: text.slice(blank + 1, end), size: end };
}
