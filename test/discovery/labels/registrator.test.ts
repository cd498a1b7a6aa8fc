import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readRegistrator } from '../../../src/discovery/labels/registrator.ts';
import { type Said, type SubjectTraits, said } from './make.ts';

const CASES: readonly (readonly [behaviour: string, traits: SubjectTraits, expected: Said | undefined])[] = [
  ['nothing of its', { env: { PATH: '/bin', SERVICE_B: 'http://b' }, labels: { role: 'web' } }, undefined],
  ['a name', { env: { SERVICE_NAME: 'db' }, exposed: [6379] }, { routes: ['db.a.test/ -> db:6379'] }],
  ['a label does as well', { labels: { SERVICE_NAME: 'db' } }, { routes: ['db.a.test/ -> db:80'] }],
  [
    'the environment goes before labels',
    { labels: { SERVICE_NAME: 'label' }, env: { SERVICE_NAME: 'env' } },
    { routes: ['env.a.test/ -> env:80'] },
  ],
  [
    'the base of the image without a name',
    { env: { SERVICE_TAGS: 'x' }, image: 'registry.test:5000/progrium/redis:7@sha256:abc', exposed: [6379] },
    { routes: ['redis.a.test/ -> redis:6379'] },
  ],
  [
    'several ports: a service each',
    { env: { SERVICE_TAGS: 'www' }, image: 'progrium/nginx', exposed: [80, 443], published: [80, 443] },
    { routes: ['nginx-80.a.test/ -> nginx-80:80', 'nginx-443.a.test/ -> nginx-443:443'] },
  ],
  [
    'a common name is told apart by the port',
    { env: { SERVICE_NAME: 'web' }, exposed: [80, 443] },
    { routes: ['web-80.a.test/ -> web-80:80', 'web-443.a.test/ -> web-443:443'] },
  ],
  [
    'the form with a port goes before the one without, whatever it is',
    {
      env: { SERVICE_443_NAME: 'https', SERVICE_443_ID: 'https.12345', SERVICE_443_SNI: 'enabled', SERVICE_NAME: 'no' },
      labels: { SERVICE_80_NAME: 'http' },
      exposed: [80, 443],
    },
    { routes: ['http.a.test/ -> http:80', 'https.a.test/ -> https:443'] },
  ],
  [
    'published ports are all there are, where there are some',
    { env: { SERVICE_NAME: 'web' }, exposed: [80, 443], published: [80, 80] },
    { routes: ['web.a.test/ -> web:80'] },
  ],
  [
    'a port with a name of its own is meant even so',
    { env: { SERVICE_NAME: 'web', SERVICE_8080_NAME: 'admin' }, exposed: [80, 8080], published: [80] },
    { routes: ['web.a.test/ -> web:80', 'admin.a.test/ -> admin:8080'] },
  ],
  ['a container without ports', { env: { SERVICE_NAME: 'web' }, exposed: [] }, { routes: ['web.a.test/ -> web:'] }],
  ['a named port where none is exposed', { env: { SERVICE_5000_NAME: 'web' }, exposed: [] }, { routes: ['web.a.test/ -> web:5000'] }],
  [
    'a port that does not exist',
    { env: { SERVICE_NAME: 'web', SERVICE_81_NAME: 'no', SERVICE_81_TAGS: 'x' } },
    {
      routes: ['web.a.test/ -> web:80'],
      warnings: ['SERVICE_81_NAME is not read: there is no port 81', 'SERVICE_81_TAGS is not read: there is no port 81'],
    },
  ],
  ['an ignored container', { env: { SERVICE_IGNORE: 'true', SERVICE_NAME: 'web' } }, { enabled: false }],
  ['an empty word ignores nothing', { env: { SERVICE_IGNORE: '', SERVICE_NAME: 'web' } }, { routes: ['web.a.test/ -> web:80'] }],
  [
    'an ignored port',
    { env: { SERVICE_443_IGNORE: '1', SERVICE_NAME: 'web' }, exposed: [80, 443] },
    { routes: ['web-80.a.test/ -> web-80:80'] },
  ],
  ['every port ignored', { env: { SERVICE_80_IGNORE: '1' } }, { enabled: false }],
  [
    'an HTTP check',
    {
      env: {
        SERVICE_NAME: 'web',
        SERVICE_80_CHECK_HTTP: '/health?deep=1',
        SERVICE_80_CHECK_INTERVAL: '15s',
        SERVICE_80_CHECK_TIMEOUT: '1s',
      },
    },
    { routes: ['web.a.test/ -> web:80 check http=GET/health?deep=1200,299 timeout=1000 inter 15000'] },
  ],
  [
    'an HTTP check every ten seconds by a method of its own',
    { env: { SERVICE_NAME: 'web', SERVICE_CHECK_HTTP: '/', SERVICE_CHECK_HTTP_METHOD: 'head' } },
    { routes: ['web.a.test/ -> web:80 check http=HEAD/200,299 inter 10000'] },
  ],
  ['a TCP check', { env: { SERVICE_NAME: 'web', SERVICE_CHECK_TCP: 'true' } }, { routes: ['web.a.test/ -> web:80 check inter 10000'] }],
  [
    'a check by https',
    { env: { SERVICE_NAME: 'web', SERVICE_CHECK_HTTPS: '/h', SERVICE_CHECK_INTERVAL: '1m30s' } },
    {
      routes: ['web.a.test/ -> web:80 check http=GET/h200,299 inter 90000 check-ssl'],
    },
  ],
  ['an interval without a check', { env: { SERVICE_NAME: 'web', SERVICE_CHECK_INTERVAL: 'x' } }, { routes: ['web.a.test/ -> web:80'] }],
  [
    'a script is not run',
    { env: { SERVICE_NAME: 'web', SERVICE_CHECK_SCRIPT: 'true', SERVICE_REGION: 'us2' } },
    { routes: ['web.a.test/ -> web:80'], warnings: ['SERVICE_CHECK_SCRIPT is not read: Fairlead does no such check'] },
  ],
  [
    'typing mistakes',
    { env: { SERVICE_NAME: 'web', SERVICE_TAG: 'x', SERVICE_CHECK_HTTPP: '/' } },
    {
      routes: ['web.a.test/ -> web:80'],
      warnings: [
        "SERVICE_CHECK_HTTPP is not read; did you mean 'check_http'?",
        "SERVICE_TAG is an attribute that nobody reads; did you mean 'tags'?",
      ],
    },
  ],
  [
    'broken values refuse the container',
    { env: { SERVICE_NAME: 'we b', SERVICE_CHECK_HTTP: 'health' } },
    {
      routes: ['-> we b:80 check http=GEThealth200,299 inter 10000'],
      errors: ["service name 'we b' holds 'we b.a.test', which is not a host", 'SERVICE_CHECK_HTTP=health is not a path'],
    },
  ],
  [
    'broken times as well',
    { env: { SERVICE_NAME: 'web', SERVICE_CHECK_TCP: '1', SERVICE_CHECK_INTERVAL: 'soon', SERVICE_CHECK_TIMEOUT: '0s' } },
    {
      routes: ['web.a.test/ -> web:80 check inter 10000'],
      errors: ['SERVICE_CHECK_INTERVAL=soon is not a time', 'SERVICE_CHECK_TIMEOUT=0s is not a time'],
    },
  ],
];

describe("registrator's words", () => {
  for (const [behaviour, traits, expected] of CASES)
    it(behaviour, () => assert.deepEqual(said(readRegistrator, traits, ['a.test']), expected));

  it('gives a host by each domain, and none without', () => {
    const traits = { env: { SERVICE_NAME: 'Web' } };
    assert.deepEqual(said(readRegistrator, traits, ['a.test', 'b.test']), { routes: ['web.a.test/ web.b.test/ -> Web:80'] });
    assert.deepEqual(said(readRegistrator, traits), { routes: ['-> Web:80'] });
  });
});
