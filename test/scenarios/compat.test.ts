/** Containers that speak to other tools, asked by clients: what their words do to a request. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { COMPAT_NAMES } from '../../src/config/keywords/compat.ts';
import { dockerSnapshot } from '../../src/discovery/docker/snapshot.ts';
import { type ContainerTraits, container, view } from '../discovery/docker/make.ts';
import { config, dockerRoutes, proxy } from '../discovery/make.ts';
import { ask } from '../support/client.ts';
import { startUpstream } from '../support/upstream.ts';
import { type Balancer, withBalancer } from './balancer.ts';

const asking = config([proxy('www', { kind: 'frontend', dockerRoutes: [dockerRoutes({ compat: COMPAT_NAMES })] })]);

/** Publishes what an engine with these containers would; they are in the host's network and answer at `port`. */
function publish(balancer: Balancer, port: number, all: Readonly<Record<string, ContainerTraits>>): void {
  const containers = Object.entries(all).map(([name, traits]) => container(name, { networkMode: 'host', exposed: [port], ...traits }));
  balancer.publish(
    dockerSnapshot({ source: 'docker', view: view(containers), config: asking, self: { hostname: 'lb' }, platform: 'linux' }),
  );
}

/** Status, and the path that the server was asked for, or where the client is sent. */
async function seen(balancer: Balancer, host: string, path: string): Promise<string> {
  const { status, body, headers } = await ask(balancer.port('www'), { path, headers: { host } });
  return `${status} ${status === 200 ? body : (headers.location ?? '')}`.trim();
}

const CASES: readonly {
  readonly behaviour: string;
  readonly words: ContainerTraits;
  readonly answers: readonly (readonly [url: string, answer: string])[];
}[] = [
  {
    behaviour: 'Traefik: paths alone, prefixes, stars of one label',
    words: {
      labels: {
        'traefik.http.routers.ping.rule': 'Path(`/ping`)',
        'traefik.http.routers.api.rule': 'Host(`a.test`) && PathPrefix(`/api`)',
        'traefik.http.routers.api.middlewares': 'strip',
        'traefik.http.middlewares.strip.stripprefix.prefixes': '/api',
        'traefik.http.routers.star.rule': 'Host(`*.b.test`)',
      },
    },
    answers: [
      ['anything/ping', '200 /ping'],
      ['anything/ping/x', '404'],
      ['a.test/api/x?q=1', '200 /x?q=1'],
      ['a.test/api', '200 /'],
      ['a.test/apix', '404'],
      ['a.test/ping', '200 /ping'],
      ['x.b.test/y', '200 /y'],
      ['y.x.b.test/y', '404'],
      ['b.test/y', '404'],
    ],
  },
  {
    behaviour: 'Traefik: networks that may come in, and https',
    words: {
      labels: {
        'traefik.http.routers.in.rule': 'Host(`a.test`) && PathPrefix(`/in`)',
        'traefik.http.routers.in.middlewares': 'in',
        'traefik.http.middlewares.in.ipallowlist.sourcerange': '10.0.0.0/8,127.0.0.1',
        'traefik.http.routers.out.rule': 'Host(`b.test`) && PathPrefix(`/out`)',
        'traefik.http.routers.out.middlewares': 'out',
        'traefik.http.middlewares.out.ipallowlist.sourcerange': '10.0.0.0/8',
      },
    },
    answers: [
      ['a.test/in', '200 /in'],
      ['b.test/out', '403'],
    ],
  },
  {
    behaviour: 'Traefik: clients are sent to https',
    words: {
      labels: {
        'traefik.http.routers.r.rule': 'Host(`a.test`)',
        'traefik.http.routers.r.middlewares': 's',
        'traefik.http.middlewares.s.redirectscheme.scheme': 'https',
        'traefik.http.middlewares.s.redirectscheme.permanent': 'true',
      },
    },
    answers: [['a.test/x?y', '301 https://a.test/x?y']],
  },
  {
    behaviour: 'nginx-proxy: any ending, a path in the place of another, the internal network',
    words: { env: { VIRTUAL_HOST: 'www.a.*', VIRTUAL_PATH: '/app/', VIRTUAL_DEST: '/v1', NETWORK_ACCESS: 'internal' } },
    answers: [
      ['www.a.example.test/app/x', '200 /v1/x'],
      ['www.a/app/x', '404'],
      ['www.a.test/', '404'],
    ],
  },
  {
    behaviour: 'caddy: a path taken off and another one put before',
    words: {
      labels: {
        caddy: ':80',
        'caddy.handle_path': '/source/*',
        'caddy.handle_path.0_rewrite': '* /target{uri}',
        'caddy.handle_path.1_reverse_proxy': '{{upstreams}}',
      },
    },
    answers: [
      ['any.test/source/x?y=1', '200 /target/x?y=1'],
      ['any.test/other', '404'],
    ],
  },
  {
    behaviour: 'EasyHAProxy: several hosts',
    words: { labels: { 'easyhaproxy.e.host': 'a.test,b.test' } },
    answers: [
      ['a.test/1', '200 /1'],
      ['b.test/2', '200 /2'],
    ],
  },
  {
    behaviour: "camptocamp: name, alias and fabio's paths",
    words: { env: { SERVICE_NAME: 'www_hello', SERVICE_TAGS: 'server_alias=hello.home,urlprefix-/static strip=/static' } },
    answers: [
      ['www.hello/1', '200 /1'],
      ['hello.home/2', '200 /2'],
      ['other/static/3', '200 /3'],
    ],
  },
];

describe('words for other tools', () => {
  for (const { behaviour, words, answers } of CASES) {
    it(behaviour, async () => {
      const upstream = await startUpstream('path', (request, response) => response.end(request.url));
      try {
        await withBalancer('frontend www\n bind 127.0.0.1:0\n docker-routes compat all\n', async (balancer) => {
          publish(balancer, upstream.port, { it: words });
          for (const [url, answer] of answers) {
            const slash = url.indexOf('/');
            assert.equal(await seen(balancer, url.slice(0, slash), url.slice(slash)), answer, url);
          }
        });
      } finally {
        await upstream.stop();
      }
    });
  }
});
