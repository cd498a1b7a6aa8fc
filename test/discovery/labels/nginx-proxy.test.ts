import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readNginxProxy } from '../../../src/discovery/labels/nginx-proxy.ts';
import { type Said, type SubjectTraits, said } from './make.ts';

function env(more: Readonly<Record<string, string>>, exposed: readonly number[] = [80]): SubjectTraits {
  return { env: { VIRTUAL_HOST: 'a.test', ...more }, exposed };
}

const NO_PATH = "is not a path (it begins with '/' and is visible ASCII without '?' and '#'; write other characters as %XX)";
const THREE = [80, 8000, 9000];

const CASES: readonly (readonly [behaviour: string, traits: SubjectTraits, expected: Said | undefined])[] = [
  ['nothing of its', { env: { VIRTUAL_PORT: '80' } }, undefined],
  ['a host', env({}), { routes: ['a.test/ -> a.test:80'] }],
  ['labels of the same names do as well', { labels: { VIRTUAL_HOST: 'l.test' } }, { routes: ['l.test/ -> l.test:80'] }],
  ['the environment goes before labels', { ...env({}), labels: { VIRTUAL_HOST: 'l.test' } }, { routes: ['a.test/ -> a.test:80'] }],
  [
    'several hosts, a pool each',
    env({ VIRTUAL_HOST: 'foo.bar.com,baz.bar.com, Bar.com,' }),
    { routes: ['foo.bar.com/ -> foo.bar.com:80', 'baz.bar.com/ -> baz.bar.com:80', 'bar.com/ -> bar.com:80'] },
  ],
  [
    'wildcards at either end, both at once, and regular expressions',
    env({ VIRTUAL_HOST: '*.bar.com,foo.bar.*,.example.com,~^foo\\.bar\\..*\\.nip\\.io,~^a{1,2}$,_' }),
    {
      routes: [
        '*.bar.com/ -> bar.com-3a987e9e:80',
        '~^foo\\.bar\\..+$/ -> foo-.bar-ad40114a:80',
        'example.com/ *.example.com/ -> example.com-4eb8bbe3:80',
        '~^foo\\.bar\\..*\\.nip\\.io/ -> foo-.bar-..-.nip-.io-7f08e3a0:80',
        '~^a{1,2}$/ -> a-1-2-d6f10628:80',
        '*/ -> any-22de6956:80',
      ],
    },
  ],
  ['the only port', env({}, [3000]), { routes: ['a.test/ -> a.test:3000'] }],
  ['80 of several', env({}, [80, 443]), { routes: ['a.test/ -> a.test:80'] }],
  ['80 of none', env({}, []), { routes: ['a.test/ -> a.test:80'] }],
  ['none of several without 80', env({}, [8000, 8443]), { routes: ['a.test/ -> a.test:'] }],
  ['VIRTUAL_PORT', env({ VIRTUAL_PORT: '8443' }, [80]), { routes: ['a.test/ -> a.test:8443'] }],
  ['https to the server', env({ VIRTUAL_PROTO: 'https', VIRTUAL_PORT: '443' }), { routes: ['a.test/ -> a.test:443 https'] }],
  ['a path, replaced', env({ VIRTUAL_PATH: '/app1/', VIRTUAL_DEST: '/' }), { routes: ['a.test/app1 -> a.test_app1:80 rewrite='] }],
  ['a path, replaced by another', env({ VIRTUAL_PATH: '/a', VIRTUAL_DEST: '/b/' }), { routes: ['a.test/a -> a.test_a:80 rewrite=/b'] }],
  ['an exact location', env({ VIRTUAL_PATH: '= /ping' }), { routes: ['a.test=/ping -> a.test-ping-274da88a:80'] }],
  ["dinghy's port is the container's", env({ VIRTUAL_HOST: 'a.test:3000' }, [3000, 4000]), { routes: ['a.test/ -> a.test:3000'] }],
  [
    "dockercloud's port is the listening one",
    env({ VIRTUAL_HOST: 'http://a.test:8080/api/*, https://b.test' }, [3000]),
    {
      routes: ['a.test/api -> a.test_api:3000', 'b.test/ -> b.test:3000'],
      warnings: ['VIRTUAL_HOST=http://a.test:8080/api/*: the container has no port 8080, and on which ports clients come frontends decide'],
    },
  ],
  [
    'several ports routed to different hosts',
    env(
      { VIRTUAL_HOST_MULTIPORTS: 'www.x.org:\nservice1.x.org:\n  "/":\n    port: 8000\nservice2.x.org:\n  "/":\n    port: 9000\n' },
      THREE,
    ),
    { routes: ['www.x.org/ -> www.x.org:80', 'service1.x.org/ -> service1.x.org:8000', 'service2.x.org/ -> service2.x.org:9000'] },
  ],
  [
    'several ports below one host',
    env(
      {
        VIRTUAL_HOST_MULTIPORTS:
          'www.x.org:\n  "/":\n  "/service1":\n    port: 8000\n    dest: "/"\n  "/service2":\n    port: 9000\n    dest: "/"\n',
      },
      THREE,
    ),
    {
      routes: [
        'www.x.org/ -> www.x.org:80',
        'www.x.org/service1 -> www.x.org_service1:8000 rewrite=',
        'www.x.org/service2 -> www.x.org_service2:9000 rewrite=',
      ],
    },
  ],
  [
    'the same in JSON',
    env({ VIRTUAL_HOST_MULTIPORTS: '{"www.x.org":{"/":{},"/s":{"port":8000,"dest":"/"}},"y.org":{}}', VIRTUAL_PORT: '1' }, THREE),
    { routes: ['www.x.org/ -> www.x.org:80', 'www.x.org/s -> www.x.org_s:8000 rewrite=', 'y.org/ -> y.org:80'] },
  ],
  [
    'balancing',
    { ...env({}), labels: { 'com.github.nginx-proxy.nginx-proxy.loadbalance': 'hash $remote_addr;' } },
    { routes: ['a.test/ -> a.test:80 balance=source'] },
  ],
  [
    'what is not read is said',
    {
      ...env({ CERT_NAME: 'shared', HTTPS_METHOD: 'nohttp', LETSENCRYPT_HOST: 'a.test', NETWORK_ACCESS: 'external' }),
      labels: { 'com.github.nginx-proxy.nginx-proxy.keepalive': '64', 'com.github.nginx-proxy.nginx-proxy.loadbalance': 'fair' },
    },
    {
      routes: ['a.test/ -> a.test:80 secure=301'],
      warnings: [
        'LETSENCRYPT_HOST is not read: Fairlead gets no certificates',
        'label com.github.nginx-proxy.nginx-proxy.keepalive is not read: it configures nginx',
        'label com.github.nginx-proxy.nginx-proxy.loadbalance=fair is not read: of its methods round_robin, least_conn, ip_hash, random, random two least_conn, random two, hash $remote_addr, hash $remote_addr consistent, hash $request_uri, hash $request_uri consistent are known',
      ],
    },
  ],
  [
    'https that is not closed',
    env({ HTTPS_METHOD: 'nohttps' }),
    {
      routes: ['a.test/ -> a.test:80'],
      warnings: ['HTTPS_METHOD=nohttps is not read: who comes by TLS is served, too'],
    },
  ],
  ['both ways in', env({ HTTPS_METHOD: 'noredirect', CERT_NAME: 'shared' }), { routes: ['a.test/ -> a.test:80'] }],
  ['a server that speaks https', env({ VIRTUAL_PROTO: 'https', VIRTUAL_PORT: '443' }), { routes: ['a.test/ -> a.test:443 https'] }],
  [
    'clients of the internal network alone',
    env({ NETWORK_ACCESS: 'internal' }),
    { routes: ['a.test/ -> a.test:80 allow=127.0.0.0/8,10.0.0.0/8,192.168.0.0/16,172.16.0.0/12'] },
  ],
  [
    'what might be open to everybody refuses the container',
    env({ NETWORK_ACCESS: 'intern' }),
    { routes: ['a.test/ -> a.test:80'], errors: ['NETWORK_ACCESS=intern is neither internal nor external'] },
  ],
  [
    'broken values refuse the container',
    env({ VIRTUAL_HOST: 'a b.test,~(,ok.test', VIRTUAL_PORT: 'http', VIRTUAL_PROTO: 'uwsgi', VIRTUAL_DEST: 'x' }),
    {
      routes: ['ok.test/ -> ok.test:'],
      errors: [
        "VIRTUAL_HOST=a b.test holds 'a b.test', which is not a host",
        'VIRTUAL_HOST=~( holds a bad regular expression: Invalid regular expression: /(/: Unterminated group',
        'port http of ok.test is not a whole number from 1 to 65535',
        `VIRTUAL_DEST=x ${NO_PATH}`,
        'VIRTUAL_PROTO=uwsgi: servers are spoken to by http and https alone',
      ],
    },
  ],
  [
    'a path that is a regular expression',
    env({ VIRTUAL_PATH: '~^/(app1|alternative1)/' }),
    { errors: ['VIRTUAL_PATH=~^/(app1|alternative1)/ is a regular expression, which paths cannot be here'] },
  ],
  [
    'a mapping that is none',
    env({ VIRTUAL_HOST_MULTIPORTS: 'a.test: 80\nb.test:\n  "/":\n    prt: 80\n' }),
    {
      routes: ['a.test/ -> a.test:80', 'b.test/ -> b.test:80'],
      warnings: ['VIRTUAL_HOST_MULTIPORTS: b.test / prt is not read: no such key'],
      errors: ["VIRTUAL_HOST_MULTIPORTS: a.test holds '80' where a mapping is expected"],
    },
  ],
  [
    'a mapping that cannot be read',
    env({ VIRTUAL_HOST_MULTIPORTS: '- a.test' }),
    { errors: ["VIRTUAL_HOST_MULTIPORTS holds no 'key: value' in line 1"] },
  ],
];

describe("nginx-proxy's words", () => {
  for (const [behaviour, traits, expected] of CASES) it(behaviour, () => assert.deepEqual(said(readNginxProxy, traits), expected));
});
