import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Backend } from '../../src/backend/backend.ts';
import type { Server } from '../../src/backend/server.ts';
import type { ServerConfig } from '../../src/config/model.ts';
import { whyOf } from '../../src/stats/page/why.ts';
import { stepsOf } from '../support/steps.ts';
import { CHECK, Client, type Events, makeBackend, sequence, serverConfig, verdict } from './support.ts';

const OK = verdict('L4OK');
const FAILED = verdict('L4CON');

/** `a1` is server 1 of generation `a`, made at `created`. */
function of(name: string, created: number, more: Partial<ServerConfig> = {}): ServerConfig {
  return serverConfig(name, { identity: `container ${name}`, generation: { key: name.charAt(0), created }, ...more });
}

const CHECKED = { check: { ...CHECK, rise: 1, fall: 1 } };

interface Made {
  readonly backend: Backend;
  readonly events: Events;
  readonly find: (name: string) => Server;
  /** Who gets requests now, in the order of their names. */
  readonly serving: () => string;
}

function make(...servers: readonly ServerConfig[]): Made {
  const { backend, events } = makeBackend(servers);
  const find = (name: string): Server => {
    const server = backend.servers.find(({ config }) => config.name === name);
    assert.ok(server, name);
    return server;
  };
  const serving = () => [...new Set(sequence(backend, 24).match(/\(.*?\)|../g))].sort().join(' ');
  return { backend, events, find, serving };
}

/** Adds them as a source does. */
function add({ backend }: Made, now: number, ...servers: readonly ServerConfig[]): void {
  for (const server of servers) backend.addServer(server, now).startAs('ready', '');
  backend.refresh(now);
}

function down(server: Server, now: number): void {
  server.update(server.config, 'down', 'container is exited', now);
  server.backend.refresh(now);
}

function up(server: Server, now: number): void {
  server.update(server.config, 'ready', '', now);
  server.backend.refresh(now);
}

describe('of several generations', () => {
  it('the newest alone is served', () => {
    const made = make(of('a1', 1), of('a2', 1), of('b1', 2), of('b2', 3));
    assert.equal(made.serving(), 'b1 b2');
    assert.deepEqual(
      made.backend.servers.map((server) => server.statusText()),
      ['DRAIN', 'DRAIN', 'no check', 'no check'],
    );
    assert.equal(whyOf(made.find('a1'), undefined), 'a newer generation serves');
    assert.deepEqual(made.events.take().slice(0, 1), [
      '5 Server app/a1 enters drain state (a newer generation serves). 2 active and 0 backup servers online. 0 sessions requeued, 0 total in queue.',
    ]);
  });

  it('one is as new as its newest server', () => {
    const made = make(of('a1', 1), of('b1', 2));
    assert.equal(made.serving(), 'b1');
    add(made, 5, of('a2', 3));
    assert.equal(made.serving(), 'a1 a2');
  });

  it('servers without one are served as ever', () => {
    const made = make(of('a1', 1), serverConfig('xx'), of('b1', 2));
    assert.equal(made.serving(), 'b1 xx');
  });

  it('a newer one takes over in one step, and nobody is told that no server is left', () => {
    const made = make(of('a1', 1), of('a2', 1));
    made.events.take();
    add(made, 5, of('b1', 2), of('b2', 2));
    assert.equal(made.serving(), 'b1 b2');
    assert.ok(!made.events.take().join().includes('no server available'));
  });

  it('nobody who waits for a server of the old one is left waiting', async () => {
    const made = make(of('a1', 1, { maxconn: 1 }));
    const held = made.backend.assign(new Client(), 0, undefined);
    const bound = new Client();
    assert.equal(made.backend.claim(bound, made.find('a1')), 'queued');
    const any = new Client();
    assert.equal(made.backend.assign(any, 0, undefined), 'queued');
    add(made, 5, of('b1', 2));
    await Promise.resolve();
    assert.equal(any.server?.config.name, 'b1');
    assert.equal(bound.redistributed?.config.name, 'a1');
    assert.equal(held, made.find('a1'));
    made.backend.release(made.find('a1'));
    made.backend.release(made.find('b1'));
  });
});

describe('a newer generation', () => {
  it('waits until a check has passed', () => {
    const made = make(of('a1', 1, CHECKED));
    add(made, 5, of('b1', 2, CHECKED), of('b2', 2, CHECKED));
    assert.equal(made.serving(), 'a1');
    assert.equal(whyOf(made.find('b1'), undefined).split('; ')[0], 'no server of its generation is usable yet: an older one serves');
    made.find('a1').setVerdict(OK, 6);
    assert.equal(made.serving(), 'a1', 'a check of the old one is none of the new one');
    made.find('b2').setVerdict(OK, 7);
    assert.equal(made.serving(), 'b1 b2');
  });

  it('whose first check fails gets nothing', () => {
    const made = make(of('a1', 1, CHECKED));
    add(made, 5, of('b1', 2, CHECKED));
    made.find('b1').setVerdict(FAILED, 6);
    assert.equal(made.serving(), 'a1');
    made.find('b1').setVerdict(OK, 7);
    assert.equal(made.serving(), 'b1');
  });

  it("waits for Docker's health check", () => {
    const made = make(of('a1', 1));
    const server = made.backend.addServer(of('b1', 2), 5);
    server.startAs('down', "Docker's health check has not passed yet");
    made.backend.refresh(5);
    assert.equal(made.serving(), 'a1');
    up(server, 6);
    assert.equal(made.serving(), 'b1');
  });

  it('that becomes sick altogether gives way to the newest that has a usable server, and takes over again', () => {
    const made = make(of('a1', 1), of('b1', 2), of('c1', 3), of('c2', 3));
    down(made.find('c1'), 5);
    assert.equal(made.serving(), 'c2');
    down(made.find('c2'), 6);
    assert.equal(made.serving(), 'b1');
    down(made.find('b1'), 7);
    assert.equal(made.serving(), 'a1');
    up(made.find('c1'), 8);
    assert.equal(made.serving(), 'c1');
  });

  it('that is told to stop gives way', () => {
    const made = make(of('a1', 1), of('b1', 2));
    const server = made.find('b1');
    server.update(server.config, 'drain', 'container is stopping', 5);
    made.backend.refresh(5);
    assert.equal(made.serving(), 'a1');
  });

  it('that is removed gives way', () => {
    const made = make(of('a1', 1), of('b1', 2));
    made.find('b1').remove('gone');
    made.backend.refresh(5);
    assert.equal(made.serving(), 'a1');
  });

  it('of which nothing is known yet serves where nothing is known of the others either, and goes on while they are found', () => {
    const made = make(of('a1', 1, CHECKED), of('b1', 2, CHECKED));
    assert.equal(made.serving(), 'b1');
    made.find('a1').setVerdict(OK, 5);
    assert.equal(made.serving(), 'b1');
    made.find('b1').setVerdict(FAILED, 6);
    assert.equal(made.serving(), 'a1');
  });

  it('takes over once, whichever of its servers are found later', () => {
    const made = make(of('a1', 1, CHECKED), of('b1', 2, CHECKED), of('b2', 2, CHECKED));
    made.events.take();
    made.find('b1').setVerdict(OK, 5);
    made.find('b2').setVerdict(FAILED, 5);
    made.find('b2').setVerdict(OK, 6);
    assert.deepEqual(
      made.events.take().filter((line) => /drain/.test(line)),
      [],
    );
  });
});

describe('when no server of any generation is usable', () => {
  it('nothing changes, and whoever comes back first serves', () => {
    const made = make(of('a1', 1), of('b1', 2));
    down(made.find('b1'), 5);
    down(made.find('a1'), 6);
    assert.equal(made.serving(), '(no-server)');
    up(made.find('a1'), 7);
    assert.equal(made.serving(), 'a1');
    up(made.find('b1'), 8);
    assert.equal(made.serving(), 'b1');
  });
});

describe('an operator', () => {
  it('who drains or stops the newest has the older one served', () => {
    const made = make(of('a1', 1), of('b1', 2));
    made.find('b1').setAdmin('drain', 5);
    assert.equal(made.serving(), 'a1');
    made.find('b1').setAdmin('maint', 6);
    assert.equal(made.serving(), 'a1');
    made.find('b1').setAdmin('ready', 7);
    assert.equal(made.serving(), 'b1');
  });

  it('who calls an outdated server ready has it served beside, until another generation is chosen', () => {
    const made = make(of('a1', 1), of('a2', 1), of('b1', 2));
    made.find('a1').setAdmin('ready', 5);
    assert.equal(made.serving(), 'a1 b1');
    down(made.find('b1'), 6);
    assert.equal(made.serving(), 'a1 a2');
    up(made.find('b1'), 7);
    assert.equal(made.serving(), 'b1');
  });

  it('who drains it again is heeded, and what an agent says is no such word', () => {
    const made = make(of('a1', 1), of('b1', 2));
    made.find('a1').setAdmin('ready', 5);
    made.find('a1').setAdmin('drain', 6);
    assert.equal(made.serving(), 'b1');
    made.find('a1').setAdmin('ready', 7, 'agent');
    assert.equal(made.serving(), 'b1');
  });

  it('whose maintenance of an outdated server ends finds it draining', () => {
    const made = make(of('a1', 1), of('b1', 2));
    made.find('a1').setFlag(1, true, '', 5);
    made.find('a1').setFlag(1, false, '', 6);
    assert.equal(made.serving(), 'b1');
    assert.equal(made.find('a1').statusText(), 'DRAIN');
  });
});

describe('a look at who gets traffic', () => {
  const works: readonly (readonly [what: string, work: (made: Made) => void])[] = [
    ['when nothing has changed', ({ backend }) => backend.refresh(7)],
    ['when an older generation takes over', (made) => down(made.find('b1'), 7)],
    ['when a newer one does', (made) => add(made, 7, of('c1', 3))],
  ];
  for (const [what, work] of works) {
    it(`costs a number of steps for each server, whatever the number of servers, ${what}`, () => {
      const cost = (count: number): number => {
        const made = make(...Array.from({ length: count }, (_, i) => of(`a${i}`, 1)), of('b1', 2));
        return stepsOf(/\/src\/backend\//, () => work(made)) / count;
      };
      const [few, many] = [cost(20), cost(400)] as const;
      assert.ok(many < 2 * few, `${few} and ${many} for each`);
    });
  }
});

describe('a pool that does not roll out any more', () => {
  it('serves all of its servers', () => {
    const made = make(of('a1', 1), of('b1', 2));
    for (const server of made.backend.servers) {
      const { generation: _, ...config } = server.config;
      server.update(config, 'ready', '', 5);
    }
    made.backend.refresh(5);
    assert.equal(made.serving(), 'a1 b1');
  });
});
