/**
 * The clients of a closed loop, a process of their own: each has one connection, sends its next request when the last one has
 * been answered, and counts what became of it. Started by closed-loop.ts, which it talks to over Node's channel.
 *
 * Every eighth client posts. The paths take from nothing to a tenth of a second, so that whatever happens meets requests at
 * every stage. It speaks HTTP itself: a client library would send some requests again, which is what is tested here.
 */

import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** Whom to ask, and how often at a time. */
export interface Target {
  readonly host: string;
  readonly port: number;
  readonly connections: number;
  /** The host that is asked for. */
  readonly name: string;
}

/** Outcome (`200`, `503`, `cut`, `refused`, ...) -> how often. */
export type Outcomes = Record<string, number>;

export interface PhaseTally {
  readonly name: string;
  readonly GET: Outcomes;
  readonly POST: Outcomes;
}

/** What the parent is told. */
export type Report = { readonly ended: number } | { readonly entered: string } | { readonly phases: readonly PhaseTally[] };
/** What it tells: the next phase, or that it is enough. */
export type Order = { readonly phase: string } | { readonly stop: true };

const PATHS = ['/', '/slow/10', '/slow/40', '/slow/100'];
/** Whoever waits longer has lost its request, ms. */
const PATIENCE = 30_000;
const REPORT_MS = 50;

class Client {
  private readonly target: Target;
  readonly method: 'GET' | 'POST';
  private socket: Socket | undefined;
  private received = '';
  private turn: number;

  constructor(target: Target, index: number) {
    this.target = target;
    this.method = index % 8 === 7 ? 'POST' : 'GET';
    this.turn = index;
  }

  async ask(): Promise<string> {
    try {
      this.socket ??= await this.open();
      return await this.exchange(this.socket);
    } catch (error) {
      this.close();
      return (error as NodeJS.ErrnoException).code ?? (error as Error).message;
    }
  }

  close(): void {
    this.socket?.destroy();
    this.socket = undefined;
  }

  private async open(): Promise<Socket> {
    const { host, port } = this.target;
    const socket = connect({ host, port });
    await once(socket, 'connect');
    this.received = '';
    socket.on('error', () => {});
    return socket;
  }

  private async exchange(socket: Socket): Promise<string> {
    const body = this.method === 'POST' ? 'order' : '';
    const length = body === '' ? '' : `Content-Length: ${body.length}\r\n`;
    socket.write(`${this.method} ${PATHS[this.turn++ % PATHS.length]} HTTP/1.1\r\nHost: ${this.target.name}\r\n${length}\r\n${body}`);
    const { status, close } = await this.response(socket);
    if (close) this.close();
    return status;
  }

  private response(socket: Socket): Promise<{ readonly status: string; readonly close: boolean }> {
    return new Promise((resolve, reject) => {
      const over = (end: () => void) => {
        clearTimeout(timer);
        socket.off('data', onData);
        socket.off('close', onClose);
        end();
      };
      const onClose = () => over(() => reject(new Error(this.received === '' ? 'closed' : 'cut')));
      const onData = (bytes: Buffer) => {
        this.received += bytes.toString('latin1');
        const head = this.received.indexOf('\r\n\r\n') + 4;
        if (head < 4) return;
        const length = Number(/\r\ncontent-length: *(\d+)/i.exec(this.received.slice(0, head))?.[1] ?? 0);
        if (this.received.length < head + length) return;
        const answer = { status: this.received.slice(9, 12), close: /\r\nconnection: *close/i.test(this.received.slice(0, head)) };
        this.received = '';
        over(() => resolve(answer));
      };
      const timer = setTimeout(() => over(() => reject(new Error('silence'))), PATIENCE);
      socket.on('data', onData);
      socket.on('close', onClose);
    });
  }
}

async function run(target: Target): Promise<void> {
  const phases: PhaseTally[] = [{ name: 'before', GET: {}, POST: {} }];
  let ended = 0;
  let going = true;
  const tell = (report: Report) => process.send?.(report);
  process.on('message', (order: Order) => {
    if ('stop' in order) {
      going = false;
      return;
    }
    phases.push({ name: order.phase, GET: {}, POST: {} });
    tell({ entered: order.phase });
  });
  const work = async (client: Client) => {
    while (going) {
      const outcome = await client.ask();
      // Under the phase in which it ended: what it suffered from happened there, or just before.
      const outcomes = (phases.at(-1) as PhaseTally)[client.method];
      outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
      ended++;
    }
    client.close();
  };
  const reporting = setInterval(() => tell({ ended }), REPORT_MS);
  await Promise.all(Array.from({ length: target.connections }, (_, index) => work(new Client(target, index))));
  clearInterval(reporting);
  tell({ phases });
  process.disconnect();
}

await run(JSON.parse(process.argv[2] ?? '') as Target);
