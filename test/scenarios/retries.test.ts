/** Servers that fail, and requests that are tried again: how often, where, and what everybody is told. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { Socket } from 'node:net';
import { describe, it } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import type { Backend } from '../../src/backend/backend.ts';
import type { BackendCounters, ServerCounters } from '../../src/core/counters.ts';
import type { RawClient } from '../support/client.ts';
import { serverConfig } from '../support/config.ts';
import { type Act, acts, type Faulty, refusingAddress, startFaulty } from '../support/faulty.ts';
import { startRawUpstream } from '../support/upstream.ts';
import { until } from '../support/wait.ts';
import { type Balancer, withBalancer } from './balancer.ts';
import { COUNTERS, FAULTS, type Outcome, talk, withServers } from './faults.ts';

describe('a server fails', () => {
  for (const fault of FAULTS) {
    it(fault.name, async () => {
      await withServers(fault, async (lines, asked) => {
        await withBalancer(`frontend www\n bind 127.0.0.1:0\n default_backend be\nbackend be\n${lines}`, async (balancer) => {
          const { socket } = await balancer.client();
          const answers = await talk(socket, fault.requests);
          const { log, counters } = fault;
          const expected: Outcome = { answers: fault.answers, asked: fault.asked, log, counters };
          const backend = balancer.backends.get('be') ?? assert.fail();
          assert.deepEqual({ answers, asked: asked(), log: logOf(balancer), counters: countersOf(backend) }, expected);
        });
      });
    });
  }
});

const listen = (...lines: string[]) => `listen www\n bind 127.0.0.1:0\n${lines.map((line) => ` ${line}\n`).join('')}`;
const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
const ALL = 'retry-on all-retryable-errors';

/** Servers `s1`, `s2`, ... with these plans, and the lines that name them. */
async function withPlans(
  plans: readonly (readonly Act[])[],
  story: (servers: readonly Faulty[], lines: readonly string[]) => Promise<void>,
) {
  const servers = await Promise.all(plans.map((plan, i) => startFaulty(`s${i + 1}`, plan)));
  try {
    await story(
      servers,
      servers.map(({ address }, i) => `server s${i + 1} ${address}`),
    );
  } finally {
    for (const server of servers) await server.stop();
  }
}

describe('a request that may be sent again', () => {
  it('is kept however its body was cut', async () => {
    await withPlans([[acts.ends, acts.ok]], async ([server], lines) => {
      await withBalancer(listen(ALL, ...lines), async (balancer) => {
        const client = await balancer.client();
        client.send('POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n');
        await until('it has a slot', () => balancer.server('www', 's1').scur === 1);
        for (const piece of ['2\r\nd', 'e\r', '\n0\r\n\r', '\n']) {
          await turn();
          client.send(piece);
        }
        assert.equal((await client.readResponse()).body, 's1');
        assert.deepEqual(server?.asked, ['POST(20)', 'POST(20)']);
      });
    });
  });

  it('is not while its body is still coming', async () => {
    const upstream = await startRawUpstream((socket) => socket.once('data', () => socket.end()));
    try {
      await withBalancer(listen(ALL, `server s1 ${upstream.address}`), async (balancer) => {
        const client = await balancer.client();
        client.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabcde');
        assert.match(await client.readAll(), /^HTTP\/1\.1 502 /);
        assert.deepEqual([upstream.connections(), logOf(balancer)], [1, ['s1 502 SH-- 0']]);
      });
    } finally {
      await upstream.stop();
    }
  });

  it('goes over the connection that brought the status, where that is kept alive', async () => {
    await withPlans([[acts.answers503, acts.answers503, acts.ok]], async ([server], lines) => {
      await withBalancer(listen(ALL, ...lines), async (balancer) => {
        const client = await balancer.client();
        client.send(GET);
        assert.equal((await client.readResponse()).body, 's1');
        assert.equal(server?.connections(), 1);
        const { counters, scur } = balancer.server('www', 's1');
        assert.deepEqual([counters.connect, counters.reuse, counters.hrsp.five, scur], [1, 2, 0, 0]);
      });
    });
  });

  it('has no response that a rule could have seen', async () => {
    await withPlans([[acts.answers503, acts.ok]], async (_, lines) => {
      await withBalancer(listen(ALL, 'http-response deny if { status 503 }', ...lines), async (balancer) => {
        const client = await balancer.client();
        client.send(GET);
        assert.equal((await client.readResponse()).status, 200);
        assert.equal(balancer.server('www', 's1').counters.dresp, 0);
      });
    });
  });

  it('keeps its place among the requests of its client', async () => {
    await withPlans([[acts.ends, acts.ok, acts.answers503, acts.ok]], async ([server], lines) => {
      await withBalancer(listen(ALL, ...lines), async (balancer) => {
        const client = await balancer.client();
        client.send(GET.repeat(3));
        for (let i = 0; i < 3; i++) assert.equal((await client.readResponse()).body, 's1');
        assert.equal(server?.asked.length, 5);
        assert.deepEqual(logOf(balancer), ['s1 200 ---- 1', 's1 200 ---- 1', 's1 200 ---- 0']);
      });
    });
  });

  it('gives its slot to who waits for one, and waits for its own', async () => {
    const held: Socket[] = [];
    const hold: Act = (socket) => held.push(socket);
    await withPlans([[hold], [hold, acts.ok]], async (_, lines) => {
      const text = listen(ALL, 'option redispatch', 'timeout queue 10s', ...lines.map((line) => `${line} maxconn 1`));
      await withBalancer(text, async (balancer) => {
        const backend = balancer.backends.get('www') ?? assert.fail();
        const places = async (what: string, waiting: number, ...at: number[]) => {
          const slots = () => backend.servers.map((server) => server.scur).join() === at.join();
          await until(what, () => backend.waiting === waiting && slots());
        };
        const clients: RawClient[] = [];
        for (const [waiting, ...at] of [
          [0, 1, 0],
          [0, 1, 1],
          [1, 1, 1],
        ] as const) {
          const client = await balancer.client();
          client.send(GET);
          clients.push(client);
          await places('it has its place', waiting, ...at);
        }
        await until('two are with their servers', () => held.length === 2);
        held[0]?.end();
        await until('the third has the slot of the first', () => held.length === 3);
        await places('the first waits', 1, 1, 1);
        const reply = 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nheld';
        held[1]?.write(reply);
        assert.equal((await clients[1]?.readResponse())?.body, 'held');
        assert.equal((await clients[0]?.readResponse())?.body, 's2');
        held[2]?.write(reply);
        assert.equal((await clients[2]?.readResponse())?.body, 'held');
        assert.deepEqual(logOf(balancer), ['s2 200 ---- 0', 's2 200 ---- +1', 's1 200 ---- 0']);
      });
    });
  });
});

/** Refuses until `open`: then a server named s1 listens there. */
async function laterServer() {
  const { host, port, address } = await refusingAddress();
  const server = createServer((_, response) => response.end('s1'));
  return {
    address,
    async open() {
      server.listen(port, host);
      await once(server, 'listening');
    },
    close() {
      server.close();
    },
  };
}

describe('the pause before the same server is tried again', () => {
  it('is long enough for one that comes back', async () => {
    const later = await laterServer();
    try {
      await withBalancer(listen('retries 1', 'timeout connect 5s', `server s1 ${later.address}`), async (balancer) => {
        const client = await balancer.client();
        client.send(GET);
        await until('it was refused', () => balancer.server('www', 's1').counters.wretr === 1);
        await later.open();
        assert.equal((await client.readResponse()).body, 's1');
        assert.deepEqual(logOf(balancer), ['s1 200 ---- 1']);
      });
    } finally {
      later.close();
    }
  });

  it('ends with a client that leaves: its slot is free', async () => {
    const { address } = await refusingAddress();
    await withBalancer(listen('timeout connect 5s', `server s1 ${address}`), async (balancer) => {
      const client = await balancer.client();
      client.send(GET);
      await until('it was refused', () => balancer.server('www', 's1').counters.wretr === 1);
      client.socket.resetAndDestroy();
      await until('its slot is free', () => balancer.server('www', 's1').scur === 0);
      assert.deepEqual(logOf(balancer), ['s1 -1 CC-- 1']);
    });
  });

  it('leads nowhere when its address has gone meanwhile, and not to this machine', async () => {
    const { host, port } = await refusingAddress();
    await withBalancer(listen('docker-servers image=a port=80 backup', `server s1 ${host}:${port}`), async (balancer) => {
      const client = await balancer.client();
      client.send(GET);
      const s1 = balancer.server('www', 's1');
      await until('it was refused', () => s1.counters.wretr === 1);
      await balancer.configure(listen('docker-servers image=a port=80 backup'));
      assert.equal((await client.readResponse()).status, 503);
      assert.equal(s1.counters.connect, 1);
    });
  });

  it('leads to another server where this one has gone to maintenance meanwhile', async () => {
    await withPlans([[acts.ok]], async (_, [line]) => {
      const { address } = await refusingAddress();
      const lines = [`server s1 ${address}`, `server s2 ${line?.split(' ')[2]} backup`];
      await withBalancer(listen('retries 3', 'timeout connect 1s', ...lines), async (balancer) => {
        const client = await balancer.client();
        client.send(GET);
        const s1 = balancer.server('www', 's1');
        await until('it was refused', () => s1.counters.wretr === 1);
        s1.setAdmin('maint', performance.now());
        assert.equal((await client.readResponse()).body, 's1', 'the name that the spare one was given');
        assert.deepEqual([s1.counters.wredis, logOf(balancer)], [1, ['s2 200 ---- +1']]);
      });
    });
  });
});

describe('a client that is bound to its server', () => {
  // HAProxy's map has no other place for a key; its ring has (test/scenarios/queue.txt).
  for (const [hash, asked, log] of [
    ['consistent', [0, 1, 3], /^s\d 502 SH-- \+3$/],
    ['map-based', [0, 0, 4], /^s\d 502 SH-- 3$/],
  ] as const) {
    it(`stays until the last retry, and then leaves where the algorithm has another place for its key: ${hash}`, async () => {
      await withPlans([[acts.ends], [acts.ends], [acts.ends]], async (servers, lines) => {
        const options = [ALL, 'balance source', `hash-type ${hash}`, 'option redispatch', 'retries 3'];
        await withBalancer(listen(...options, ...lines), async (balancer) => {
          const client = await balancer.client();
          client.send(GET);
          assert.equal((await client.readResponse()).status, 502);
          assert.deepEqual(servers.map((one) => one.asked.length).sort(), asked);
          assert.match(logOf(balancer)[0] ?? '', log);
        });
      });
    });
  }
});

describe('a discovered server', () => {
  it('that refuses is given up at once, without option redispatch', async () => {
    await withPlans([[acts.ok]], async ([upstream]) => {
      const refusing = await refusingAddress();
      await withBalancer(listen('docker-servers image=a port=80'), async (balancer) => {
        const places = [refusing, { host: '127.0.0.1', port: upstream?.port ?? 0 }];
        const servers = places.map(({ host, port }, i) => {
          const config = serverConfig('ab'[i] ?? '', { identity: `container ${i}`, address: host, port });
          return { config, state: 'ready', reason: '' } as const;
        });
        balancer.publish({ source: 'docker', pools: new Map([['www', servers]]), poolOptions: new Map(), routes: [], notes: [] });
        const client = await balancer.client();
        client.send(GET);
        assert.equal((await client.readResponse()).body, 's1');
        assert.deepEqual(logOf(balancer), ['b 200 ---- +1']);
      });
    });
  });
});

function logOf({ logged }: Balancer): string[] {
  return logged.map((one) => `${one.server} ${one.status} ${one.termination} ${one.redispatched ? '+' : ''}${one.retries}`);
}

function countersOf(backend: Backend): Record<string, string> {
  return Object.fromEntries([...backend.servers.map((one) => [one.config.name, tell(one.counters)]), ['be', tell(backend.counters)]]);
}

function tell(c: ServerCounters | BackendCounters): string {
  const { hrsp } = c;
  const values = [
    ...[c.stot, c.lbtot, c.econ, c.eresp, c.wretr, c.wredis, c.cliAbrt, c.srvAbrt, c.reqTot],
    ...[hrsp.one, hrsp.two, hrsp.four, hrsp.five],
  ];
  return COUNTERS.map((name, i) => [name, values[i]] as const)
    .filter(([, value]) => value !== 0)
    .map(([name, value]) => `${name} ${value}`)
    .join(' ');
}
