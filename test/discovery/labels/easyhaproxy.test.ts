import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readEasyHaproxy } from '../../../src/discovery/labels/easyhaproxy.ts';
import { type Said, type SubjectTraits, said } from './make.ts';

type Short = Readonly<Record<string, string>>;

function easy(short: Short, exposed: readonly number[] = [80]): SubjectTraits {
  return { labels: Object.fromEntries(Object.entries(short).map(([key, value]) => [`easyhaproxy.${key}`, value])), exposed };
}

const CASES: readonly (readonly [behaviour: string, traits: SubjectTraits, expected: Said | undefined])[] = [
  ['nothing of its', { labels: { easyhaproxy: 'x', 'easyhaproxy.x': 'y' } }, undefined],
  ['one definition', easy({ 'webapi.port': '80', 'webapi.host': 'byjg.com.br' }), { routes: ['byjg.com.br/ -> byjg.com.br:80'] }],
  [
    'several definitions',
    easy({
      'express.port': '80',
      'express.localport': '3000',
      'express.host': 'express.byjg.com.br',
      'admin.port': '443',
      'admin.localport': '3001',
      'admin.host': 'admin.byjg.com.br',
    }),
    { routes: ['admin.byjg.com.br/ -> admin.byjg.com.br:3001', 'express.byjg.com.br/ -> express.byjg.com.br:3000'] },
  ],
  [
    'several hosts, a pool each',
    easy({ 'e.host': 'express.byjg.com.br,\n admin.byjg.com.br' }),
    { routes: ['express.byjg.com.br/ -> express.byjg.com.br:80', 'admin.byjg.com.br/ -> admin.byjg.com.br:80'] },
  ],
  ['no port 80', easy({ 'e.host': 'a.test' }, [3000]), { routes: ['a.test/ -> a.test:'] }],
  [
    'another listening port',
    easy({ 'e.host': 'a.test', 'e.port': '3000', 'f.host': 'a.test', 'f.localport': '81' }),
    {
      routes: ['a.test/ -> a.test-3000:80', 'a.test/ -> a.test:81'],
      warnings: ['label easyhaproxy.e.port=3000 is not read: on which ports clients come frontends decide'],
    },
  ],
  [
    'balancing, and clients sent to https',
    easy({ 'e.host': 'a.test', 'e.balance': 'leastconn', 'e.redirect_ssl': 'true', 'e.mode': 'http' }),
    { routes: ['a.test/ -> a.test:80 balance=leastconn redirect=301'] },
  ],
  [
    'mode tcp',
    easy({ 'db.mode': 'tcp', 'db.port': '3306', 'web.host': 'a.test' }),
    { routes: ['a.test/ -> a.test:80'], warnings: ['label easyhaproxy.db.mode=tcp is not read: only http is routed'] },
  ],
  [
    'what is not read is said',
    easy({ 'e.host': 'a.test', 'e.ssl': 'true', 'e.certbot': 'true', 'e.redirect': '{"b.test":"http://a.test"}', 'f.localport': '1' }),
    {
      routes: ['a.test/ -> a.test:80 secure=302'],
      warnings: [
        'label easyhaproxy.e.certbot is not read: Fairlead gets no certificates: a bind line has them (crt, self-signed)',
        'label easyhaproxy.e.redirect is not read: labels redirect to https alone',
        'definition f has no label easyhaproxy.f.host',
      ],
    },
  ],
  [
    'broken values and what may keep people out refuse the container',
    easy({ 'e.host': 'a b!', 'e.localport': '0', 'e.balance': 'best', 'e.plugins': 'ip_whitelist' }),
    {
      routes: ['a/ -> a:'],
      errors: [
        'label easyhaproxy.e.localport=0 is not a whole number from 1 to 65535',
        "label easyhaproxy.e.balance=best is refused: balance only supports 'roundrobin', 'static-rr', 'leastconn', 'first', 'source', 'uri', 'url_param', 'hdr', 'hash', 'random' (got 'best').",
        'label easyhaproxy.e.plugins is not known here, and the container might be open to people whom it keeps out',
        "label easyhaproxy.e.host=a b! holds 'b!', which is not a host",
      ],
    },
  ],
];

describe("EasyHAProxy's labels", () => {
  for (const [behaviour, traits, expected] of CASES) it(behaviour, () => assert.deepEqual(said(readEasyHaproxy, traits), expected));
});
