/**
 * The same requests to HAProxy and to ours, from the same text of a configuration: every algorithm that is deterministic
 * must choose alike, also while weights and states change and requests are under way.
 */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { after, before, describe, it } from 'node:test';
import type { Backend } from '../../src/backend/backend.ts';
import type { Server } from '../../src/backend/server.ts';
import { loadText } from '../../src/config/load.ts';
import type { ProxyConfig } from '../../src/config/model.ts';
import { hashFunction } from '../../src/core/hash.ts';
import { Head } from '../../src/http/head.ts';
import { parseRequestHead } from '../../src/http/parse.ts';
import { balanceKey, formKey, type KeyContext, seeksForm } from '../../src/proxy/balance-key.ts';
import { compileRules } from '../../src/rules/compile.ts';
import type { CompiledRules } from '../../src/rules/types.ts';
import { Client, makeBackend } from '../backend/support.ts';
import { type Asked, Haproxy, type Held } from './balance-haproxy.ts';

const missing = spawnSync('haproxy', ['-v']).error !== undefined ? 'haproxy is not installed' : false;

const NAMES = ['1', '2', '3', '4', '5'];

/** Repeatable: each test has a seed of its own. */
class Dice {
  private state: number;
  constructor(seed: number) {
    this.state = seed;
  }
  /** 0 .. sides - 1 */
  roll(sides: number): number {
    this.state = (Math.imul(this.state, 1103515245) + 12345) >>> 0;
    return (this.state >>> 8) % sides;
  }
  of<T>(choices: readonly T[]): T {
    return choices[this.roll(choices.length)] as T;
  }
  word(most: number): string {
    return Array.from({ length: 1 + this.roll(most) }, () => this.of([...'abcdefghijklmnopqrstuvwxyz0123456789-_'])).join('');
  }
}

/** Our side of a section. */
class Ours {
  readonly backend: Backend;
  readonly servers: readonly Server[];
  private readonly config: ProxyConfig;
  private readonly rules: CompiledRules;

  constructor(name: string, text: string) {
    const proxy = `listen ${name}\n  bind 127.0.0.1:0\n${text.replace(/@(?=\w+( |$))/gm, '127.0.0.1:100')}\n`;
    const { config, diagnostics } = loadText(`defaults\n  mode http\n${proxy}`, 'test.cfg', { env: {} });
    assert.deepEqual(
      diagnostics.filter(({ severity }) => severity === 'alert'),
      [],
    );
    this.config = config?.proxies[0] as ProxyConfig;
    this.rules = compileRules(this.config, ({ message }) => assert.fail(message));
    const { backend, servers } = makeBackend(this.config.servers, this.config);
    this.backend = backend;
    this.servers = servers;
  }

  /** Takes a slot: the server, or undefined where the request would wait. */
  assign(asked: Asked = {}): Server | undefined {
    const answer = this.backend.assign(new Client(), this.key(asked), undefined);
    return typeof answer === 'string' ? undefined : answer;
  }

  ask(asked: Asked = {}): string {
    const server = this.assign(asked);
    assert.ok(server, 'it would wait');
    this.backend.release(server);
    return server.config.name;
  }

  private key({ client = '10.0.0.1', method = 'GET', target = '/', headers = ['host: x'], body = '' }: Asked): number {
    const request = new Head();
    const length = body === '' ? '' : `content-length: ${body.length}\r\n`;
    const bytes = Buffer.from(`${method} ${target} HTTP/1.1\r\n${headers.join('\r\n')}\r\n${length}\r\n${body}`, 'latin1');
    const at = parseRequestHead(bytes, 0, bytes.length, request, 16_384, 0);
    assert.ok(at > 0, `no request: ${bytes}`);
    if (body !== '' && seeksForm(this.config.balance, request)) {
      return formKey(this.config.balance, request, bytes, at, bytes.length, false) as number;
    }
    const context = { request, clientAddress: client, peerAddress: client } as KeyContext;
    return balanceKey(this.config.balance, context, this.rules.hashed);
  }
}

function servers(weights: readonly number[], more: (i: number) => string = () => ''): string {
  return weights.map((weight, i) => `  server ${i + 1} @${i + 1} weight ${weight}${more(i)}`).join('\n');
}

const WEIGHTS: readonly (readonly number[])[] = [
  [1, 1, 1],
  [100, 50],
  [50, 100],
  [3, 1],
  [5, 1, 1],
  [1, 2, 3],
  [4, 3],
  [7, 5, 2],
  [2, 7, 4],
  [256, 1, 17, 3],
  [100, 90, 80, 7, 7],
  [13, 13, 26, 255, 31],
];

const PLAIN = ['roundrobin', 'static-rr', 'leastconn', 'first'] as const;

/** What happens to a section while it is asked. */
const SCRIPTS = {
  'weights and states that change': { algorithms: ['roundrobin', 'static-rr', 'leastconn', 'first'], full: false, backup: '' },
  'requests under way and full servers': { algorithms: ['roundrobin', 'static-rr', 'leastconn', 'first'], full: true, backup: '' },
  'backup servers': { algorithms: ['roundrobin', 'leastconn'], full: false, backup: 'one' },
  'all backup servers at once': { algorithms: ['roundrobin', 'static-rr', 'leastconn', 'first'], full: false, backup: 'all' },
} as const;
type Script = keyof typeof SCRIPTS;
const ROUNDS = 6;

const KEYS = [
  'source',
  'uri',
  'uri len 7',
  'uri depth 2',
  'uri len 9 depth 1 whole',
  'uri whole',
  'uri path-only',
  'uri path-only whole depth 1',
  'url_param id',
  'hdr(x-key)',
  'hdr(host)',
  'hdr(host) use_domain_only',
  'hash req.hdr(x-key),lower',
  'hash src',
  'hash src,ipmask(24)',
  'hash path,length',
  'hash method',
  'hash url_param(id),length,bool',
];
const HASH_TYPES = [
  '',
  'map-based',
  'consistent',
  ...['sdbm', 'djb2', 'wt6', 'crc32'].flatMap((name) => [
    `map-based ${name}`,
    `map-based ${name} avalanche`,
    `consistent ${name}`,
    `consistent ${name} avalanche`,
  ]),
];
const ASKED = 14;

describe('balance, side by side with HAProxy', { skip: missing }, () => {
  const haproxy = new Haproxy();
  const sections = new Map<string, string>();
  const ours = (name: string): Ours => new Ours(name, sections.get(name) as string);

  for (const [i, weights] of WEIGHTS.entries()) {
    for (const algorithm of PLAIN) sections.set(`${algorithm}-${i}`, `  balance ${algorithm}\n${servers(weights)}`);
  }
  for (const [script, { algorithms, full, backup }] of Object.entries(SCRIPTS)) {
    for (const algorithm of algorithms) {
      for (let round = 0; round < ROUNDS; round++) {
        const dice = new Dice(round * 7919 + algorithm.length * 31 + script.length);
        const weights = Array.from({ length: 2 + dice.roll(4) }, () => 1 + dice.roll(dice.of([3, 12, 256])));
        // One is never full, so that nobody waits.
        const free = dice.roll(weights.length);
        const more = (at: number): string =>
          (full && at !== free ? ` maxconn ${1 + dice.roll(3)}` : '') + (backup !== '' && at !== free && dice.roll(3) > 0 ? ' backup' : '');
        const option = backup === 'all' ? '  option allbackups\n' : '';
        sections.set(sectionOf(script, algorithm, round), `  balance ${algorithm}\n${option}${servers(weights, more)}`);
      }
    }
  }
  for (const [i, key] of KEYS.entries()) {
    for (const [j, type] of HASH_TYPES.entries()) {
      const dice = new Dice(i * 1009 + j);
      const weights = Array.from({ length: 2 + dice.roll(4) }, () => 1 + dice.roll(dice.of([3, 12, 256])));
      const id = (at: number): string => (dice.roll(3) === 0 ? ` id ${100 + 7 * dice.roll(50) + at}` : '');
      sections.set(`key-${i}-${j}`, `  balance ${key}\n${type === '' ? '' : `  hash-type ${type}\n`}${servers(weights, id)}`);
    }
  }
  sections.set(
    'converters',
    `  http-request return status 200 content-type text/plain lf-string "${['djb2', 'sdbm', 'wt6', 'crc32']
      .flatMap((name) => [`%[req.hdr(x),${name}]`, `%[req.hdr(x),${name}(1)]`])
      .join(' ')}"`,
  );
  sections.set('bounded', `  balance hdr(x-key)\n  hash-type consistent\n  hash-balance-factor 140\n${servers([1, 2, 3, 2])}`);
  sections.set('drained', `  balance hdr(x-key)\n  hash-type consistent\n  hash-balance-factor 140\n${servers([1, 2, 3, 2])}`);
  sections.set('form', `  balance url_param id\n${servers([1, 2, 3, 1, 1])}`);
  sections.set('ids', `  balance first\n${servers([1, 1, 1, 1], (at) => (at === 0 ? ' id 9' : at === 2 ? ' id 2' : ''))}`);
  sections.set('queue-leastconn', `  balance leastconn\n${servers([1, 2], () => ' maxconn 1 maxqueue 2')}`);
  sections.set('queue-roundrobin', `  balance roundrobin\n${servers([1, 2], () => ' maxconn 1 maxqueue 2')}`);
  sections.set('queue-key', `  balance hdr(x-key)\n${servers([1, 1], () => ' maxconn 1')}`);
  for (const algorithm of [...PLAIN, 'random'] as const) {
    sections.set(`queue-backup-${algorithm}`, `  balance ${algorithm}\n${servers([1, 1], (at) => (at === 0 ? '' : ' backup maxconn 1'))}`);
  }

  before(() => haproxy.start(sections, NAMES));
  after(() => haproxy.stop());

  for (const [i, weights] of WEIGHTS.entries()) {
    for (const algorithm of PLAIN) {
      it(`${algorithm} with weights ${weights.join(' ')} chooses alike`, async () => {
        const [section, mine] = [`${algorithm}-${i}`, ours(`${algorithm}-${i}`)];
        const count = algorithm === 'roundrobin' || algorithm === 'static-rr' ? 60 : 12;
        let [theirs, here] = ['', ''];
        for (let n = 0; n < count; n++) {
          theirs += await haproxy.ask(section);
          here += mine.ask();
        }
        assert.equal(here, theirs);
      });
    }
  }

  for (const [script, { algorithms }] of Object.entries(SCRIPTS) as [Script, (typeof SCRIPTS)[Script]][]) {
    for (const algorithm of algorithms) {
      it(`${algorithm} with ${script} chooses alike`, async () => {
        for (let round = 0; round < ROUNDS; round++) await play(sectionOf(script, algorithm, round), script, round);
      });
    }
  }

  /** A story of requests, some of them held, and changes; what was chosen after each step is compared. */
  async function play(section: string, script: Script, seed: number): Promise<void> {
    const mine = ours(section);
    const dice = new Dice(seed + 1);
    const held: { readonly theirs: Held; readonly server: Server }[] = [];
    const dynamic = mine.backend.dynamic;
    let story = sections.get(section) as string;
    for (let step = 0; step < 40; step++) {
      const action = dice.roll(10);
      const at = dice.roll(mine.servers.length);
      const server = mine.servers[at] as Server;
      if (action < 5) {
        let [theirs, here] = ['', ''];
        for (let n = dice.roll(9); n >= 0; n--) {
          theirs += await haproxy.ask(section);
          here += mine.ask();
        }
        assert.equal(here, theirs, story);
        story += ` ${theirs}`;
      } else if (action < 7 && SCRIPTS[script].full) {
        const chosen = mine.assign();
        assert.ok(chosen, story);
        const theirs = await haproxy.hold(section);
        held.push({ theirs, server: chosen });
        assert.equal(chosen.config.name, theirs.server, `${story}, held`);
        story += ` held ${theirs.server}`;
      } else if (action < 8 && held.length > 0) {
        const [one] = held.splice(dice.roll(held.length), 1);
        await one?.theirs.end();
        mine.backend.release(one?.server as Server);
        story += ` released ${one?.server.config.name}`;
      } else if (othersHaveRoom(mine, server)) {
        story += await change(section, server, at, dice, dynamic);
      }
    }
    for (const { theirs } of held) await theirs.end();
  }

  async function change(section: string, server: Server, at: number, dice: Dice, dynamic: boolean): Promise<string> {
    if (dice.roll(2) === 0) {
      const weight = dynamic ? dice.roll(dice.of([4, 257])) : dice.of([0, server.config.weight]);
      assert.equal(await haproxy.command(`set server ${section}/${at + 1} weight ${weight}`), '');
      server.setWeight(weight, 0);
      return ` weight ${at + 1} ${weight}`;
    }
    const state = dice.of(['ready', 'maint', 'drain'] as const);
    assert.equal(await haproxy.command(`set server ${section}/${at + 1} state ${state}`), '');
    server.setAdmin(state, 0);
    return ` ${state} ${at + 1}`;
  }

  function othersHaveRoom({ servers: all }: Ours, server: Server): boolean {
    return all.some((other) => other !== server && other.usable && other.maxconn === 0);
  }

  for (const [i, key] of KEYS.entries()) {
    it(`${key} chooses alike with every hash-type, while servers come and go`, async () => {
      for (const [j, type] of HASH_TYPES.entries()) {
        const section = `key-${i}-${j}`;
        const mine = ours(section);
        const dice = new Dice(i * 31 + j);
        for (let n = 0; n < ASKED; n++) {
          const at = dice.roll(mine.servers.length);
          if (dice.roll(5) === 0 && othersHaveRoom(mine, mine.servers[at] as Server)) {
            await change(section, mine.servers[at] as Server, at, dice, mine.backend.dynamic);
          }
          const asked = request(dice, key.startsWith('hash'));
          assert.equal(
            mine.ask(asked),
            await haproxy.ask(section, asked),
            `${type}, request ${n}: ${JSON.stringify(asked)}\n${sections.get(section)}`,
          );
        }
      }
    });
  }

  it('hashes have the values of the converters', async () => {
    const dice = new Dice(3);
    for (let n = 0; n < 40; n++) {
      // Nothing that means something in a field's value: no comma, no quote, no blank.
      const codes = Array.from({ length: n === 0 ? 0 : 1 + dice.roll(30) }, () =>
        dice.of([0x2d + dice.roll(0x52), 0x80 + dice.roll(0x80)]),
      );
      const bytes = String.fromCharCode(...codes);
      const theirs = await haproxy.ask('converters', { headers: ['host: x', `x: ${bytes}`] });
      const here = (['djb2', 'sdbm', 'wt6', 'crc32'] as const).flatMap((name) => [
        hashFunction(name, false)(bytes),
        hashFunction(name, true)(bytes),
      ]);
      assert.equal(here.join(' '), theirs, JSON.stringify(bytes));
    }
  });

  it('url_param finds the same values in bodies', async () => {
    const mine = ours('form');
    const dice = new Dice(11);
    for (let n = 0; n < 150; n++) {
      const value = dice.of([dice.word(9), '', `/${dice.word(3)}`, ` ${dice.word(3)}`, `${dice.word(3)} \x01${dice.word(3)}`, '\xe9']);
      const body = dice.of([
        `id=${value}`,
        `a=1&id=${value}&b=2`,
        `xid=${value}&id=${value}`,
        `${value}&id`,
        `id=${value}\r\n`,
        `id=${value}&id=x`,
      ]);
      const asked = { method: dice.of(['POST', 'POST', 'PUT']), target: dice.of(['/', '/', '/?a=b', '/?id=q']), body };
      assert.equal(mine.ask(asked), await haproxy.ask('form', asked), JSON.stringify(asked));
    }
  });

  it('hash-balance-factor passes requests on to the same servers', async () => {
    const mine = ours('bounded');
    const dice = new Dice(5);
    const held: { readonly theirs: Held; readonly server: Server }[] = [];
    for (let n = 0; n < 60; n++) {
      if (held.length > 0 && dice.roll(4) === 0) {
        const [one] = held.splice(dice.roll(held.length), 1);
        await one?.theirs.end();
        mine.backend.release(one?.server as Server);
      }
      const asked = { headers: ['host: x', `x-key: ${dice.roll(3)}`] };
      const server = mine.assign(asked) as Server;
      const theirs = await haproxy.hold('bounded', asked);
      held.push({ theirs, server });
      assert.equal(server.config.name, theirs.server, `request ${n}`);
    }
    for (const { theirs } of held) await theirs.end();
  });

  it('hash-balance-factor counts what drained servers still have', async () => {
    const mine = ours('drained');
    const dice = new Dice(7);
    const held: { readonly theirs: Held; readonly server: Server }[] = [];
    const request = async (what: string): Promise<void> => {
      const asked = { headers: ['host: x', `x-key: ${dice.roll(3)}`] };
      const server = mine.assign(asked) as Server;
      const theirs = await haproxy.hold('drained', asked);
      held.push({ theirs, server });
      assert.equal(server.config.name, theirs.server, what);
    };
    const end = async ({ theirs, server }: (typeof held)[number]): Promise<void> => {
      await theirs.end();
      mine.backend.release(server);
    };
    for (let n = 0; n < 24; n++) await request(`request ${n} with all`);
    for (const state of ['drain', 'ready'] as const) {
      await haproxy.command(`set server drained/3 state ${state}`);
      mine.servers[2]?.setAdmin(state, 0);
      for (let n = 0; n < 12; n++) await request(`request ${n} after ${state}`);
      // Of the drained one, too.
      for (const one of held.splice(0, 18)) await end(one);
      for (let n = 0; n < 12; n++) await request(`request ${n} after ${state} and what has ended`);
    }
    for (const one of held) await end(one);
  });

  it('first goes by ids, given and found', async () => {
    const mine = ours('ids');
    assert.equal(mine.ask(), await haproxy.ask('ids'));
    const stats = (await haproxy.command('show stat')).split('\n').map((line) => line.split(','));
    const theirs = stats.filter(([proxy, name]) => proxy === 'ids' && NAMES.includes(name ?? '')).map((line) => Number(line[28]));
    assert.deepEqual(
      mine.servers.map((server) => server.id),
      theirs,
    );
  });

  /** Requests that all wait, and where. */
  const waiting: readonly (readonly [section: string, held: number, asked: readonly Asked[], away: boolean])[] = [
    ['queue-leastconn', 2, [{}, {}, {}, {}, {}], false],
    ['queue-roundrobin', 2, [{}, {}, {}, {}, {}], false],
    [
      'queue-key',
      2,
      [{ headers: ['host: x', 'x-key: a'] }, { headers: ['host: x', 'x-key: d'] }, {}, { headers: ['host: x', 'x-key: a'] }],
      false,
    ],
    ...[...PLAIN, 'random'].map((algorithm) => [`queue-backup-${algorithm}`, 1, [{}, {}], true] as const),
  ];
  for (const [section, count, asked, away] of waiting) {
    it(`${section}: requests wait where they wait in HAProxy`, async () => {
      const mine = ours(section);
      if (away) {
        await haproxy.command(`set server ${section}/1 state maint`);
        mine.servers[0]?.setAdmin('maint', 0);
      }
      const held: Held[] = [];
      for (let n = 0; n < count; n++) {
        assert.ok(mine.assign());
        held.push(await haproxy.hold(section));
      }
      for (const one of asked) {
        assert.equal(mine.assign(one), undefined);
        held.push(await haproxy.hold(section, one));
        const here = new Map(mine.servers.map((server) => [server.config.name, server.queue.length]));
        here.set('BACKEND', mine.backend.queued);
        assert.deepEqual(here, await haproxy.queues(section));
      }
      for (const one of held) await one.end();
    });
  }
});

function sectionOf(script: string, algorithm: string, round: number): string {
  return `${script.replace(/ /g, '_')}-${algorithm}-${round}`;
}

/**
 * Any request: with and without the parameter and the field, also in absolute-form, from addresses of both families.
 * `sampled`: without what other samples see otherwise (a target that lacks its path, an IPv4 address in IPv6).
 */
function request(dice: Dice, sampled: boolean): Asked {
  const host = dice.of([`${dice.word(8)}.${dice.word(5)}.com`, dice.word(9), `a${dice.word(4)}..${dice.word(3)}`]);
  const id = dice.of(['', '', `?id=${dice.word(6)}`, `?a=1&id=${dice.word(6)}&b=2`, `?xid=${dice.word(3)}`, '?id=', '?id']);
  const path = `/${dice.word(6)}/${dice.word(6)}${dice.of(['', `/${dice.word(4)}`])}${id}`;
  const target = dice.of([path, path, path, path, `http://${host}${path}`, `http://${host}${sampled ? '/' : ''}`, '*']);
  const fields = dice.of([[`X-Key: ${dice.word(9)}`], [`x-key: ${dice.word(5)}, ${dice.word(4)}`], [], ['x-key:'], ['x-key: , b']]);
  const v6 = `2001:db8:${dice.roll(65_536).toString(16)}::${dice.roll(65_536).toString(16)}`;
  const v4 = `${dice.roll(256)}.${dice.roll(256)}.${dice.roll(256)}.${1 + dice.roll(200)}`;
  return {
    client: dice.of([v4, v6, sampled ? v4 : `::ffff:${v4}`]),
    method: target === '*' ? 'OPTIONS' : 'GET',
    target,
    headers: [`host: ${host}`, ...fields],
  };
}
