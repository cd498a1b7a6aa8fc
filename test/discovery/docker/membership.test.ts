/** `docker-servers members=FILE`: who is a server, what operators see, and what a change does to the file. */

import assert from 'node:assert/strict';
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, beforeEach, describe, it } from 'node:test';
import type { Config, ProxyConfig } from '../../../src/config/model.ts';
import { Membership } from '../../../src/discovery/docker/membership.ts';
import { type Scene, sceneOf } from '../../../src/discovery/docker/scene.ts';
import { dockerSnapshot } from '../../../src/discovery/docker/snapshot.ts';
import type { EngineView } from '../../../src/discovery/docker/watch.ts';
import { config, dockerServers, proxy } from '../make.ts';
import { type ContainerTraits, container, id, view } from './make.ts';

const self = { hostname: 'here', mountinfo: undefined };
const folder = mkdtempSync(join(tmpdir(), 'fairlead-members-'));
const file = join(folder, 'app');

after(() => rmSync(folder, { recursive: true }));
beforeEach(() => rmSync(file, { force: true }));

const line = (...engines: readonly string[]) => ({
  ...dockerServers({ members: file, address: 'published', engines: engines.length === 0 ? [''] : engines }),
  parameters: ['check', 'fall', '5'],
});
const app = proxy('app', { dockerServers: [line()] });

const has = (digits: string, name: string, more: ContainerTraits = {}) =>
  container(name, { id: id(digits), exposed: [8080], published: [{ port: 8080, hostIp: '0.0.0.0', hostPort: 49160 }], ...more });

/** What an engine knows, under lists that may change. */
class Engine {
  again = 0;
  readonly source: string;
  private readonly membership: Membership;
  private readonly config: Config;
  view: EngineView | undefined;

  constructor(membership: Membership, configuration: Config, source: string, ...containers: Parameters<typeof view>[0]) {
    this.source = source;
    this.membership = membership;
    this.config = configuration;
    this.view = view(containers);
    membership.engines.set(source, { scene: () => this.scene(), again: () => this.again++ });
  }

  private scene(): Scene | undefined {
    return this.view === undefined ? undefined : sceneOf(this.input(this.view));
  }

  private input(seen: EngineView) {
    const { source, config: configuration, membership } = this;
    return { source, view: seen, config: configuration, self, platform: 'linux', members: membership.lists };
  }

  /** Servers of `app`, and what there is to tell. */
  snapshot(): readonly [servers: readonly string[], notes: readonly string[]] {
    assert.ok(this.view);
    const { pools, notes } = dockerSnapshot(this.input(this.view));
    const servers = (pools.get('app') ?? []).map(({ config: { name, address, port } }) => `${name} ${address}:${port}`);
    return [servers, notes.filter(({ level }) => level === 'error').map(({ subject, message }) => `${subject}: ${message}`)];
  }
}

function told<T>(outcome: { readonly value: T } | { readonly error: string }): T | string {
  return 'value' in outcome ? outcome.value : outcome.error;
}

function with1(proxies: readonly ProxyConfig[] = [app], ...containers: Parameters<typeof view>[0]) {
  const configuration = config(proxies);
  const membership = new Membership();
  membership.read(configuration);
  return { configuration, membership, engine: new Engine(membership, configuration, 'docker', ...containers) };
}

describe('a list of members', () => {
  it('says which containers are servers, and at which of their ports', () => {
    writeFileSync(file, `${id('a1')}\nb1:81\nc1\n`);
    const b = has('b1', 'b', { exposed: [80, 81], published: [{ port: 81, hostIp: '127.0.0.1', hostPort: 49161 }] });
    const { engine } = with1([app], has('a1', 'a'), b, has('c1', 'c', { state: 'exited' }), has('d1', 'd'));
    assert.deepEqual(engine.snapshot(), [['a10000000000 127.0.0.1:49160', 'b10000000000 127.0.0.1:49161'], []]);
  });

  it('means nobody where there is no file', () => {
    assert.deepEqual(with1([app], has('a1', 'a')).engine.snapshot(), [[], []]);
  });

  it('says what it cannot mean', () => {
    writeFileSync(file, 'a\n');
    const { engine } = with1([app], has('a1', 'one'), has('a2', 'two'));
    assert.deepEqual(engine.snapshot(), [[], [`${file}: several containers have an id that begins with a`]]);
  });

  it('stays as it was while its file cannot be read', () => {
    writeFileSync(file, 'a1\n');
    const { engine, membership, configuration } = with1([app], has('a1', 'a'));
    writeFileSync(file, 'a1\nweb\n');
    membership.read(configuration);
    const mistake = `line 2: 'web' is no container id with an optional :PORT`;
    assert.deepEqual(engine.snapshot(), [['a10000000000 127.0.0.1:49160'], [`${file}: ${mistake}`]]);
    assert.equal(told(membership.add(app, { id: 'a1', port: undefined })), `${file}: ${mistake}.`);
    assert.deepEqual(membership.report(configuration, 'app').problems, [`${file}: ${mistake}`]);
    writeFileSync(file, '');
    assert.deepEqual(membership.report(configuration, 'app'), { members: [], problems: [] });
    assert.deepEqual(engine.snapshot(), [[], []]);
  });

  it('goes with the other selectors of its line', () => {
    writeFileSync(file, 'a1\nb1\n');
    const both = proxy('app', { dockerServers: [{ ...line(), selector: { ...line().selector, name: 'a*' } }] });
    assert.deepEqual(with1([both], has('a1', 'a-1'), has('b1', 'b-1')).engine.snapshot(), [['a10000000000 127.0.0.1:49160'], []]);
  });
});

describe('an operator', () => {
  it('adds a member: the file has its whole id, engines hear of it', () => {
    writeFileSync(file, '# mine');
    const { engine, membership } = with1([app], has('a1', 'a'));
    const report = { backend: 'app', id: 'a10000000000', port: undefined, found: true, address: '127.0.0.1:49160', reason: '' };
    assert.deepEqual(told(membership.add(app, { id: 'a', port: undefined })), { ...report, parameters: ['check', 'fall', '5'] });
    assert.equal(readFileSync(file, 'utf8'), `# mine\n${id('a1')}\n`);
    assert.deepEqual([engine.again, engine.snapshot()[0]], [1, ['a10000000000 127.0.0.1:49160']]);
    membership.add(app, { id: 'a1', port: undefined });
    assert.equal(engine.again, 1, 'a member already');
    membership.add(app, { id: 'a1', port: 8080 });
    assert.equal(readFileSync(file, 'utf8'), `# mine\n${id('a1')}:8080\n`);
  });

  it('takes one out, also when its container is gone', () => {
    writeFileSync(file, 'a1\nfeed:80\n');
    const { membership } = with1([app], has('a1', 'a'));
    assert.equal(told(membership.remove(app, 'feedc0de')), 'feed');
    assert.equal(told(membership.remove(app, id('a1'))), 'a1');
    assert.equal(readFileSync(file, 'utf8'), '');
    assert.equal(told(membership.remove(app, 'a1')), "No member of 'app' has an id that begins with a1.");
  });

  it('leaves a link where it is', () => {
    const real = join(folder, 'real');
    writeFileSync(real, '');
    symlinkSync(real, file);
    const { membership } = with1([app], has('a1', 'a'));
    membership.add(app, { id: 'a1', port: undefined });
    assert.equal(lstatSync(file).isSymbolicLink(), true);
    assert.equal(readFileSync(real, 'utf8'), `${id('a1')}\n`);
  });

  it('leaves it to whom it belongs, with its mode', () => {
    writeFileSync(file, '');
    chmodSync(file, 0o640);
    const owner = process.getuid?.() === 0 ? 1 : process.getuid?.();
    if (process.getuid?.() === 0) chownSync(file, 1, 1);
    const { membership } = with1([app], has('a1', 'a'));
    membership.add(app, { id: 'a1', port: undefined });
    assert.equal(readFileSync(file, 'utf8'), `${id('a1')}\n`);
    const { mode, uid } = statSync(file);
    assert.deepEqual([mode & 0o7777, uid], [0o640, owner]);
  });

  it('has nothing written where somebody has left a link, and leaves nothing behind', () => {
    writeFileSync(file, '');
    const trap = join(folder, 'trap');
    symlinkSync(trap, `${file}.new`);
    const { membership } = with1([app], has('a1', 'a'));
    membership.add(app, { id: 'a1', port: undefined });
    rmSync(`${file}.new`);
    assert.equal(existsSync(trap), false);
    assert.deepEqual(
      readdirSync(folder).filter((name) => name.endsWith('.new')),
      [],
    );
  });

  it('is told why a file cannot be written', () => {
    const nowhere = join(folder, 'none', 'app');
    const other = proxy('app', { dockerServers: [{ ...line(), selector: { ...line().selector, members: nowhere } }] });
    const { membership } = with1([other], has('a1', 'a'));
    assert.match(String(told(membership.add(other, { id: 'a1', port: undefined }))), /none\/app cannot be written: ENOENT/);
  });

  const refusals: readonly (readonly [what: string, traits: ContainerTraits, port: number | undefined, error: string])[] = [
    ['that does not run', { state: 'exited' }, undefined, 'Container a10000000000 does not run: it is exited.'],
    ['whose port is not published', {}, 81, "Container a10000000000 is no server of 'app': its port 81 is not published."],
    [
      'that its labels keep out',
      { labels: { 'fairlead.enable': 'false' } },
      undefined,
      "Container a10000000000 is no server of 'app': is not used: label fairlead.enable=false.",
    ],
    ['that is another one', { id: id('f1') }, undefined, 'No container has an id that begins with a1.'],
  ];
  for (const [what, traits, port, error] of refusals) {
    it(`cannot add a container ${what}`, () => {
      const { membership } = with1([app], has('a1', 'a', traits));
      assert.equal(told(membership.add(app, { id: 'a1', port })), error);
    });
  }

  it('sees what each member is, whatever its container does', () => {
    writeFileSync(file, 'a1\nb1\nc1\nd1:81\n');
    const { membership, configuration } = with1(
      [app, proxy('other')],
      has('a1', 'a', { health: 'unhealthy' }),
      has('b1', 'b', { state: 'exited' }),
      has('d1', 'd'),
    );
    const seen = membership.report(configuration, undefined).members.map((one) => [one.id, one.port, one.found, one.address, one.reason]);
    assert.deepEqual(seen, [
      ['a1', undefined, true, '127.0.0.1:49160', "Docker's health check says unhealthy"],
      ['b1', undefined, false, '', 'container is exited'],
      ['c1', undefined, false, '', 'no container that runs has this id'],
      ['d1', 81, true, '', 'its port 81 is not published'],
    ]);
    assert.deepEqual(membership.report(configuration, 'other'), { members: [], problems: [] });
    assert.equal(told(membership.add(proxy('other'), { id: 'a1', port: undefined })), "'other' has no line 'docker-servers members=...'.");
  });

  it('means the containers of all engines that the line asks', () => {
    const both = proxy('app', { dockerServers: [line('east', 'west')] });
    const configuration = config([both]);
    const membership = new Membership();
    const east = new Engine(membership, configuration, 'docker/east', has('a1', 'a'), has('b1', 'b'));
    const west = new Engine(membership, configuration, 'docker/west', has('b2', 'b'));
    assert.equal(
      told(membership.add(both, { id: 'b', port: undefined })),
      'Several containers have an id that begins with b: b10000000000, b20000000000.',
    );
    membership.add(both, { id: 'a1', port: undefined });
    membership.add(both, { id: 'b2', port: undefined });
    assert.deepEqual([east.snapshot()[0], west.snapshot()[0]], [['a10000000000 127.0.0.1:49160'], ['b20000000000 127.0.0.1:49160']]);
    west.view = undefined;
    assert.equal(told(membership.add(both, { id: 'c', port: undefined })), "The Docker engine 'west' has not answered yet.");
  });
});
