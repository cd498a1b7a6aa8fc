import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type BannerFacts, bannerLines, bindFailureLines, diagnosticLines, line, reachable } from '../../src/banner.ts';
import type { Snapshot } from '../../src/discovery/provider.ts';

const facts: BannerFacts = {
  version: '1.2.3',
  config: 'haproxy.cfg',
  backends: 1,
  servers: 0,
  checked: 0,
  sources: [],
  frontends: [],
};

function snapshot(source: string, pools: readonly (readonly [name: string, servers: number])[]): Snapshot {
  const server = { state: 'ready', reason: '' } as Snapshot['pools'] extends ReadonlyMap<string, readonly (infer Server)[]>
    ? Server
    : never;
  const entries = pools.map(([name, servers]) => [name, Array.from({ length: servers }, () => server)] as const);
  return { source, pools: new Map(entries), poolOptions: new Map(), routes: [], notes: [] };
}

describe('the banner', () => {
  it('counts what the configuration has', () => {
    const [first] = bannerLines({ ...facts, backends: 2, servers: 3, checked: 1 });
    assert.equal(first, 'Fairlead 1.2.3: haproxy.cfg: 0 frontends, 2 backends, 3 servers (1 checked)');
  });

  it('names every listener with its frontend, last', () => {
    const frontends = [
      { name: 'www', listeners: ['127.0.0.1:80', '[::]:80'], statsUri: undefined },
      { name: 'admin', listeners: ['unix@/run/a'], statsUri: undefined },
    ];
    assert.deepEqual(bannerLines({ ...facts, frontends }).slice(1), [
      'listening on 127.0.0.1:80 (frontend www)',
      'listening on [::]:80 (frontend www)',
      'listening on unix@/run/a (frontend admin)',
    ]);
  });

  it('gives the statistics an address that a browser takes', () => {
    const frontends = [{ name: 'www', listeners: ['unix@/run/a', '0.0.0.0:8080'], statsUri: '/admin?stats' }];
    assert.ok(bannerLines({ ...facts, frontends }).includes('statistics at http://localhost:8080/admin?stats (frontend www)'));
    const secure = [{ name: 'www', listeners: ['127.0.0.1:8443'], secure: ['127.0.0.1:8443'], statsUri: '/s' }];
    assert.ok(bannerLines({ ...facts, frontends: secure }).includes('statistics at https://127.0.0.1:8443/s (frontend www)'));
  });

  it('says what each source knows, and which has not answered', () => {
    const sources = [
      { name: 'docker', snapshot: snapshot('docker', [['app', 2]]) },
      { name: 'docker/far', snapshot: undefined },
    ];
    assert.deepEqual(bannerLines({ ...facts, sources }).slice(1), [
      'source docker: 2 servers in 1 backend',
      'source docker/far: no answer yet',
    ]);
  });

  it('does not mention a resolver that has nothing to resolve', () => {
    const sources = [{ name: 'dns', snapshot: snapshot('dns', []) }];
    assert.equal(bannerLines({ ...facts, sources }).length, 1);
  });
});

describe('lines for standard error', () => {
  it("have HAProxy's form and width", () => {
    assert.equal(line('alert', 7, 'a'), '[ALERT]    (7) : a\n');
    assert.equal(line('warning', 7, 'w'), '[WARNING]  (7) : w\n');
    assert.equal(line('notice', 7, 'n'), '[NOTICE]   (7) : n\n');
  });

  it('close a list of errors as HAProxy does', () => {
    const place = { file: 'a.cfg', line: 3 };
    const lines = diagnosticLines(
      [
        { severity: 'warning', place: { file: 'b.cfg', line: 1 }, message: 'odd' },
        { severity: 'alert', place, message: 'wrong' },
        { severity: 'alert', place, message: 'wrong too' },
      ],
      7,
    );
    assert.deepEqual(lines, [
      '[WARNING]  (7) : config : parsing [b.cfg:1] : odd\n',
      '[ALERT]    (7) : config : parsing [a.cfg:3] : wrong\n',
      '[ALERT]    (7) : config : parsing [a.cfg:3] : wrong too\n',
      '[ALERT]    (7) : config : Error(s) found in configuration file : a.cfg\n',
      '[ALERT]    (7) : config : Fatal errors found in configuration.\n',
    ]);
  });

  it('do not close a list of mere warnings', () => {
    assert.equal(diagnosticLines([{ severity: 'warning', place: undefined, message: 'odd' }], 7).length, 1);
  });

  it("tell a socket that could not be bound in HAProxy's words", () => {
    const failure = { frontend: 'www', listener: '127.0.0.1:80', place: { file: 'a.cfg', line: 7 }, message: 'Address already in use' };
    assert.deepEqual(bindFailureLines([failure], 7), [
      '[ALERT]    (7) : Binding [a.cfg:7] for frontend www: cannot bind socket (Address already in use) for [127.0.0.1:80]\n',
    ]);
  });

  it('make a wildcard reachable, and leave the rest', () => {
    assert.equal(reachable('[::]:80'), 'localhost:80');
    assert.equal(reachable('127.0.0.1:80'), '127.0.0.1:80');
  });
});
