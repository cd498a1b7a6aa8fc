/**
 * What can become of a TCP session: its log line and what is counted. The same table is played to Fairlead
 * (tcp.test.ts) and to the real HAProxy (test/haproxy/tcp.test.ts).
 */

import { OWN_HOST, refusingAddress, startDeaf } from '../support/faulty.ts';
import { Peer, type PeerServer, startPeers } from '../support/peer.ts';
import { until } from '../support/wait.ts';

/** What a story is told of the proxy it is played to, which listens on this process's own host. */
export interface Place {
  readonly port: number;
  /** Value of a column of the statistics; `svname` is a server, FRONTEND or BACKEND. */
  counter(svname: string, column: string): Promise<number>;
}

export class Stage {
  readonly servers: ReadonlyMap<string, PeerServer>;
  private readonly place: Place;

  constructor(place: Place, servers: ReadonlyMap<string, PeerServer>) {
    this.place = place;
    this.servers = servers;
  }

  /** That server listens no more; what it has accepted stays. */
  shut(name: string): Promise<void> {
    return (this.servers.get(name) as PeerServer).shut();
  }

  client(): Promise<Peer> {
    return Peer.connect(this.place.port, OWN_HOST);
  }

  /** The next connection to that server. */
  accepted(name = 's1'): Promise<Peer> {
    return (this.servers.get(name) as PeerServer).next();
  }

  /** A client and its server, who have said hello to each other: the proxy knows of both. */
  async pair(name = 's1'): Promise<readonly [client: Peer, server: Peer]> {
    const client = await this.client();
    client.send('hello');
    const server = await this.accepted(name);
    await server.got('hello');
    server.send('welcome');
    await client.got('welcome');
    return [client, server];
  }

  async reaches(svname: string, column: string, value: number): Promise<void> {
    await until(`${column} of ${svname} is ${value}`, async () => (await this.place.counter(svname, column)) === value);
  }
}

export interface Outcome {
  /**
   * In the order in which the sessions end: backend and server, the three times (`t`, or -1), bytes to the client,
   * termination, connections and retries, queues.
   */
  readonly log: readonly string[];
  /** By row: those of COUNTERS that are not 0. */
  readonly counters: Readonly<Record<string, string>>;
}

export interface Story extends Outcome {
  readonly name: string;
  /** Lines of the frontend, and of the backend. */
  readonly front: readonly string[];
  readonly back: readonly string[];
  /**
   * By name, with what stands behind the address on its line. `refuses` has no listener, `deaf` does not accept, `probed` has
   * no line of its own: `@name` on later lines is its port.
   */
  readonly servers: Readonly<Record<string, string>>;
  play(stage: Stage): Promise<void>;
  /** What of it HAProxy 2.6.12 does otherwise. */
  readonly haproxy?: Partial<Outcome>;
}

/** Columns in the order in which `counters` names them. */
export const COUNTERS: readonly string[] = [
  ...['stot', 'bin', 'bout', 'dreq', 'dresp', 'ereq', 'econ', 'eresp', 'wretr', 'wredis', 'lbtot', 'req_tot', 'cli_abrt', 'srv_abrt'],
  ...['conn_tot', 'connect', 'reuse', 'qmax'],
];

/** Starts the story's servers, hands over the lines of its proxies, and plays it to what `start` makes of them. */
export async function withServers(story: Story, run: (front: string, back: string, servers: Map<string, PeerServer>) => Promise<void>) {
  const servers = new Map<string, PeerServer>();
  const stops: (() => Promise<void>)[] = [];
  const lines: string[] = [...story.back];
  try {
    for (const [name, rest] of Object.entries(story.servers)) {
      const [kind, ...words] = rest.split(' ');
      const address = await addressOf(kind as Kind, name, servers, stops);
      const known = words.map((word) => (word.startsWith('@') ? String(servers.get(word.slice(1))?.port) : word));
      if (kind !== 'probed') lines.push(`server ${name} ${address} ${known.join(' ')}`);
    }
    const text = (list: readonly string[]) => list.map((line) => ` ${line}\n`).join('');
    await run(text(story.front), text(lines), servers);
  } finally {
    for (const stop of stops) await stop();
  }
}

type Kind = 'serves' | 'probed' | 'refuses' | 'deaf';

async function addressOf(kind: Kind, name: string, servers: Map<string, PeerServer>, stops: (() => Promise<void>)[]): Promise<string> {
  if (kind === 'refuses') return (await refusingAddress()).address;
  if (kind === 'deaf') {
    const { port, stop } = await startDeaf();
    stops.push(stop);
    return `127.0.0.1:${port}`;
  }
  const server = await startPeers();
  stops.push(() => server.stop());
  servers.set(name, server);
  return server.address;
}

/** What stands before the proxies of a story: the same for both programs. */
export const DEFAULTS = `
 mode tcp
 option tcplog
 timeout connect 2s
 timeout client 10s
 timeout server 10s
`;

/** `be/s1 t/t/t 7 -- 1/1/1/1/0 0/0` of a line of `option tcplog`. */
export function essence(line: string): string {
  const [, way = '', times = '', rest = ''] = /\] \S+ (\S+) (\S+) (.*)$/.exec(line) ?? [];
  return `${way} ${times.replace(/(^|\/)\+?\d+/g, '$1t')} ${rest}`;
}

/** The rows of a report as an outcome has them. */
export function essentials(rows: readonly Readonly<Record<string, string>>[]): Record<string, string> {
  return Object.fromEntries(
    rows.map((row) => [
      row.svname ?? '',
      COUNTERS.map((name) => [name, row[name] ?? ''] as const)
        .filter(([, value]) => value !== '' && value !== '0')
        .map(([name, value]) => `${name} ${value}`)
        .join(' '),
    ]),
  );
}

interface Spec {
  /** Of the frontend, where it is not its default backend alone. */
  readonly routes?: readonly string[];
  readonly front?: readonly string[];
  readonly back?: readonly string[];
  readonly servers?: Story['servers'];
  readonly log: readonly string[];
  readonly counters: Outcome['counters'];
  readonly haproxy?: Partial<Outcome>;
}

function story(name: string, spec: Spec, play: Story['play']): Story {
  const { routes = ['default_backend be'], front = [], back = [], servers = { s1: 'serves' }, ...outcome } = spec;
  return { name, front: [...routes, ...front], back, servers, ...outcome, play };
}

/** Both end, and it is over. */
async function part(client: Peer, server: Peer): Promise<void> {
  client.end();
  server.end();
  await client.ended();
}

export const STORIES: readonly Story[] = [
  story(
    'the client ends first, and the server still speaks',
    {
      log: ['be/s1 t/t/t 10 -- 1/1/0/0/0 0/0'],
      counters: {
        FRONTEND: 'stot 1 bin 5 bout 10 conn_tot 1',
        s1: 'stot 1 bin 5 bout 10 lbtot 1 connect 1',
        BACKEND: 'stot 1 bin 5 bout 10 lbtot 1 connect 1',
      },
    },
    async (stage) => {
      const [client, server] = await stage.pair();
      client.end();
      await server.ended();
      server.send('bye');
      await client.got('bye');
      server.end();
      await client.ended();
    },
  ),
  story(
    'the server ends first, and the client still speaks',
    {
      log: ['be/s1 t/t/t 7 -- 1/1/0/0/0 0/0'],
      counters: {
        FRONTEND: 'stot 1 bin 8 bout 7 conn_tot 1',
        s1: 'stot 1 bin 8 bout 7 lbtot 1 connect 1',
        BACKEND: 'stot 1 bin 8 bout 7 lbtot 1 connect 1',
      },
    },
    async (stage) => {
      const [client, server] = await stage.pair();
      server.end();
      await client.ended();
      client.send('bye');
      await server.got('bye');
      client.end();
      await server.ended();
    },
  ),
  story(
    'nobody says anything',
    {
      log: ['be/s1 t/t/t 0 -- 1/1/0/0/0 0/0'],
      counters: { FRONTEND: 'stot 1 conn_tot 1', s1: 'stot 1 lbtot 1 connect 1', BACKEND: 'stot 1 lbtot 1 connect 1' },
    },
    async (stage) => {
      const client = await stage.client();
      const server = await stage.accepted();
      server.end();
      await client.ended();
      client.end();
      await server.ended();
    },
  ),
  story(
    'nobody says anything, and that is not logged',
    {
      front: ['option dontlognull'],
      log: [],
      counters: { FRONTEND: 'stot 1 conn_tot 1', s1: 'stot 1 lbtot 1 connect 1', BACKEND: 'stot 1 lbtot 1 connect 1' },
    },
    async (stage) => {
      const client = await stage.client();
      const server = await stage.accepted();
      server.end();
      await client.ended();
      client.end();
      await server.ended();
    },
  ),
  story(
    'the client alone speaks, and that is logged',
    {
      front: ['option dontlognull'],
      log: ['be/s1 t/t/t 0 -- 1/1/0/0/0 0/0'],
      counters: { FRONTEND: 'stot 1 bin 5 conn_tot 1', s1: 'stot 1 bin 5 lbtot 1 connect 1', BACKEND: 'stot 1 bin 5 lbtot 1 connect 1' },
    },
    async (stage) => {
      const client = await stage.client();
      client.send('hello');
      const server = await stage.accepted();
      await server.got('hello');
      client.end();
      await server.ended();
      server.end();
      await client.ended();
    },
  ),
  story(
    'the server alone speaks, and that is not logged',
    {
      front: ['option dontlognull'],
      log: [],
      counters: { FRONTEND: 'stot 1 bout 9 conn_tot 1', s1: 'stot 1 bout 9 lbtot 1 connect 1', BACKEND: 'stot 1 bout 9 lbtot 1 connect 1' },
    },
    async (stage) => {
      const client = await stage.client();
      const server = await stage.accepted();
      server.send('220 hello');
      await client.got('220 hello');
      server.end();
      await client.ended();
      client.end();
      await server.ended();
    },
  ),
  story(
    'the client resets',
    {
      log: ['be/s1 t/t/t 7 CD 1/1/0/0/0 0/0'],
      counters: {
        FRONTEND: 'stot 1 bin 5 bout 7 conn_tot 1',
        s1: 'stot 1 bin 5 bout 7 lbtot 1 cli_abrt 1 connect 1',
        BACKEND: 'stot 1 bin 5 bout 7 lbtot 1 cli_abrt 1 connect 1',
      },
    },
    async (stage) => {
      const [client, server] = await stage.pair();
      client.reset();
      await server.broken();
    },
  ),
  story(
    'the server resets',
    {
      log: ['be/s1 t/t/t 7 SD 1/1/0/0/0 0/0'],
      counters: {
        FRONTEND: 'stot 1 bin 5 bout 7 conn_tot 1',
        s1: 'stot 1 bin 5 bout 7 eresp 1 lbtot 1 srv_abrt 1 connect 1',
        BACKEND: 'stot 1 bin 5 bout 7 eresp 1 lbtot 1 srv_abrt 1 connect 1',
      },
    },
    async (stage) => {
      const [client, server] = await stage.pair();
      server.reset();
      await client.ended();
    },
  ),
  story(
    'the client resets after the server has ended',
    {
      log: ['be/s1 t/t/t 7 CD 1/1/0/0/0 0/0'],
      counters: {
        FRONTEND: 'stot 1 bin 5 bout 7 conn_tot 1',
        s1: 'stot 1 bin 5 bout 7 lbtot 1 cli_abrt 1 connect 1',
        BACKEND: 'stot 1 bin 5 bout 7 lbtot 1 cli_abrt 1 connect 1',
      },
    },
    async (stage) => {
      const [client, server] = await stage.pair();
      server.end();
      await client.ended();
      client.reset();
      await server.ended();
    },
  ),
  story(
    'the server resets after the client has ended',
    {
      log: ['be/s1 t/t/t 7 SD 1/1/0/0/0 0/0'],
      counters: {
        FRONTEND: 'stot 1 bin 5 bout 7 conn_tot 1',
        s1: 'stot 1 bin 5 bout 7 eresp 1 lbtot 1 srv_abrt 1 connect 1',
        BACKEND: 'stot 1 bin 5 bout 7 eresp 1 lbtot 1 srv_abrt 1 connect 1',
      },
    },
    async (stage) => {
      const [client, server] = await stage.pair();
      client.end();
      await server.ended();
      server.reset();
      await client.ended();
    },
  ),
  story(
    'the client ends, then resets',
    {
      log: ['be/s1 t/t/t 8 CD 1/1/0/0/0 0/0'],
      counters: {
        FRONTEND: 'stot 1 bin 5 bout 8 conn_tot 1',
        s1: 'stot 1 bin 5 bout 8 lbtot 1 cli_abrt 1 connect 1',
        BACKEND: 'stot 1 bin 5 bout 8 lbtot 1 cli_abrt 1 connect 1',
      },
    },
    async (stage) => {
      const [client, server] = await stage.pair();
      client.end();
      await server.ended();
      client.reset();
      server.send('x');
      await server.broken();
      server.end();
    },
  ),
  story(
    'the client is silent',
    {
      front: ['timeout client 300ms'],
      log: ['be/s1 t/t/t 7 cD 1/1/0/0/0 0/0'],
      counters: {
        FRONTEND: 'stot 1 bin 5 bout 7 conn_tot 1',
        s1: 'stot 1 bin 5 bout 7 lbtot 1 cli_abrt 1 connect 1',
        BACKEND: 'stot 1 bin 5 bout 7 lbtot 1 cli_abrt 1 connect 1',
      },
    },
    async (stage) => {
      const [client, server] = await stage.pair();
      await Promise.all([client.ended(), server.ended()]);
    },
  ),
  story(
    'the server is silent',
    {
      back: ['timeout server 300ms'],
      log: ['be/s1 t/t/t 7 sD 1/1/0/0/0 0/0'],
      counters: {
        FRONTEND: 'stot 1 bin 5 bout 7 conn_tot 1',
        s1: 'stot 1 bin 5 bout 7 lbtot 1 srv_abrt 1 connect 1',
        BACKEND: 'stot 1 bin 5 bout 7 lbtot 1 srv_abrt 1 connect 1',
      },
    },
    async (stage) => {
      const [client, server] = await stage.pair();
      await Promise.all([client.ended(), server.ended()]);
    },
  ),
  story(
    'both are silent for as long as both may',
    {
      front: ['timeout client 300ms'],
      back: ['timeout server 300ms'],
      log: ['be/s1 t/t/t 7 cD 1/1/0/0/0 0/0'],
      counters: {
        FRONTEND: 'stot 1 bin 5 bout 7 conn_tot 1',
        s1: 'stot 1 bin 5 bout 7 lbtot 1 cli_abrt 1 connect 1',
        BACKEND: 'stot 1 bin 5 bout 7 lbtot 1 cli_abrt 1 connect 1',
      },
    },
    async (stage) => {
      const [client, server] = await stage.pair();
      await Promise.all([client.ended(), server.ended()]);
    },
  ),
  story(
    'both are silent for as long as a tunnel may',
    {
      front: ['timeout client 500ms'],
      back: ['timeout server 500ms', 'timeout tunnel 1500ms'],
      log: ['be/s1 t/t/t 7 cD 1/1/0/0/0 0/0'],
      counters: {
        FRONTEND: 'stot 1 bin 5 bout 7 conn_tot 1',
        s1: 'stot 1 bin 5 bout 7 lbtot 1 cli_abrt 1 connect 1',
        BACKEND: 'stot 1 bin 5 bout 7 lbtot 1 cli_abrt 1 connect 1',
      },
    },
    async (stage) => {
      const [client, server] = await stage.pair();
      await Promise.all([client.ended(), server.ended()]);
    },
  ),
  story(
    'the client has ended, and the server is silent',
    {
      front: ['timeout client 500ms'],
      back: ['timeout server 1s'],
      log: ['be/s1 t/t/t 0 sD 1/1/0/0/0 0/0'],
      counters: {
        FRONTEND: 'stot 1 bin 5 conn_tot 1',
        s1: 'stot 1 bin 5 lbtot 1 srv_abrt 1 connect 1',
        BACKEND: 'stot 1 bin 5 lbtot 1 srv_abrt 1 connect 1',
      },
    },
    async (stage) => {
      const client = await stage.client();
      client.send('hello');
      client.end();
      const server = await stage.accepted();
      await server.got('hello');
      await client.ended();
    },
  ),
  story(
    'the client has ended, and the server has timeout server-fin',
    {
      back: ['timeout server-fin 300ms', 'timeout tunnel 9s'],
      log: ['be/s1 t/t/t 7 sD 1/1/0/0/0 0/0'],
      counters: {
        FRONTEND: 'stot 1 bin 5 bout 7 conn_tot 1',
        s1: 'stot 1 bin 5 bout 7 lbtot 1 srv_abrt 1 connect 1',
        BACKEND: 'stot 1 bin 5 bout 7 lbtot 1 srv_abrt 1 connect 1',
      },
    },
    async (stage) => {
      const [client, server] = await stage.pair();
      client.end();
      await server.ended();
      await client.ended();
    },
  ),
  story(
    'the server has ended, and the client has timeout client-fin',
    {
      front: ['timeout client-fin 300ms'],
      back: ['timeout tunnel 9s'],
      log: ['be/s1 t/t/t 7 cD 1/1/0/0/0 0/0'],
      counters: {
        FRONTEND: 'stot 1 bin 5 bout 7 conn_tot 1',
        s1: 'stot 1 bin 5 bout 7 lbtot 1 cli_abrt 1 connect 1',
        BACKEND: 'stot 1 bin 5 bout 7 lbtot 1 cli_abrt 1 connect 1',
      },
    },
    async (stage) => {
      const [client, server] = await stage.pair();
      server.end();
      await client.ended();
      await server.ended();
    },
  ),
  story(
    'the server has ended, and the client is silent',
    {
      front: ['timeout client 300ms'],
      log: ['be/s1 t/t/t 7 cD 1/1/0/0/0 0/0'],
      counters: {
        FRONTEND: 'stot 1 bin 5 bout 7 conn_tot 1',
        s1: 'stot 1 bin 5 bout 7 lbtot 1 cli_abrt 1 connect 1',
        BACKEND: 'stot 1 bin 5 bout 7 lbtot 1 cli_abrt 1 connect 1',
      },
    },
    async (stage) => {
      const [client, server] = await stage.pair();
      server.end();
      await client.ended();
      await server.ended();
    },
  ),
  story(
    'the server refuses',
    {
      back: ['retries 2', 'timeout connect 200ms'],
      servers: { s1: 'refuses' },
      log: ['be/s1 t/-1/t 0 SC 1/1/0/0/2 0/0'],
      counters: {
        FRONTEND: 'stot 1 conn_tot 1',
        s1: 'stot 3 econ 1 wretr 2 lbtot 1 connect 3',
        BACKEND: 'stot 1 econ 1 wretr 2 lbtot 1 connect 3',
      },
    },
    async (stage) => {
      await (await stage.client()).ended();
    },
  ),
  story(
    'the server refuses, and nothing is tried again',
    {
      back: ['retries 0'],
      servers: { s1: 'refuses' },
      log: ['be/s1 t/-1/t 0 SC 1/1/0/0/0 0/0'],
      counters: { FRONTEND: 'stot 1 conn_tot 1', s1: 'stot 1 econ 1 lbtot 1 connect 1', BACKEND: 'stot 1 econ 1 lbtot 1 connect 1' },
    },
    async (stage) => {
      await (await stage.client()).ended();
    },
  ),
  story(
    'the server does not accept',
    {
      back: ['retries 1', 'timeout connect 200ms'],
      servers: { s1: 'deaf' },
      log: ['be/s1 t/-1/t 0 sC 1/1/0/0/1 0/0'],
      counters: {
        FRONTEND: 'stot 1 conn_tot 1',
        s1: 'stot 2 econ 1 wretr 1 lbtot 1 connect 2',
        BACKEND: 'stot 1 econ 1 wretr 1 lbtot 1 connect 2',
      },
    },
    async (stage) => {
      await (await stage.client()).ended();
    },
  ),
  story(
    'the server refuses, and another one takes it',
    {
      back: ['retries 2', 'timeout connect 500ms', 'option redispatch 1', 'balance first'],
      servers: { s1: 'refuses', s2: 'serves' },
      log: ['be/s2 t/t/t 7 -- 1/1/0/0/+1 0/0'],
      counters: {
        FRONTEND: 'stot 1 bin 5 bout 7 conn_tot 1',
        s1: 'stot 1 wredis 1 lbtot 1 connect 1',
        s2: 'stot 1 bin 5 bout 7 lbtot 1 connect 1',
        BACKEND: 'stot 1 bin 5 bout 7 wredis 1 lbtot 2 connect 2',
      },
    },
    async (stage) => {
      await part(...(await stage.pair('s2')));
    },
  ),
  story(
    'one of two refuses, without redispatch',
    {
      back: ['retries 1', 'timeout connect 200ms'],
      servers: { s1: 'refuses', s2: 'serves' },
      log: ['be/s1 t/-1/t 0 SC 1/1/0/0/1 0/0', 'be/s2 t/t/t 7 -- 1/1/0/0/0 0/0'],
      counters: {
        FRONTEND: 'stot 2 bin 5 bout 7 conn_tot 2',
        s1: 'stot 2 econ 1 wretr 1 lbtot 1 connect 2',
        s2: 'stot 1 bin 5 bout 7 lbtot 1 connect 1',
        BACKEND: 'stot 2 bin 5 bout 7 econ 1 wretr 1 lbtot 2 connect 3',
      },
    },
    async (stage) => {
      await (await stage.client()).ended();
      await part(...(await stage.pair('s2')));
    },
  ),
  story(
    'there is no server',
    {
      servers: { s1: 'serves disabled' },
      log: ['be/<NOSRV> -1/-1/t 0 SC 1/1/0/0/0 0/0'],
      counters: { FRONTEND: 'stot 1 conn_tot 1', s1: '', BACKEND: 'stot 1 econ 1' },
    },
    async (stage) => {
      await (await stage.client()).ended();
    },
  ),
  story(
    'there is no backend',
    { routes: [], log: ['www/<NOSRV> -1/-1/t 0 SC 1/1/0/0/0 0/0'], counters: { FRONTEND: 'stot 1 conn_tot 1', s1: '', BACKEND: '' } },
    async (stage) => {
      await (await stage.client()).ended();
    },
  ),
  story(
    'a rule chooses the backend by the address',
    {
      routes: ['use_backend be if { src 127.0.0.0/8 }', 'use_backend be if { src 192.0.2.1 }'],
      log: ['be/s1 t/t/t 7 -- 1/1/0/0/0 0/0'],
      counters: {
        FRONTEND: 'stot 1 bin 5 bout 7 conn_tot 1',
        s1: 'stot 1 bin 5 bout 7 lbtot 1 connect 1',
        BACKEND: 'stot 1 bin 5 bout 7 lbtot 1 connect 1',
      },
    },
    async (stage) => {
      const [client, server] = await stage.pair();
      await part(client, server);
    },
  ),
  story(
    'the queue is left for a slot that became free',
    {
      servers: { s1: 'serves maxconn 1' },
      log: ['be/s1 t/t/t 7 -- 3/3/2/0/0 0/0', 'be/s1 t/t/t 0 -- 2/2/1/0/0 0/1', 'be/s1 t/t/t 0 -- 1/1/0/0/0 0/2'],
      counters: {
        FRONTEND: 'stot 3 bin 16 bout 7 conn_tot 3',
        s1: 'stot 3 bin 16 bout 7 lbtot 1 connect 3',
        BACKEND: 'stot 3 bin 16 bout 7 lbtot 1 connect 3 qmax 2',
      },
    },
    async (stage) => {
      const [first, one] = await stage.pair();
      const second = await stage.client();
      second.send('second');
      await stage.reaches('BACKEND', 'qcur', 1);
      const third = await stage.client();
      third.send('third');
      await stage.reaches('BACKEND', 'qcur', 2);
      first.end();
      one.end();
      const two = await stage.accepted();
      await two.got('second');
      second.end();
      two.end();
      const three = await stage.accepted();
      await three.got('third');
      await part(third, three);
    },
  ),
  story(
    'the queue is left in time-out',
    {
      back: ['timeout queue 300ms'],
      servers: { s1: 'serves maxconn 1' },
      log: ['be/<NOSRV> t/-1/t 0 sQ 2/2/1/0/0 0/1', 'be/s1 t/t/t 7 -- 1/1/0/0/0 0/0'],
      counters: {
        FRONTEND: 'stot 2 bin 11 bout 7 conn_tot 2',
        s1: 'stot 1 bin 5 bout 7 lbtot 1 connect 1',
        BACKEND: 'stot 2 bin 11 bout 7 econ 1 lbtot 1 connect 1 qmax 1',
      },
    },
    async (stage) => {
      const [first, one] = await stage.pair();
      const second = await stage.client();
      second.send('second');
      await second.ended();
      await part(first, one);
    },
  ),
  story(
    'a client that waits in the queue for longer than timeout client',
    {
      front: ['timeout client 500ms'],
      back: ['timeout queue 1500ms', 'timeout tunnel 9s'],
      servers: { s1: 'serves maxconn 1' },
      log: ['be/<NOSRV> t/-1/t 0 sQ 2/2/1/0/0 0/1', 'be/s1 t/t/t 7 -- 1/1/0/0/0 0/0'],
      counters: {
        FRONTEND: 'stot 2 bin 11 bout 7 conn_tot 2',
        s1: 'stot 1 bin 5 bout 7 lbtot 1 connect 1',
        BACKEND: 'stot 2 bin 11 bout 7 econ 1 lbtot 1 connect 1 qmax 1',
      },
    },
    async (stage) => {
      const [first, one] = await stage.pair();
      const second = await stage.client();
      second.send('second');
      await second.ended();
      await part(first, one);
    },
  ),
  story(
    'the client ends in the queue without a word',
    {
      servers: { s1: 'serves maxconn 1' },
      log: ['be/<NOSRV> t/-1/t 0 CQ 2/2/1/0/0 0/1', 'be/s1 t/t/t 7 -- 1/1/0/0/0 0/0'],
      counters: {
        FRONTEND: 'stot 2 bin 5 bout 7 conn_tot 2',
        s1: 'stot 1 bin 5 bout 7 lbtot 1 connect 1',
        BACKEND: 'stot 2 bin 5 bout 7 lbtot 1 connect 1 qmax 1',
      },
    },
    async (stage) => {
      const [first, one] = await stage.pair();
      const second = await stage.client();
      await stage.reaches('BACKEND', 'qcur', 1);
      second.end();
      await second.ended();
      await part(first, one);
    },
  ),
  story(
    'the client speaks and ends in the queue',
    {
      servers: { s1: 'serves maxconn 1' },
      log: ['be/s1 t/t/t 7 -- 2/2/1/0/0 0/0', 'be/s1 t/t/t 0 -- 1/1/0/0/0 0/1'],
      counters: {
        FRONTEND: 'stot 2 bin 11 bout 7 conn_tot 2',
        s1: 'stot 2 bin 11 bout 7 lbtot 1 connect 2',
        BACKEND: 'stot 2 bin 11 bout 7 lbtot 1 connect 2 qmax 1',
      },
    },
    async (stage) => {
      const [first, one] = await stage.pair();
      const second = await stage.client();
      second.send('second');
      second.end();
      await stage.reaches('BACKEND', 'qcur', 1);
      await part(first, one);
      const two = await stage.accepted();
      await two.got('second');
      await two.ended();
      two.end();
      await second.ended();
    },
  ),
  story(
    'the client speaks and ends in the queue, with option abortonclose',
    {
      back: ['option abortonclose'],
      servers: { s1: 'serves maxconn 1' },
      log: ['be/<NOSRV> t/-1/t 0 CQ 2/2/1/0/0 0/1', 'be/s1 t/t/t 7 -- 1/1/0/0/0 0/0'],
      counters: {
        FRONTEND: 'stot 2 bin 11 bout 7 conn_tot 2',
        s1: 'stot 1 bin 5 bout 7 lbtot 1 connect 1',
        BACKEND: 'stot 2 bin 11 bout 7 lbtot 1 connect 1 qmax 1',
      },
    },
    async (stage) => {
      const [first, one] = await stage.pair();
      const second = await stage.client();
      second.send('second');
      await stage.reaches('BACKEND', 'qcur', 1);
      second.end();
      await second.ended();
      await part(first, one);
    },
  ),
  story(
    'the client resets in the queue',
    {
      servers: { s1: 'serves maxconn 1' },
      log: ['be/<NOSRV> t/-1/t 0 CD 2/2/1/0/0 0/1', 'be/s1 t/t/t 7 -- 1/1/0/0/0 0/0'],
      counters: {
        FRONTEND: 'stot 2 bin 11 bout 7 conn_tot 2',
        s1: 'stot 1 bin 5 bout 7 lbtot 1 connect 1',
        BACKEND: 'stot 2 bin 11 bout 7 lbtot 1 cli_abrt 1 connect 1 qmax 1',
      },
    },
    async (stage) => {
      const [first, one] = await stage.pair();
      const second = await stage.client();
      second.send('second');
      await stage.reaches('BACKEND', 'qcur', 1);
      second.reset();
      await stage.reaches('BACKEND', 'qcur', 0);
      await part(first, one);
    },
  ),
  story(
    'the client ends while the server does not accept',
    {
      back: ['retries 0'],
      servers: { s1: 'deaf' },
      log: ['be/s1 t/-1/t 0 CC 1/1/0/0/0 0/0'],
      counters: { FRONTEND: 'stot 1 conn_tot 1', s1: 'stot 1 lbtot 1 connect 1', BACKEND: 'stot 1 lbtot 1 connect 1' },
    },
    async (stage) => {
      const client = await stage.client();
      await stage.reaches('s1', 'scur', 1);
      client.end();
      await client.ended();
    },
  ),
  story(
    'the client resets while the server does not accept',
    {
      back: ['retries 0'],
      servers: { s1: 'deaf' },
      log: ['be/s1 t/-1/t 0 CD 1/1/0/0/0 0/0'],
      counters: {
        FRONTEND: 'stot 1 bin 5 conn_tot 1',
        s1: 'stot 1 bin 5 lbtot 1 cli_abrt 1 connect 1',
        BACKEND: 'stot 1 bin 5 lbtot 1 cli_abrt 1 connect 1',
      },
    },
    async (stage) => {
      const client = await stage.client();
      client.send('hello');
      await stage.reaches('s1', 'scur', 1);
      client.reset();
      await stage.reaches('s1', 'scur', 0);
    },
  ),
  story(
    'the client speaks and ends while the server does not accept',
    {
      back: ['retries 0', 'timeout connect 500ms'],
      servers: { s1: 'deaf' },
      log: ['be/s1 t/-1/t 0 sC 1/1/0/0/0 0/0'],
      counters: {
        FRONTEND: 'stot 1 bin 5 conn_tot 1',
        s1: 'stot 1 bin 5 econ 1 lbtot 1 connect 1',
        BACKEND: 'stot 1 bin 5 econ 1 lbtot 1 connect 1',
      },
    },
    async (stage) => {
      const client = await stage.client();
      client.send('hello');
      await stage.reaches('s1', 'scur', 1);
      client.end();
      await client.ended();
    },
  ),
  story(
    'the client is silent while the server does not accept',
    {
      front: ['timeout client 500ms'],
      back: ['retries 0', 'timeout connect 9s'],
      servers: { s1: 'deaf' },
      log: ['be/s1 t/-1/t 0 cC 1/1/0/0/0 0/0'],
      counters: {
        FRONTEND: 'stot 1 conn_tot 1',
        s1: 'stot 1 econ 1 lbtot 1 cli_abrt 1 connect 1',
        BACKEND: 'stot 1 econ 1 lbtot 1 cli_abrt 1 connect 1',
      },
    },
    async (stage) => {
      await (await stage.client()).ended();
    },
  ),
  story(
    'a silent client waits in the queue for longer than timeout client',
    {
      front: ['timeout client 500ms'],
      back: ['timeout queue 9s', 'timeout tunnel 9s'],
      servers: { s1: 'serves maxconn 1' },
      log: ['be/<NOSRV> -1/-1/t 0 cQ 2/2/1/0/0 0/1', 'be/s1 t/t/t 7 -- 1/1/0/0/0 0/0'],
      counters: {
        FRONTEND: 'stot 2 bin 5 bout 7 conn_tot 2',
        s1: 'stot 1 bin 5 bout 7 lbtot 1 connect 1',
        BACKEND: 'stot 2 bin 5 bout 7 lbtot 1 cli_abrt 1 connect 1 qmax 1',
      },
    },
    async (stage) => {
      const [first, one] = await stage.pair();
      const second = await stage.client();
      await second.ended();
      await part(first, one);
    },
  ),
  story(
    'the client speaks and then waits for longer than timeout client while the server does not accept',
    {
      front: ['timeout client 500ms'],
      back: ['retries 0', 'timeout connect 1500ms'],
      servers: { s1: 'deaf' },
      log: ['be/s1 t/-1/t 0 sC 1/1/0/0/0 0/0'],
      counters: {
        FRONTEND: 'stot 1 bin 5 conn_tot 1',
        s1: 'stot 1 bin 5 econ 1 lbtot 1 connect 1',
        BACKEND: 'stot 1 bin 5 econ 1 lbtot 1 connect 1',
      },
    },
    async (stage) => {
      const client = await stage.client();
      client.send('hello');
      await client.ended();
    },
  ),
  story(
    'one alone is admitted',
    {
      front: ['maxconn 1'],
      log: ['be/s1 t/t/t 7 -- 1/1/0/0/0 0/0', 'be/s1 t/t/t 0 -- 1/1/0/0/0 0/0'],
      counters: {
        FRONTEND: 'stot 2 bin 11 bout 7 conn_tot 2',
        s1: 'stot 2 bin 11 bout 7 lbtot 2 connect 2',
        BACKEND: 'stot 2 bin 11 bout 7 lbtot 2 connect 2',
      },
    },
    async (stage) => {
      const [first, one] = await stage.pair();
      const second = await stage.client();
      second.send('second');
      first.end();
      one.end();
      const two = await stage.accepted();
      await two.got('second');
      await part(second, two);
    },
  ),
  story(
    'the queue of a server is full',
    {
      back: ['balance source'],
      servers: { s1: 'serves maxconn 1 maxqueue 1' },
      log: ['be/s1 -1/-1/t 0 SQ 3/3/2/1/0 0/0', 'be/s1 t/t/t 7 -- 2/2/1/0/0 0/0', 'be/s1 t/t/t 0 -- 1/1/0/0/0 1/0'],
      counters: {
        FRONTEND: 'stot 3 bin 11 bout 7 conn_tot 3',
        s1: 'stot 2 bin 11 bout 7 econ 1 lbtot 3 connect 2 qmax 1',
        BACKEND: 'stot 3 bin 11 bout 7 econ 1 lbtot 3 connect 2',
      },
    },
    async (stage) => {
      const [first, one] = await stage.pair();
      const second = await stage.client();
      second.send('second');
      await stage.reaches('s1', 'qcur', 1);
      await (await stage.client()).ended();
      first.end();
      one.end();
      const two = await stage.accepted();
      await two.got('second');
      await part(second, two);
    },
  ),
  story(
    'the fewest connections decide',
    {
      back: ['balance leastconn'],
      servers: { s1: 'serves', s2: 'serves' },
      log: ['be/s1 t/t/t 7 -- 2/2/1/0/0 0/0', 'be/s1 t/t/t 7 -- 2/2/1/0/0 0/0', 'be/s2 t/t/t 7 -- 1/1/0/0/0 0/0'],
      counters: {
        FRONTEND: 'stot 3 bin 15 bout 21 conn_tot 3',
        s1: 'stot 2 bin 10 bout 14 lbtot 2 connect 2',
        s2: 'stot 1 bin 5 bout 7 lbtot 1 connect 1',
        BACKEND: 'stot 3 bin 15 bout 21 lbtot 3 connect 3',
      },
    },
    async (stage) => {
      const [first, one] = await stage.pair();
      const [second, two] = await stage.pair('s2');
      await part(first, one);
      await stage.reaches('s1', 'scur', 0);
      await part(...(await stage.pair('s1')));
      await stage.reaches('s1', 'scur', 0);
      await part(second, two);
    },
  ),
  story(
    'a stick table sends a client where it was',
    {
      back: ['stick-table type ip size 10', 'stick on src'],
      servers: { s1: 'serves', s2: 'serves' },
      log: ['be/s1 t/t/t 7 -- 1/1/0/0/0 0/0', 'be/s1 t/t/t 7 -- 1/1/0/0/0 0/0'],
      counters: {
        FRONTEND: 'stot 2 bin 10 bout 14 conn_tot 2',
        s1: 'stot 2 bin 10 bout 14 lbtot 1 connect 2',
        s2: '',
        BACKEND: 'stot 2 bin 10 bout 14 lbtot 1 connect 2',
      },
    },
    async (stage) => {
      for (let i = 0; i < 2; i++) {
        await part(...(await stage.pair('s1')));
        await stage.reaches('s1', 'scur', 0);
      }
    },
  ),
  story(
    'a stick table sends a client to a server that is full',
    {
      back: ['stick-table type ip size 10', 'stick on src'],
      servers: { s1: 'serves maxconn 1', s2: 'serves' },
      log: ['be/s1 t/t/t 7 -- 2/2/1/0/0 0/0', 'be/s1 t/t/t 0 -- 1/1/0/0/0 1/0'],
      counters: {
        FRONTEND: 'stot 2 bin 11 bout 7 conn_tot 2',
        s1: 'stot 2 bin 11 bout 7 lbtot 1 connect 2 qmax 1',
        s2: '',
        BACKEND: 'stot 2 bin 11 bout 7 lbtot 1 connect 2',
      },
    },
    async (stage) => {
      const [first, one] = await stage.pair();
      const second = await stage.client();
      second.send('second');
      await stage.reaches('s1', 'qcur', 1);
      first.end();
      one.end();
      const two = await stage.accepted();
      await two.got('second');
      await part(second, two);
    },
  ),
  story(
    'use-server chooses by the address',
    {
      back: ['use-server s2 if { src 127.0.0.0/8 }'],
      servers: { s1: 'serves', s2: 'serves' },
      log: ['be/s2 t/t/t 7 -- 1/1/0/0/0 0/0'],
      counters: {
        FRONTEND: 'stot 1 bin 5 bout 7 conn_tot 1',
        s1: '',
        s2: 'stot 1 bin 5 bout 7 connect 1',
        BACKEND: 'stot 1 bin 5 bout 7 connect 1',
      },
    },
    async (stage) => {
      await part(...(await stage.pair('s2')));
    },
  ),
  story(
    'use-server names a server that refuses, and redispatch finds another',
    {
      back: ['use-server s1 if TRUE', 'option redispatch', 'retries 2', 'timeout connect 500ms'],
      servers: { s1: 'refuses', s2: 'serves' },
      log: ['be/s2 t/t/t 7 -- 1/1/0/0/+2 0/0'],
      counters: {
        FRONTEND: 'stot 1 bin 5 bout 7 conn_tot 1',
        s1: 'stot 2 wretr 1 wredis 1 connect 2',
        s2: 'stot 1 bin 5 bout 7 lbtot 1 connect 1',
        BACKEND: 'stot 1 bin 5 bout 7 wretr 1 wredis 1 lbtot 1 connect 3',
      },
    },
    async (stage) => {
      await part(...(await stage.pair('s2')));
    },
  ),
  story(
    'a stick table learns nothing of a server that refuses',
    {
      back: ['stick-table type ip size 10', 'stick on src', 'retries 0'],
      servers: { s1: 'refuses', s2: 'serves' },
      log: ['be/s1 t/-1/t 0 SC 1/1/0/0/0 0/0', 'be/s2 t/t/t 7 -- 1/1/0/0/0 0/0', 'be/s2 t/t/t 7 -- 1/1/0/0/0 0/0'],
      counters: {
        FRONTEND: 'stot 3 bin 10 bout 14 conn_tot 3',
        s1: 'stot 1 econ 1 lbtot 1 connect 1',
        s2: 'stot 2 bin 10 bout 14 lbtot 1 connect 2',
        BACKEND: 'stot 3 bin 10 bout 14 econ 1 lbtot 2 connect 3',
      },
    },
    async (stage) => {
      await (await stage.client()).ended();
      for (let i = 0; i < 2; i++) {
        await part(...(await stage.pair('s2')));
        await stage.reaches('s2', 'scur', 0);
      }
    },
  ),
  story(
    'the server goes down, and on-marked-down shuts its sessions down',
    {
      servers: { p1: 'probed', s1: 'serves check inter 100ms fall 1 port @p1 on-marked-down shutdown-sessions' },
      log: ['be/s1 t/t/t 7 D- 1/1/0/0/0 0/0'],
      counters: {
        FRONTEND: 'stot 1 bin 5 bout 7 conn_tot 1',
        s1: 'stot 1 bin 5 bout 7 lbtot 1 connect 1',
        BACKEND: 'stot 1 bin 5 bout 7 lbtot 1 connect 1',
      },
    },
    async (stage) => {
      await stage.reaches('s1', 'check_health', 2);
      const [client, server] = await stage.pair();
      await stage.shut('p1');
      await Promise.all([client.ended(), server.ended()]);
    },
  ),
  story(
    'the server goes down, and its sessions go on',
    {
      servers: { p1: 'probed', s1: 'serves check inter 100ms fall 1 port @p1' },
      log: ['be/<NOSRV> -1/-1/t 0 SC 2/2/1/0/0 0/0', 'be/s1 t/t/t 7 -- 1/1/0/0/0 0/0'],
      counters: {
        FRONTEND: 'stot 2 bin 15 bout 7 conn_tot 2',
        s1: 'stot 1 bin 15 bout 7 lbtot 1 connect 1',
        BACKEND: 'stot 2 bin 15 bout 7 econ 1 lbtot 1 connect 1',
      },
    },
    async (stage) => {
      await stage.reaches('s1', 'check_health', 2);
      const [client, server] = await stage.pair();
      await stage.shut('p1');
      await stage.reaches('s1', 'chkdown', 1);
      await (await stage.client()).ended();
      client.send('still here');
      await server.got('still here');
      await part(client, server);
    },
  ),
];
