import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { RouteTable } from '../../src/backend/routes.ts';
import type { Route } from '../../src/state/types.ts';
import { route as routeOf } from '../discovery/make.ts';

function route(host: string, path: string, pool: string, priority = 0): Route {
  const kind = host === '*' ? 'any' : host.startsWith('~') ? 'regex' : host.startsWith('*') ? 'suffix' : 'exact';
  const value = kind === 'exact' ? host : host.slice(1);
  return routeOf(value, pool, { host: { kind, value }, path, priority });
}

function only(host: string, path: string, pool: string, priority = 0): Route {
  return { ...route(host, path, pool, priority), exact: true };
}

function pools(routes: readonly Route[], ...requests: readonly (readonly [host: string, path: string])[]): (string | undefined)[] {
  const table = new RouteTable(routes, true);
  return requests.map(([host, path]) => table.lookup(host, path)?.pool);
}

describe('RouteTable', () => {
  it('finds an exact host in any case, with a port, with the dot of the root', () => {
    const routes = [route('app.test', '/', 'app'), route('[::1]', '/', 'six')];
    assert.deepEqual(
      pools(
        routes,
        ['app.test', '/'],
        ['APP.Test:8080', '/x'],
        ['app.test.', '/'],
        ['[::1]:80', '/'],
        ['[::1]', '/'],
        ['other.test', '/'],
        ['', '/'],
      ),
      ['app', 'app', 'app', 'six', 'six', undefined, undefined],
    );
  });

  it('knows whether a host is named, may be taken with others, or leads nowhere', () => {
    const routes = [route('app.test', '/api', 'a'), route('*.wild.test', '/', 'b'), route('~^r[0-9]+\\.test$', '/', 'c')];
    const table = new RouteTable(routes, true, [route('gone.test', '/', 'd')]);
    const hosts = ['APP.test', 'gone.test', 'x.wild.test', 'r1.test', 'wild.test', 'other.test', ''];
    const expected = ['named', 'named', 'possible', 'possible', 'no', 'no', 'no'];
    assert.deepEqual(
      hosts.map((host) => table.hostIs(host)),
      expected,
    );
    assert.equal(new RouteTable([route('*', '/', 'any')], true).hostIs('x'), 'possible');
  });

  it('takes the longest path on segment borders', () => {
    const routes = [route('a', '/', 'root'), route('a', '/api', 'api'), route('a', '/api/v2/', 'v2')];
    assert.deepEqual(
      pools(
        routes,
        ['a', '/'],
        ['a', '/apix'],
        ['a', '/api'],
        ['a', '/api/'],
        ['a', '/api/v2'],
        ['a', '/api/v2/x'],
        ['a', '/api/v22'],
        ['a', '/api?q=/v2'],
      ),
      ['root', 'root', 'api', 'api', 'v2', 'v2', 'api', 'api'],
    );
  });

  it('prefers exact hosts, then the longest wildcard, then regular expressions in order', () => {
    const routes = [
      route('~^.*\\.test$', '/', 'regex1'),
      route('~^x', '/', 'regex2'),
      route('*.test', '/', 'wide'),
      route('*.sub.test', '/', 'narrow'),
      route('a.sub.test', '/', 'exact'),
    ];
    assert.deepEqual(
      pools(routes, ['a.sub.test', '/'], ['b.sub.test', '/'], ['c.b.sub.test', '/'], ['sub.test', '/'], ['x.other', '/'], ['test', '/']),
      ['exact', 'narrow', 'narrow', 'wide', 'regex2', undefined],
    );
    assert.deepEqual(pools(routes.slice(0, 2), ['x.test', '/']), ['regex1']);
  });

  it('a wildcard does not cover its own domain', () => {
    assert.deepEqual(pools([route('*.example.test', '/', 'p')], ['example.test', '/'], ['.example.test', '/'], ['aexample.test', '/']), [
      undefined,
      'p',
      undefined,
    ]);
  });

  it('leaves a path that an exact host does not serve to a wider one', () => {
    assert.deepEqual(pools([route('a.test', '/api', 'api'), route('*.test', '/', 'rest')], ['a.test', '/api/x'], ['a.test', '/']), [
      'api',
      'rest',
    ]);
  });

  it('higher priority wins over everything else', () => {
    const routes = [
      route('a.test', '/api', 'exact'),
      route('a.test', '/', 'root', 5),
      route('*.test', '/', 'wide', 10),
      route('~^vip', '/', 'vip', 20),
    ];
    assert.deepEqual(pools(routes, ['a.test', '/api'], ['vip.test', '/']), ['wide', 'vip']);
    assert.deepEqual(pools(routes.slice(0, 2), ['a.test', '/api']), ['root']);
  });

  it('takes the path alone where the route is exact, before the prefix of the same path', () => {
    const routes = [route('a', '/api', 'prefix'), only('a', '/api', 'exact'), only('a', '/', 'home'), route('a', '/', 'rest')];
    const requests = [
      ['a', '/api'],
      ['a', '/api/'],
      ['a', '/api/x'],
      ['a', '/apix'],
      ['a', '/'],
      ['a', '/x'],
    ] as const;
    const expected = ['exact', 'prefix', 'prefix', 'rest', 'home', 'rest'];
    assert.deepEqual(pools(routes, ...requests), expected);
    assert.deepEqual(pools([...routes].reverse(), ...requests), expected);
  });

  it('an exact path gives way to a higher priority, and to a longer prefix it does not matter', () => {
    assert.deepEqual(pools([only('a', '/api', 'exact'), route('a', '/', 'root', 1)], ['a', '/api']), ['root']);
    assert.deepEqual(pools([only('a', '/api', 'exact'), route('a', '/api/v1', 'v1')], ['a', '/api'], ['a', '/api/v1'], ['a', '/x']), [
      'exact',
      'v1',
      undefined,
    ]);
  });

  it('asks what is for any host last, about every host there is', () => {
    const routes = [
      route('*', '/', 'all'),
      route('*', '/api', 'api'),
      only('*', '/ping', 'ping'),
      route('a.test', '/x', 'exact'),
      route('*.test', '/y', 'wide'),
      route('~^r', '/z', 'regex'),
      route('*', '/first', 'first', 1),
    ];
    assert.deepEqual(
      pools(
        routes,
        ['a.test', '/x'],
        ['a.test', '/y'],
        ['r.other', '/z'],
        ['a.test', '/api/1'],
        ['', '/ping'],
        ['x'.repeat(300), '/'],
        ['a.test', '/first/x'],
      ),
      ['exact', 'wide', 'regex', 'api', 'ping', 'all', 'first'],
    );
  });

  it('asks no regular expression in vain', () => {
    // Takes ages on this host: it must not be asked where it could not win, nor about what is no host name.
    const routes = [route('~^(a+)+$', '/', 'slow'), route('*.test', '/', 'wide'), route('*.low', '/', 'low', -1)];
    assert.deepEqual(pools(routes, [`${'a'.repeat(100)}-.test`, '/'], ['a'.repeat(254), '/'], ['a'.repeat(253), '/']), [
      'wide',
      undefined,
      'slow',
    ]);
    assert.deepEqual(pools([...routes, route('~^w', '/', 'high', 1)], ['w.test', '/'], ['x.low', '/']), ['high', 'low']);
  });

  it('a pattern that is none matches nothing and harms nobody', () => {
    assert.deepEqual(pools([route('~(', '/', 'bad'), route('~^a', '/', 'good')], ['a', '/']), ['good']);
  });
});
