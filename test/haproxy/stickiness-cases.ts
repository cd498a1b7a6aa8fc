/** Stories about who stays with whom, as data: what stickiness.test.ts plays to HAProxy and to ours. */

/** What a server is asked, and what it answers with. */
export interface Ask {
  /** `GET` without a word. */
  readonly method?: string;
  readonly path?: string;
  /** Lines of the request. */
  readonly fields?: readonly string[];
  /** Values of `Cookie` lines. `@-60` in one is the date of sixty seconds ago, as persistence cookies have it. */
  readonly cookies?: readonly string[];
  /** Lines of the response. */
  readonly answer?: readonly string[];
  readonly status?: number;
}

export type Step = Ask | { readonly set: readonly [server: string, state: 'ready' | 'drain' | 'maint' | 'up' | 'down'] };

export interface Story {
  readonly name: string;
  /** Lines of the backend; `<s1>`, `<s2>`, `<s3>` are addresses of servers, `<gone>` one where nobody listens. */
  readonly backend: readonly string[];
  /** Lines of the frontend. */
  readonly frontend?: readonly string[];
  /** Frontend and backend are one `listen`. */
  readonly listen?: boolean;
  /** Clients have addresses. */
  readonly tcp?: boolean;
  readonly steps: readonly Step[];
}

const TWO: readonly string[] = ['server s1 <s1> cookie one', 'server s2 <s2> cookie two'];
const CHECKED: readonly string[] = ['server s1 <s1> cookie one check inter 1000s', 'server s2 <s2> cookie two check inter 1000s'];

/** Values of `Cookie` lines in which `SRV` stands, or seems to. */
const LINES: readonly (readonly string[])[] = [
  ['SRV=one'],
  ['SRV=two'],
  ['SRV=three'],
  ['SRV='],
  ['SRV'],
  ['srv=one'],
  ['XSRV=one'],
  ['SRVX=one'],
  ['a=1; SRV=two'],
  ['SRV=two; a=1'],
  ['a=1; SRV=two; b=2'],
  ['a=1;SRV=two;b=2'],
  ['a=1 ; SRV=two ; b=2'],
  ['a=1;  SRV=two;  b=2'],
  ['a=1, SRV=two, b=2'],
  ['SRV=two;'],
  [';SRV=two'],
  [';;SRV=two;;b=2'],
  ['SRV=two;;b=2'],
  ['; ; SRV=two; ;'],
  ['SRV = two'],
  ['SRV =two; a = 1'],
  ['SRV= two ; a=1'],
  ['a = 1; SRV=two'],
  ['a=1; b = 2 ; SRV = two ; c = 3'],
  ['SRV="two"'],
  ['SRV="two; a=1"'],
  ['a="x; SRV=one"; SRV=two'],
  ['a="x\\"; SRV=one"; SRV=two'],
  ['a="; SRV=two'],
  ['$Version=1; SRV=two; $Path=/; a=1'],
  ['$Version="1"; SRV=two; $Path="/"'],
  ['a=1; $Path=/; SRV=two; $Path=/; $Domain=x'],
  ['$SRV=one; SRV=two'],
  ['SRV=one; SRV=two'],
  ['SRV=three; SRV=two'],
  ['SRV=two; SRV=three'],
  ['SRV=; SRV=two'],
  ['a=1; SRV=one; b=2; SRV=two; c=3'],
  ['a=1', 'SRV=two', 'b=2'],
  ['SRV=two', 'SRV=one'],
  ['a=1; SRV=two', 'b=2'],
  ['SRV=two', 'a=1; b=2'],
  ['a', 'SRV=two; b'],
  ['a; SRV=two'],
  ['SRV=two; a'],
  ['a=b=c; SRV=two'],
  ['SRV=two=x'],
  ['SRV=two~x'],
  ['SRV=~x'],
  ['SRV=two~x~y; a=1'],
  ['a=1; SRV=two~x; b=2; SRV=one~y'],
  ['SRV = two~x'],
  ['SRV="two~x"'],
  ['SRV=three~x; SRV=two~y'],
  ['SRV=two|'],
  ['SRV=two|x'],
  ['SRV=two|@-10'],
  ['SRV=two|@-10|@-20'],
  ['=two; SRV=two'],
  ['a=; SRV=two'],
  ['SRV=two\t;\tb=2'],
];

const reads: readonly Ask[] = LINES.map((cookies) => ({ cookies }));

/** What an application sets, or does not. */
const SETS: readonly (readonly string[])[] = [
  [],
  ['Set-Cookie: SRV=app; path=/'],
  ['Set-Cookie: SRV=app'],
  ['Set-Cookie: SRV=; path=/'],
  ['Set-Cookie: SRV'],
  ['Set-Cookie: SRV = app ; path=/'],
  ['Set-Cookie: SRV="a;b"; path=/'],
  ['Set-Cookie: a=1', 'Set-Cookie: SRV=app; path=/', 'Set-Cookie: b=2'],
  ['Set-Cookie: a=1; SRV=no; path=/'],
  ['Set-Cookie: SRV=app; Expires=Thu, 01-Jan-2037 00:00:01 GMT'],
  ['Set-Cookie: SRV=app', 'Set-Cookie: SRV=other'],
  ['Set-Cookie: srv=app'],
];

const writes: readonly Ask[] = SETS.flatMap((answer) => [
  { answer },
  { answer, cookies: ['SRV=two'] },
  { answer, cookies: ['SRV=three'] },
  { answer, cookies: ['SRV=two~x'] },
]);

const MODES: readonly string[] = [
  'cookie SRV',
  'cookie SRV indirect',
  'cookie SRV rewrite',
  'cookie SRV insert',
  'cookie SRV insert indirect',
  'cookie SRV insert preserve',
  'cookie SRV insert indirect preserve',
  'cookie SRV insert maxidle 1m',
  'cookie SRV insert indirect maxidle 1m maxlife 1h',
  'cookie SRV prefix',
  'cookie SRV prefix indirect',
];

/** Dates in a request's cookie. */
const DATES: readonly string[] = [
  'two',
  'two|@-10',
  'two|@2',
  'two|@100',
  'two|@-100',
  'two|@-100000',
  'two|@100000',
  'two|@-10|@-20',
  'two|@-10|@-4000',
  'two|@-100|@-4000',
  'two|@-10|@100000',
  'two||@-10',
  'two||@-4000',
  'two|x|@-4000',
  'two|@-10|',
  'two|@-10|x',
  'two|AAAAA',
  'two|!!!!!',
  'three|@-10',
  'three|@-100',
  '|@-10',
  'two|@-100; SRV=one',
  'two; SRV=one|@-100',
];

const CACHING: readonly Ask[] = [
  {},
  { answer: ['ETag: "x"'] },
  { answer: ['ETag: "x"', 'Cache-Control: private'] },
  { answer: ['ETag: "x"', 'Cache-Control: no-store, public'] },
  { answer: ['ETag: "x"', 'Pragma: no-cache', 'Cache-Control: public'] },
  { answer: ['Last-Modified: x'] },
  { answer: ['Expires: 0'] },
  { answer: ['Cache-Control: max-age=5'] },
  { answer: ['Cache-Control: max-age=0, s-maxage=5'] },
  { answer: ['Cache-Control: public'] },
  { answer: ['Cache-Control: public', 'Cache-Control: max-age=5'] },
  { status: 302, answer: ['Cache-Control: max-age=5'] },
  { status: 404, answer: ['Cache-Control: max-age=5'] },
  { method: 'POST', answer: ['Cache-Control: max-age=5'] },
  { method: 'POST', answer: ['Cache-Control: max-age=5, public'] },
  { cookies: ['SRV=two'], answer: ['ETag: "x"'] },
];

export const COOKIES: readonly Story[] = [
  ...MODES.map((line) => ({ name: `${line}: what requests bring`, backend: [line, ...TWO], steps: reads })),
  ...MODES.map((line) => ({ name: `${line}: what the application sets`, backend: [line, ...TWO], steps: writes })),
  ...['maxidle 1m', 'maxlife 1h', 'maxidle 1m maxlife 1h', ''].map((dates) => ({
    name: `dates of cookies, with '${dates}'`,
    backend: [`cookie SRV insert indirect ${dates}`, ...TWO],
    steps: DATES.map((value) => ({ cookies: [`SRV=${value}`] })),
  })),
  {
    name: 'nocache, and what may be cached',
    backend: ['cookie SRV insert nocache', ...TWO],
    steps: CACHING,
  },
  {
    name: 'nocache and indirect',
    backend: ['cookie SRV insert indirect nocache', ...TWO],
    steps: CACHING,
  },
  {
    name: 'postonly',
    backend: ['cookie SRV insert postonly', ...TWO],
    steps: [{}, { method: 'POST' }, { method: 'PUT' }, { method: 'POST', cookies: ['SRV=two'] }, { cookies: ['SRV=three'] }],
  },
  {
    name: 'attributes',
    backend: ['cookie SRV insert domain .a.example domain b.example httponly secure attr SameSite=None attr Priority=High', ...TWO],
    steps: [{}, { cookies: ['SRV=one'] }],
  },
  {
    name: 'a server without a value',
    backend: ['cookie SRV insert indirect', 'server s1 <s1> cookie one', 'server s2 <s2>'],
    steps: [{}, {}, { cookies: ['SRV=one'] }, { cookies: ['SRV=two'] }],
  },
  {
    name: 'a server without a value, rewrite',
    backend: ['cookie SRV rewrite', 'server s2 <s2>'],
    steps: [{ answer: ['Set-Cookie: SRV=app'] }],
  },
  {
    name: 'one value for two servers',
    backend: [
      'cookie SRV insert indirect',
      'server s1 <s1> cookie one check inter 1000s',
      'server s2 <s2> cookie one',
      'server s3 <s3> cookie three',
    ],
    steps: [{ cookies: ['SRV=one'] }, { set: ['s1', 'down'] }, { cookies: ['SRV=one'] }, { cookies: ['SRV=three'] }],
  },
  {
    name: 'dynamic',
    backend: [
      'cookie SRV insert indirect dynamic',
      'dynamic-cookie-key secret',
      'server s1 192.0.2.1:80 backup',
      'server s2 <s2>',
      'server s3 <s3> cookie own',
    ],
    steps: [{}, {}, { cookies: ['SRV=own'] }],
  },
  {
    name: 'responses by rules, and refused ones',
    backend: [
      'cookie SRV insert indirect',
      'http-request deny if { path /deny }',
      'http-request return status 200 if { path /return }',
      'http-response deny if { res.hdr(x-deny) -m found }',
      'http-response set-header Set-Cookie SRV=rule if { res.hdr(x-rule) -m found }',
      ...TWO,
    ],
    steps: [
      { path: '/deny', cookies: ['SRV=two'] },
      { path: '/return', cookies: ['SRV=two'] },
      { answer: ['x-deny: 1'], cookies: ['SRV=two'] },
      { answer: ['x-rule: 1'], cookies: ['SRV=three'] },
    ],
  },
];

/** Requests that a `listen` refuses itself. */
export const REFUSALS: readonly Story[] = ['cookie SRV insert indirect', 'cookie SRV', 'cookie SRV prefix'].map((line) => ({
  name: `a listen with ${line}, and whom it refuses`,
  listen: true,
  backend: [
    line,
    'http-request deny if { path /deny }',
    'http-request return status 200 if { path /return }',
    'redirect location / if { path /redirect }',
    ...TWO,
  ],
  steps: ['/', '/deny', '/return', '/redirect', '/a b'].flatMap((path) => [
    { path },
    { path, cookies: ['SRV=two'] },
    { path, cookies: ['SRV=none'] },
  ]),
}));

const USERS: readonly Ask[] = [{ cookies: ['SRV=one'] }, { cookies: ['SRV=two'] }];

function outages(line: string, ...more: readonly string[]): readonly Story[] {
  const lines = [line, ...more];
  return (['drain', 'maint', 'down'] as const).map((state) => ({
    name: `${lines.join(', ')}, and s1 goes: ${state}`,
    backend: [...lines, ...CHECKED],
    steps: [
      ...USERS,
      { set: ['s1', state] } as const,
      ...USERS,
      { cookies: ['SRV=none'] },
      { set: ['s1', state === 'down' ? 'up' : 'ready'] } as const,
      ...USERS,
    ],
  }));
}

export const OUTAGES: readonly Story[] = [
  ...outages('cookie SRV insert indirect'),
  ...outages('cookie SRV insert'),
  ...outages('cookie SRV rewrite'),
  ...outages('cookie SRV prefix'),
  ...outages('cookie SRV insert indirect', 'option persist'),
  ...outages('cookie SRV insert indirect', 'option redispatch'),
  ...outages('cookie SRV insert indirect', 'option persist', 'option redispatch'),
  ...outages('cookie SRV insert indirect', 'force-persist if TRUE'),
  ...outages('cookie SRV insert indirect', 'ignore-persist if TRUE'),
  {
    name: 'weight 0 keeps its users, and gets no new ones',
    backend: ['cookie SRV insert indirect', 'server s1 <s1> cookie one weight 0', 'server s2 <s2> cookie two'],
    steps: [...USERS, {}, {}],
  },
  {
    name: 'nobody else is left',
    backend: ['cookie SRV insert indirect', 'server s1 <s1> cookie one check inter 1000s'],
    steps: [
      { cookies: ['SRV=one'] },
      { set: ['s1', 'drain'] },
      { cookies: ['SRV=one'] },
      {},
      { set: ['s1', 'down'] },
      { cookies: ['SRV=one'] },
    ],
  },
  {
    name: 'the first exception that holds counts',
    backend: [
      'cookie SRV insert indirect',
      'ignore-persist if { path /a }',
      'force-persist if { path_beg /a }',
      'ignore-persist unless { path_beg /b }',
      ...CHECKED,
    ],
    steps: [
      { set: ['s1', 'maint'] },
      { path: '/a', cookies: ['SRV=one'] },
      { path: '/ab', cookies: ['SRV=one'] },
      { path: '/b', cookies: ['SRV=one'] },
      { path: '/c', cookies: ['SRV=two'] },
    ],
  },
  ...[
    '',
    'option redispatch',
    'option redispatch 1',
    'option redispatch 2',
    'option redispatch -2',
    'option persist',
    'force-persist if TRUE',
  ].map((option) => ({
    name: `a server refuses, with '${option}'`,
    backend: [
      'cookie SRV insert indirect',
      option,
      'retries 2',
      'timeout connect 100ms',
      'server s1 <gone> cookie one',
      'server s2 <s2> cookie two',
    ],
    steps: [{ cookies: ['SRV=one'] }, { cookies: ['SRV=two'] }],
  })),
  {
    name: 'a server refuses for good, and option redispatch finds the same again',
    backend: ['cookie SRV insert indirect', 'option redispatch', 'retries 1', 'timeout connect 100ms', 'server s1 <gone> cookie one'],
    steps: [{ cookies: ['SRV=one'] }, {}],
  },
  {
    name: 'retry-on a status, with option redispatch',
    backend: ['cookie SRV insert indirect', 'retry-on 503', 'option redispatch 1', 'retries 1', ...TWO],
    steps: [
      { cookies: ['SRV=one'], status: 503 },
      { cookies: ['SRV=two'], status: 200 },
    ],
  },
  {
    name: 'use-server comes before the cookie',
    backend: [
      'cookie SRV insert indirect',
      'use-server s2 if { path /two }',
      'use-server s1 if { path_beg /two }',
      'use-server %[req.hdr(x-server)] if { req.hdr(x-server) -m found }',
      ...CHECKED,
    ],
    steps: [
      { path: '/two', cookies: ['SRV=one'] },
      { path: '/two', cookies: ['SRV=two'] },
      { path: '/two' },
      { fields: ['x-server: s2'], cookies: ['SRV=one'] },
      { fields: ['x-server: s9'], cookies: ['SRV=one'] },
      { set: ['s2', 'down'] },
      { path: '/two', cookies: ['SRV=two'] },
      { set: ['s2', 'up'] },
      { set: ['s2', 'drain'] },
      { path: '/two' },
    ],
  },
];

const PLAIN: readonly string[] = [
  'server s1 <s1> check inter 1000s',
  'server s2 <s2> check inter 1000s',
  'server s3 <s3> check inter 1000s',
];

function asks(...values: readonly string[]): readonly Ask[] {
  return values.map((value) => ({ fields: [`x: ${value}`] }));
}

/** Each rounds to the same double as its neighbours, but for the first. */
const HUGE = [
  '-7',
  '',
  '4294967297',
  '9223372036854775808',
  '99999999999999999999',
  '-9223372036854775808',
  '-99999999999999999999',
  `1${'0'.repeat(30)}`,
];

export const TABLES: readonly Story[] = [
  {
    name: 'stick on src',
    tcp: true,
    backend: ['stick-table type ip size 10', 'stick on src', ...PLAIN],
    steps: [{}, {}, { set: ['s1', 'drain'] }, {}, { set: ['s1', 'down'] }, {}, {}, { set: ['s1', 'up'] }, { set: ['s1', 'ready'] }, {}],
  },
  {
    name: 'strings are cut, and the empty one',
    backend: ['stick-table type string len 4 size 10', 'stick on req.hdr(x)', ...PLAIN],
    steps: asks('abcd', 'abcdef', 'abc', 'abcd', '', '', 'ABCD', 'a b', 'abc'),
  },
  {
    name: 'a header that is not there is no key',
    backend: ['stick-table type string size 10', 'stick on req.hdr(x)', ...PLAIN],
    steps: [{}, {}, {}],
  },
  {
    name: 'integers',
    backend: ['stick-table type integer size 20', 'stick on req.hdr(x)', ...PLAIN],
    steps: asks('1', '01', '1x', 'x', '', '-1', '4294967295', '4294967296', '0', ' 7', '+7'),
  },
  {
    name: 'addresses from a header',
    backend: ['stick-table type ip size 20', 'stick on req.hdr(x)', ...PLAIN],
    steps: asks(
      '10.0.0.1',
      '10.0.0.1',
      '10.0.0.256',
      '::ffff:10.0.0.1',
      'x',
      '10.0.0.2 ',
      '10.0.0.1:80',
      '010.0.0.1',
      '10.0.0.3/8',
      '10.0.0.3x',
      '10.0.0.3.',
      '10.0.0.3.4',
      '10.0.0',
      '.10.0.0.3',
      '10..0.0.3',
    ),
  },
  {
    name: 'addresses have one spelling, in tables of strings, too',
    backend: ['stick-table type string size 20', 'stick on req.hdr_ip(x)', ...PLAIN],
    steps: asks('01.02.03.04', '1.2.3.4', '1.2.3.4:80', '2001:DB8:0:0::A', '::ffff:010.0.0.1'),
  },
  {
    name: 'networks of texts',
    backend: ['stick-table type ip size 20', 'stick on req.hdr(x),ipmask(16)', ...PLAIN],
    steps: asks(
      '1.2.3.4',
      '1.3.3.4:80',
      '1.4.3.4/8',
      '::ffff:1.5.3.4',
      '01.6.3.4',
      '2001:db8::1',
      'x',
      '1.7.3',
      '1.8.3.4.5',
      '2002:109:1::',
      '[::1]',
    ),
  },
  {
    name: 'networks of addresses',
    backend: ['stick-table type string size 20', 'stick on req.hdr_ip(x),ipmask(16)', ...PLAIN],
    steps: asks('1.2.3.4', '1.3.3.4:80', '1.4.3.4/8', '::ffff:1.5.3.4', '01.6.3.4', '2001:db8::1', '2002:109:1::'),
  },
  {
    name: 'networks of numbers',
    backend: ['stick-table type ip size 20', 'stick on req.hdr_val(x),ipmask(16)', ...PLAIN],
    steps: asks('16909060', '-1', '99999999999'),
  },
  {
    name: 'integers that 64 bits do not hold',
    backend: ['stick-table type integer size 20', 'stick on req.hdr(x)', ...PLAIN],
    steps: asks(...HUGE),
  },
  {
    name: 'values that 64 bits do not hold',
    backend: ['stick-table type integer size 20', 'stick on req.hdr_val(x)', ...PLAIN],
    steps: asks(...HUGE),
  },
  {
    name: 'values that 64 bits do not hold, as bytes',
    backend: ['stick-table type binary len 8 size 20', 'stick on req.hdr_val(x)', ...PLAIN],
    steps: asks(...HUGE),
  },
  {
    name: 'IPv6 addresses from a header',
    backend: ['stick-table type ipv6 size 20', 'stick on req.hdr(x)', ...PLAIN],
    steps: asks(
      '::1',
      '0:0::1',
      '10.0.0.1',
      '::ffff:10.0.0.1',
      '2001:DB8::A',
      '2001:db8::a',
      '[::1]',
      '::ffff:010.0.0.2',
      '2001:db8::1x',
      '2001:db8::1/8',
    ),
  },
  {
    name: 'addresses of the header as addresses',
    backend: ['stick-table type ip size 20', 'stick on req.hdr_ip(x)', ...PLAIN],
    steps: asks('10.0.0.1', '::ffff:10.0.0.1', '10.0.0.1:80', '2001:db8::1', '2002:a00:1::', '::10.0.0.1', '64:ff9b::10.0.0.1', '10.0.0.1'),
  },
  {
    name: 'an IPv4 address in an IPv6 table',
    backend: ['stick-table type ipv6 size 20', 'stick on req.hdr_ip(x)', ...PLAIN],
    steps: asks('10.0.0.1', '::ffff:10.0.0.1', '2001:db8::1', '010.0.0.1'),
  },
  {
    name: 'binary blocks',
    backend: ['stick-table type binary len 4 size 20', 'stick on req.hdr(x)', ...PLAIN],
    steps: asks('abcd', 'abcde', 'ab', 'ab', ''),
  },
  {
    name: 'binary blocks of other types',
    backend: [
      'stick-table type binary len 8 size 20',
      'stick on req.hdr_ip(x) if { path /ip }',
      'stick on req.hdr_val(x) if { path /int }',
      'stick on method if { path /method }',
      ...PLAIN,
    ],
    steps: [{ path: '/ip', fields: ['x: 10.0.0.1'] }, { path: '/int', fields: ['x: 258'] }, { path: '/method' }],
  },
  {
    name: 'converters',
    backend: ['stick-table type string len 40 size 20', 'stick on req.hdr(x),lower,regsub(b,c)', ...PLAIN],
    steps: asks('AB', 'ab', 'ac', 'AC'),
  },
  {
    name: 'bytes as a string',
    backend: ['stick-table type string len 40 size 20', 'stick on req.hdr(x),b64dec', ...PLAIN],
    steps: asks('YWI=', 'YWI=', '!'),
  },
  {
    name: 'path, parameters and cookies',
    backend: [
      'stick-table type string size 20',
      'stick on req.cook(id) if { req.cook(id) -m found }',
      'stick on url_param(id) if { url_param(id) -m found }',
      'stick on path',
      ...PLAIN,
    ],
    steps: [
      { path: '/a' },
      { path: '/a?id=1' },
      { path: '/b?id=1' },
      { path: '/c', cookies: ['id=1'] },
      { path: '/a' },
      { path: '/d', cookies: ['x=1; id=/a'] },
    ],
  },
  {
    name: 'match and store-request apart',
    backend: ['stick-table type string size 20', 'stick match req.hdr(a)', 'stick store-request req.hdr(b)', ...PLAIN],
    steps: [{ fields: ['b: 1'] }, { fields: ['a: 1'] }, { fields: ['a: 1', 'b: 2'] }, { fields: ['a: 2'] }, { fields: ['a: 3'] }],
  },
  {
    name: 'store is store-request',
    backend: ['stick-table type string size 20', 'stick match req.hdr(a)', 'stick store req.hdr(b)', ...PLAIN],
    steps: [{ fields: ['b: 1'] }, { fields: ['a: 1'] }, { fields: ['a: 1', 'b: 2'] }, { fields: ['a: 2'] }],
  },
  {
    name: 'of several stores the first counts, of several matches the first that is found',
    backend: ['stick-table type string size 20', 'stick on req.hdr(a)', 'stick on req.hdr(b)', 'stick match req.hdr(c)', ...PLAIN],
    steps: [
      { fields: ['a: 1', 'b: 2'] },
      { fields: ['b: 2'] },
      { fields: ['a: 9', 'b: 2'] },
      { fields: ['c: 1'] },
      { fields: ['c: 9', 'b: 3'] },
    ],
  },
  {
    name: 'store-response',
    backend: ['stick-table type string size 20', 'stick match req.cook(SID)', 'stick store-response res.cook(SID)', ...PLAIN],
    steps: [
      { answer: ['Set-Cookie: SID=a; path=/'] },
      { cookies: ['SID=a'] },
      { cookies: ['SID=b'] },
      { cookies: ['SID=b'], answer: ['Set-Cookie: SID=b'] },
      { cookies: ['SID=b'] },
      { answer: ['Set-Cookie: SID=c,d; path=/'] },
      { answer: ['Set-Cookie: SID = "e;f,g"h ; path=/'] },
      { answer: ['Set-Cookie: a=1,SID=i'] },
      { answer: ['Set-Cookie: $SID=j; SID=k'] },
    ],
  },
  {
    name: 'stores of a request and of its response',
    backend: [
      'stick-table type string size 20',
      'stick on req.hdr(x)',
      'stick store-response res.hdr(y)',
      'stick store-response res.hdr(z)',
      ...PLAIN,
    ],
    steps: [
      { fields: ['x: a'], answer: ['y: b', 'z: c'] },
      { fields: ['x: b'] },
      { fields: ['x: c'] },
      { fields: ['x: d'], answer: ['z: e'], status: 404 },
      { fields: ['x: e'], status: 500 },
    ],
  },
  {
    name: 'conditions',
    backend: [
      'stick-table type string size 20',
      'stick on req.hdr(x) if { path /a }',
      'stick store-response res.hdr(y) unless { status 404 }',
      ...PLAIN,
    ],
    steps: [
      { path: '/a', fields: ['x: 1'] },
      { path: '/b', fields: ['x: 1'] },
      { path: '/b', fields: ['x: 2'], answer: ['y: 2'], status: 404 },
      { path: '/b', fields: ['x: 3'], answer: ['y: 3'] },
      { path: '/a', fields: ['x: 3'] },
    ],
  },
  {
    name: 'a full table forgets the oldest, also when a known client comes',
    backend: ['stick-table type string size 2', 'stick on req.hdr(x)', ...PLAIN],
    steps: asks('a', 'b', 'c', 'c', 'b', 'a'),
  },
  {
    name: 'a full table with nopurge takes no more',
    backend: ['stick-table type string size 2 nopurge expire 1h', 'stick on req.hdr(x)', ...PLAIN],
    steps: asks('a', 'b', 'c', 'c', 'b', 'a'),
  },
  {
    name: 'non-stick servers are not stored',
    backend: ['stick-table type string size 20', 'stick on req.hdr(x)', 'server s1 <s1> non-stick', 'server s2 <s2>'],
    steps: asks('a', 'b', 'a', 'b', 'c'),
  },
  {
    name: 'a table and a cookie: the cookie comes first',
    backend: ['cookie SRV insert indirect', 'stick-table type string size 20', 'stick on req.hdr(x)', ...TWO],
    steps: [
      { fields: ['x: a'], cookies: ['SRV=two'] },
      { fields: ['x: a'], cookies: ['SRV=one'] },
      { fields: ['x: a'] },
      { fields: ['x: a'], cookies: ['SRV=three'] },
      { fields: ['x: b'] },
    ],
  },
  {
    name: 'servers with an id',
    backend: ['stick-table type string size 20', 'stick on req.hdr(x)', 'server s1 <s1> id 7', 'server s2 <s2>', 'server s3 <s3> id 3'],
    steps: asks('a', 'b', 'c', 'a', 'b', 'c'),
  },
  {
    name: 'the table of another backend',
    backend: [
      'stick on req.hdr(x) table other',
      'server s9 <s3>',
      ...PLAIN,
      'backend other',
      'stick-table type string size 20',
      'server s2 <s1>',
    ],
    steps: asks('a', 'b', 'c', 'b', 'a', 'c'),
  },
  {
    name: 'exceptions and tables',
    backend: [
      'stick-table type string size 20',
      'stick on req.hdr(x)',
      'ignore-persist if { path /ignore }',
      'force-persist if { path /force }',
      ...PLAIN,
    ],
    steps: [
      ...asks('a'),
      { path: '/ignore', fields: ['x: a'] },
      { set: ['s1', 'down'] },
      { path: '/force', fields: ['x: a'] },
      { fields: ['x: a'] },
    ],
  },
  {
    name: 'option persist and a table',
    backend: ['stick-table type string size 20', 'stick on req.hdr(x)', 'option persist', ...PLAIN],
    steps: [...asks('a'), { set: ['s1', 'maint'] }, ...asks('a', 'b', 'c')],
  },
  {
    name: 'a server of the table refuses, with option redispatch',
    backend: [
      'stick-table type string size 20',
      'stick on req.hdr(x)',
      'option redispatch',
      'retries 1',
      'timeout connect 100ms',
      'server s1 <gone>',
      'server s2 <s2>',
    ],
    steps: asks('a', 'a', 'b'),
  },
  {
    name: 'a refused response is stored, one that never came is not',
    backend: [
      'stick-table type string size 20',
      'stick on req.hdr(x)',
      'http-response deny if { status 403 }',
      'retries 0',
      'server s1 <s1>',
      'server s2 <gone>',
    ],
    steps: [{ fields: ['x: a'], status: 403 }, { fields: ['x: b'] }, { fields: ['x: c'] }],
  },
];

/** A server that is full, and so is its queue; `option` decides what becomes of who belongs to it. */
export const FULL: readonly Story[] = ['', 'option redispatch', 'option redispatch 2', 'force-persist if TRUE', 'option persist'].map(
  (option) => ({
    name: `a server that is full, with '${option}'`,
    backend: ['cookie SRV insert indirect', option, 'server s1 <s1> cookie one maxconn 1 maxqueue 1', 'server s2 <s2> cookie two'],
    steps: [{ cookies: ['SRV=one'] }, { cookies: ['SRV=two'] }, {}],
  }),
);
