import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readCamptocamp } from '../../../src/discovery/labels/camptocamp.ts';
import { type Said, type SubjectTraits, said } from './make.ts';

function tags(text: string): SubjectTraits {
  return { env: { SERVICE_NAME: 'www', SERVICE_TAGS: text } };
}

const CASES: readonly (readonly [behaviour: string, traits: SubjectTraits, expected: Said | undefined])[] = [
  ['nothing of its', { labels: { 'fairlead.host': 'a.test' } }, undefined],
  ['an underscore is a dot', { env: { SERVICE_NAME: 'www_hello' } }, { routes: ['www.hello/ www.hello.d.test/ -> www_hello:80'] }],
  ['a dot stays', { env: { SERVICE_NAME: 'serviceB.prod' } }, { routes: ['serviceb.prod/ serviceb.prod.d.test/ -> serviceB.prod:80'] }],
  [
    'an alias, by either name',
    tags('server_alias=serviceA.prod.example.com,server_aliases=hello.home\\,b.home,x'),
    { routes: ['www/ www.d.test/ servicea.prod.example.com/ hello.home/ b.home/ -> www:80'] },
  ],
  ['an alias that is there already', tags('server_alias=www.d.test'), { routes: ['www/ www.d.test/ -> www:80'] }],
  ['sticky sessions', tags('sticky_session'), { routes: ['www/ www.d.test/ -> www:80 sticky=SERVERID'] }],
  [
    "fabio's tags are routes of their own to the same pool",
    tags('urlprefix-mysite.com/,urlprefix-i.com/static,urlprefix-/css'),
    { routes: ['www/ www.d.test/ -> www:80', 'mysite.com/ -> www:80', 'i.com/static -> www:80', '*/css -> www:80'] },
  ],
  [
    "fabio's options",
    tags('urlprefix-/foo/bar strip=/foo,urlprefix-a.test/x prepend=/y proto=http weight=0.5,urlprefix-b.test/x strip=/x/'),
    {
      routes: [
        'www/ www.d.test/ -> www:80',
        '*/foo/bar -> www:80 rewrite=/bar',
        'a.test/x -> www:80 rewrite=/y/x',
        'b.test/x -> www:80 rewrite=',
      ],
      warnings: ["tag urlprefix-a.test/x prepend=/y proto=http weight=0.5: 'weight=0.5' is not understood"],
    },
  ],
  [
    'several ports have hosts of their own',
    { env: { SERVICE_80_NAME: 'www_a', SERVICE_81_NAME: 'www_b', SERVICE_81_TAGS: 'server_alias=b.test' }, exposed: [80, 81] },
    { routes: ['www.a/ www.a.d.test/ -> www_a:80', 'www.b/ www.b.d.test/ b.test/ -> www_b:81'] },
  ],
  [
    'checks are those of registrator',
    { env: { SERVICE_NAME: 'www', SERVICE_CHECK_HTTP: '/' } },
    { routes: ['www/ www.d.test/ -> www:80 check http=GET/200,299 inter 10000'] },
  ],
  ['an ignored container', { labels: { SERVICE_IGNORE: '1' } }, { enabled: false }],
  [
    'broken values refuse the container, each with its reason',
    tags(
      'server_alias=a b!,urlprefix-a.test,urlprefix-:3306 proto=tcp,urlprefix-a.test/ proto=tcp,urlprefix-a.test/ auth=x,urlprefix-a.test/%',
    ),
    {
      routes: ['www/ www.d.test/ a/ -> www:80', 'a.test/% -> www:80'],
      errors: [
        "tag server_alias=a b! holds 'b!', which is not a host",
        'tag urlprefix-a.test holds no path: urlprefix-host/path is expected',
        'tag urlprefix-:3306 proto=tcp holds no path: urlprefix-host/path is expected',
        'tag urlprefix-a.test/ proto=tcp is for tcp: only http is routed',
        "tag urlprefix-a.test/ auth=x is not routed: 'auth=x' is not understood",
      ],
    },
  ],
  [
    'a name that is no host',
    { env: { SERVICE_NAME: 'a b' } },
    { errors: ["service name 'a b' holds 'a b', which is not a host", "service name 'a b' holds 'a b.d.test', which is not a host"] },
  ],
];

describe("camptocamp's host rules", () => {
  for (const [behaviour, traits, expected] of CASES)
    it(behaviour, () => assert.deepEqual(said(readCamptocamp, traits, ['d.test']), expected));

  it('appends every domain, and is content without any', () => {
    const traits = { env: { SERVICE_NAME: 'www_hello' } };
    assert.deepEqual(said(readCamptocamp, traits, ['a', 'b.c']), { routes: ['www.hello/ www.hello.a/ www.hello.b.c/ -> www_hello:80'] });
    assert.deepEqual(said(readCamptocamp, traits), { routes: ['www.hello/ -> www_hello:80'] });
  });
});
