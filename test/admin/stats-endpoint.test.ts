import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StatsEndpoint, type StatsEndpointOptions } from '../../src/admin/stats-endpoint.ts';
import type { StatsConfig } from '../../src/config/model.ts';
import { Head } from '../../src/http/head.ts';
import type { Reply } from '../../src/proxy/types.ts';
import type { RuleContext } from '../../src/rules/types.ts';
import type { ExplainFacts } from '../../src/stats/page/explain.ts';
import { History } from '../../src/stats/page/history.ts';
import { PAGE_FIELDS } from '../../src/stats/page.ts';
import { contextOf } from '../rules/support.ts';
import { makeBackend, makeListen, proxyConfig, serverConfig, statsConfig } from '../stats/objects.ts';
import { PROCESS_FACTS } from '../stats/process-state.ts';
import { parseStats } from '../support/stats.ts';
import { bodyOf, textOf } from './reply-text.ts';

interface Request {
  readonly method?: string;
  readonly target?: string;
  readonly fields?: Readonly<Record<string, string>>;
  readonly body?: string;
}

type WholeReply = Reply & { readonly body: Buffer };

const NOTHING_KNOWN: ExplainFacts = { sources: [], conflicts: [], routes: [], containers: [], answer: undefined, unsettled: [] };
const NOTHING = Buffer.alloc(0);
/** A row of JSON more than what ends a part. */
const LONGEST_PART = 48 * 1024;
const ADMIN = { place: { file: 'test.cfg', line: 3 }, words: ['if', 'TRUE'] };
const basic = (credentials: string): string => `Basic ${Buffer.from(credentials).toString('base64')}`;

function head({ method = 'GET', target = '/admin?stats', fields = {}, body = '' }: Request): Head {
  const head = new Head();
  head.method = method;
  head.target = target;
  head.contentLength = body.length;
  head.host = fields.host ?? '';
  for (const [name, value] of Object.entries(fields)) {
    const from = head.text.length;
    head.text += `${name}: ${value}\r\n`;
    head.span(from, from + name.length, from + name.length + 2, head.text.length - 2);
  }
  return head;
}

const context = (request: Request): RuleContext => contextOf(head(request));

/** A `listen app` with two servers and another backend, and what asks for its statistics. */
function setUp(stats: Partial<StatsConfig> = {}, options: Partial<StatsEndpointOptions> = {}) {
  const app = makeListen('app', [serverConfig('w1'), serverConfig('w2')], { id: 2, stats: statsConfig(stats) });
  const other = makeBackend(proxyConfig('other', 'backend', { id: 3 }), [serverConfig('o1')]);
  const endpoint = new StatsEndpoint({
    facts: PROCESS_FACTS,
    proxies: () => [app, { name: 'other', frontend: undefined, backend: other }],
    admits: () => true,
    history: new History(() => []),
    explain: () => NOTHING_KNOWN,
    ...options,
  });
  assert.ok(app.frontend);
  const asked = { frontend: app.frontend, backend: undefined };
  const ask = (request: Request = {}): WholeReply => {
    const reply = endpoint.handle(asked, context(request), request.body === undefined ? NOTHING : Buffer.from(request.body));
    assert.ok(reply !== undefined);
    return { ...reply, body: bodyOf(reply) };
  };
  const post = (body: string, more: Request = {}): string => {
    const reply = ask({ method: 'POST', body, ...more });
    assert.deepEqual([reply.status, reply.reason, reply.body.length], [303, 'See Other', 0]);
    const fields = /^cache-control: no-cache\r\ncontent-type: text\/plain\r\ncontent-length: 0\r\nlocation: (.*)\r\n$/;
    return fields.exec(reply.fieldLines)?.[1] ?? reply.fieldLines;
  };
  const states = (): string[] => [...(app.backend?.servers ?? []), ...other.servers].map((server) => server.statusText());
  return { endpoint, asked, ask, post, states };
}

test('what is not under the uri, and methods that statistics do not have, are left to routing', () => {
  const { endpoint, asked } = setUp();
  for (const request of [{ target: '/admin' }, { method: 'PUT' }, { method: 'DELETE' }, { method: 'OPTIONS' }]) {
    assert.equal(endpoint.matches(asked, head(request)), false);
    assert.equal(endpoint.handle(asked, context(request), NOTHING), undefined);
  }
  for (const method of ['GET', 'HEAD', 'POST']) assert.equal(endpoint.matches(asked, head({ method })), true);
});

test("a backend's own stats uri answers once the backend is chosen", () => {
  const { endpoint, asked } = setUp({ uri: '/front' });
  const backend = makeBackend(proxyConfig('b', 'backend', { stats: statsConfig({ uri: '/bstats' }) }), []);
  assert.equal(endpoint.matches(asked, head({ target: '/bstats' })), false);
  assert.equal(endpoint.matches({ ...asked, backend }, head({ target: '/bstats;csv' })), true);
});

test('the answer has the fields of HAProxy, in its order', () => {
  const cases: readonly (readonly [target: string, type: string])[] = [
    ['/admin?stats', 'text/html'],
    ['/admin?stats;csv', 'text/plain'],
    ['/admin?stats;typed', 'text/plain'],
    ['/admin?stats;json', 'application/json'],
    ['/admin?stats;json-schema', 'application/json'],
  ];
  const { ask } = setUp({ refresh: 10 });
  for (const [target, type] of cases) {
    const reply = ask({ target });
    assert.deepEqual([reply.status, reply.reason, reply.framing], [200, 'OK', 'chunked']);
    assert.equal(ask({ target, method: 'HEAD' }).fieldLines, reply.fieldLines);
    const own = type === 'text/html' ? PAGE_FIELDS : '';
    assert.equal(reply.fieldLines, `cache-control: no-cache\r\ncontent-type: ${type}\r\nrefresh: 10\r\n${own}`);
    assert.equal(ask({ target: `${target};norefresh` }).fieldLines, `cache-control: no-cache\r\ncontent-type: ${type}\r\n${own}`);
  }
});

test('without stats refresh there is no refresh', () => {
  assert.doesNotMatch(setUp().ask().fieldLines, /refresh/);
});

test('a request without credentials is asked for them, in the words of HAProxy', () => {
  const { ask } = setUp({ auth: [{ user: 'admin', password: 'joypass123' }], realm: 'Haproxy Statistics' });
  for (const method of ['GET', 'HEAD', 'POST']) {
    const reply = ask({ method });
    assert.deepEqual([reply.status, reply.reason], [401, 'Unauthorized']);
    assert.equal(
      reply.fieldLines,
      'cache-control: no-cache\r\ncontent-type: text/html\r\nwww-authenticate: Basic realm="Haproxy Statistics"\r\n',
    );
    assert.equal(
      reply.body.toString(),
      '<html><body><h1>401 Unauthorized</h1>\nYou need a valid user and password to access this content.\n</body></html>\n',
    );
  }
  assert.equal(ask({ fields: { authorization: basic('admin:joypass124') } }).status, 401);
  assert.equal(ask({ fields: { authorization: basic('admin:joypass123') } }).status, 200);
});

test('a realm cannot end its quotes', () => {
  const { ask } = setUp({ auth: [{ user: 'a', password: 'b' }], realm: 'a "b" \\c' });
  assert.match(ask().fieldLines, /realm="a \\"b\\" \\\\c"/);
});

function names(reply: WholeReply): string[] {
  return reply.body
    .toString()
    .split('\n')
    .slice(1, -1)
    .map((line) => line.split(',').slice(0, 2).join('/'));
}

test('stats scope and scope= decide which proxies are shown', () => {
  const all = ['app/FRONTEND', 'app/w1', 'app/w2', 'app/BACKEND', 'other/o1', 'other/BACKEND'];
  assert.deepEqual(names(setUp().ask({ target: '/admin?stats;csv' })), all);
  assert.deepEqual(names(setUp().ask({ target: '/admin?stats;csv;scope=OTH' })), all.slice(4));
  assert.deepEqual(names(setUp({ scope: ['app'] }).ask({ target: '/admin?stats;csv' })), all.slice(0, 4));
});

test(';up hides servers and counts them', () => {
  const { ask, post } = setUp({ admin: [ADMIN] });
  post('s=w1&action=maint&b=app');
  const text = ask({ target: '/admin?stats;csv;up' }).body.toString();
  assert.doesNotMatch(text, /^app,w1,/m);
  assert.match(text, /^app,BACKEND.*,UP \(1\/2\),/m);
});

test('addresses are shown with show-legends alone', () => {
  assert.doesNotMatch(setUp().ask({ target: '/admin?stats;csv' }).body.toString(), /127\.0\.0\.1/);
  assert.match(setUp({ showLegends: true }).ask({ target: '/admin?stats;csv' }).body.toString(), /,127\.0\.0\.1:19001,/);
});

test('browsers are not told to load the page anew, which renews itself', () => {
  const { ask } = setUp({ refresh: 10 });
  const fields = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' };
  assert.doesNotMatch(ask({ fields }).fieldLines, /refresh/);
  assert.match(ask({ fields }).body.toString(), /<noscript><meta http-equiv="refresh" content="10"><\/noscript>/);
  assert.match(ask({ target: '/admin?stats;csv', fields }).fieldLines, /refresh: 10/);
});

test("the page's script asks for JSON, with the rights and the choices of the page", () => {
  const { ask } = setUp({ scope: ['app'], admin: [ADMIN] });
  const reply = ask({ target: '/admin?stats;live;scope=AP' });
  assert.equal(reply.fieldLines, 'cache-control: no-cache\r\ncontent-type: application/json\r\n');
  const { proxies } = JSON.parse(reply.body.toString());
  assert.deepEqual(
    proxies.map(({ name, form }: { name: string; form: number | null }) => [name, form]),
    [['app', true]],
  );
  assert.deepEqual(JSON.parse(ask({ target: '/admin?stats;live;scope=other' }).body.toString()).proxies, []);
  assert.match(ask({ target: '/admin?stats;live;row=other%2Fo1' }).body.toString(), /no such row/);
});

test('an action from the page leaves who asked for it', () => {
  const { post, ask } = setUp({ admin: [ADMIN] });
  post('s=w1&action=maint&b=app');
  assert.match(ask().body.toString(), /asked for on this page/);
});

test('the page has its form where stats admin matches', () => {
  const form = /<form method="post" action="\/admin\?stats"/;
  assert.match(
    setUp({ admin: [ADMIN] })
      .ask()
      .body.toString(),
    form,
  );
  assert.doesNotMatch(setUp().ask().body.toString(), form);
  assert.doesNotMatch(
    setUp({ admin: [ADMIN] }, { admits: () => false })
      .ask()
      .body.toString(),
    form,
  );
});

/** Results as HAProxy 2.6 gave them for the same forms; states of app/w1, app/w2 and other/o1 afterwards. */
const FORMS: readonly (readonly [form: string, result: string, states: string])[] = [
  ['s=w1&action=maint&b=app', 'DONE', 'MAINT,no check,no check'],
  ['s=w1&action=maint&b=%232', 'DONE', 'MAINT,no check,no check'],
  ['b=#2&action=drain&s=w1&s=w2', 'DONE', 'DRAIN,DRAIN,no check'],
  ['s=o1&action=maint&b=other', 'DONE', 'no check,no check,MAINT'],
  ['s=w1&action=ready&b=app', 'DONE', 'no check,no check,no check'],
  ['s=nope&action=maint&b=app', 'ERRP', 'no check,no check,no check'],
  ['s=o1&action=maint&b=app', 'ERRP', 'no check,no check,no check'],
  ['s=w1&s=nope&action=maint&b=app', 'PART', 'MAINT,no check,no check'],
  ['s=w1&action=maint&b=nope', 'ERRP', 'no check,no check,no check'],
  ['s=w1&action=bogus&b=app', 'ERRP', 'no check,no check,no check'],
  ['s=w1&action=&b=app', 'ERRP', 'no check,no check,no check'],
  ['action=maint&b=app', 'NONE', 'no check,no check,no check'],
  ['s=w1&action=maint', 'NONE', 'no check,no check,no check'],
  ['s=w1&action=maint&b=', 'ERRP', 'no check,no check,no check'],
  ['s=w1&action=bogus', 'ERRP', 'no check,no check,no check'],
  ['s=w1&b=app', 'NONE', 'no check,no check,no check'],
  ['s=w1', 'NONE', 'no check,no check,no check'],
  ['', 'NONE', 'no check,no check,no check'],
  ['--x\r\nContent-Disposition: form-data; name="s"\r\n\r\nw1\r\n--x--', 'NONE', 'no check,no check,no check'],
  ['s=w1&action=disable&b=app', 'DONE', 'MAINT,no check,no check'],
  ['s=w1&action=enable&b=app', 'NONE', 'no check,no check,no check'],
  ['s=w1&action=stop&b=app', 'DONE', 'DRAIN,no check,no check'],
  ['s=w1&action=start&b=app', 'NONE', 'no check,no check,no check'],
  ['s=w1&s=w2&action=hdown&b=app', 'DONE', 'DOWN,DOWN,no check'],
  ['s=w1&action=hnolb&b=app', 'DONE', 'NOLB,no check,no check'],
  ['s=w1&action=hrunn&b=app', 'DONE', 'no check,no check,no check'],
  ['s=w1&action=dhlth&b=app', 'NONE', 'no check,no check,no check'],
  ['s=w1&s=nope&action=ehlth&b=app', 'ERRP', 'no check,no check,no check'],
  ['s=w1&action=adown&b=app', 'NONE', 'no check,no check,no check'],
  ['s=w1&action=eagent&b=app', 'NONE', 'no check,no check,no check'],
  ['s=w1&action=shutdown&b=app', 'DONE', 'no check,no check,no check'],
];

for (const [form, result, after] of FORMS) {
  test(`the form ${JSON.stringify(form)} is ${result}`, () => {
    const { post, states } = setUp({ admin: [ADMIN] });
    assert.equal(post(form), `/admin?stats;st=${result}`);
    assert.equal(states().join(), after);
  });
}

test('disable and enable say when they change nothing', () => {
  const { post, states } = setUp({ admin: [ADMIN] });
  const results = ['disable', 'disable', 'enable', 'enable'].map((action) => post(`s=w1&action=${action}&b=app`).slice(-4));
  assert.deepEqual(results, ['DONE', 'NONE', 'DONE', 'NONE']);
  assert.equal(states()[0], 'no check');
});

test('the redirect keeps what was chosen', () => {
  const target = '/admin?stats;up;norefresh;no-maint;csv;scope=App;st=NONE';
  const form = 's=w1&action=maint&b=app';
  assert.equal(setUp({ admin: [ADMIN] }).post(form, { target }), '/admin?stats;st=DONE;up;no-maint;scope=App');
  const { post } = setUp({ admin: [ADMIN], refresh: 10 });
  assert.equal(post(form, { target }), '/admin?stats;st=DONE;up;no-maint;norefresh;scope=App');
});

test('nothing changes without a stats admin rule that matches', () => {
  for (const { post, states } of [setUp(), setUp({ admin: [ADMIN] }, { admits: () => false })]) {
    assert.equal(post('s=w1&action=maint&b=app'), '/admin?stats;st=DENY');
    assert.equal(states()[0], 'no check');
  }
});

/** Who a post comes from, and whether it may change anything. */
const SENDERS: readonly (readonly [who: string, fields: Readonly<Record<string, string>>, may: boolean])[] = [
  ['a program', {}, true],
  ['a program that names a host', { host: 'lb.example.com' }, true],
  ['a page of another site', { host: 'lb', 'sec-fetch-site': 'cross-site' }, false],
  [
    'another site, whatever else it says',
    { host: 'lb', 'sec-fetch-site': 'cross-site', origin: 'http://lb', referer: 'http://lb/' },
    false,
  ],
  ['our own page', { host: 'lb:8404', 'sec-fetch-site': 'same-origin', origin: 'http://lb:8404' }, true],
  ['our own page behind a proxy that changes Host', { host: 'inner', 'sec-fetch-site': 'same-origin', origin: 'https://lb' }, true],
  ['a bookmark', { host: 'lb', 'sec-fetch-site': 'none' }, true],
  ['a neighbour within the site', { host: 'lb.example.com', 'sec-fetch-site': 'same-site', origin: 'http://www.example.com' }, false],
  ['a neighbour that does not say who it is', { host: 'lb.example.com', 'sec-fetch-site': 'same-site' }, false],
  ['our own page over plain HTTP', { host: 'LB:8404', origin: 'http://lb:8404' }, true],
  ['another site over plain HTTP', { host: 'lb:8404', origin: 'http://evil.example' }, false],
  ['another port of this host', { host: 'lb:8404', origin: 'http://lb' }, false],
  ['a page that hides its origin', { host: 'lb', origin: 'null' }, false],
  ['our own page, by its referer', { host: 'lb', referer: 'http://lb/admin?stats' }, true],
  ['another site, by its referer', { host: 'lb', referer: 'http://evil.example/lb/' }, false],
  ['a referer that is no address', { host: 'lb', referer: 'lb' }, false],
];

for (const [who, fields, may] of SENDERS) {
  test(`${who} may ${may ? '' : 'not '}post`, () => {
    const { ask, states } = setUp({ admin: [ADMIN] });
    const reply = ask({ method: 'POST', body: 's=w1&action=maint&b=app', fields });
    assert.deepEqual([reply.status, states()[0]], may ? [303, 'MAINT'] : [403, 'no check']);
    assert.equal(ask({ fields }).status, 200, 'reading is for everybody');
  });
}

test('a post of another site is asked for its password first', () => {
  const { ask } = setUp({ auth: [{ user: 'a', password: 'b' }], admin: [ADMIN] });
  assert.equal(ask({ method: 'POST', fields: { 'sec-fetch-site': 'cross-site' } }).status, 401);
});

test('a form that was too long to be read is refused, after the question whether it may change anything', () => {
  const cases: readonly (readonly [admin: StatsConfig['admin'], result: string])[] = [
    [[ADMIN], 'EXCD'],
    [[], 'DENY'],
  ];
  for (const [admin, result] of cases) {
    const { endpoint, asked } = setUp({ admin });
    const reply = endpoint.handle(asked, context({ method: 'POST' }), undefined);
    assert.match((reply as Reply).fieldLines, new RegExp(`;st=${result}\\r\\n`));
  }
});

test('a scope keeps the servers of other proxies out of reach', () => {
  const { post, states } = setUp({ admin: [ADMIN], scope: ['app'] });
  assert.equal(post('s=o1&action=maint&b=other'), '/admin?stats;st=ERRP');
  assert.equal(states()[2], 'no check');
});

test('no realm and no uri breaks a head', () => {
  const broken = { realm: 'a"\r\nb: c\0', uri: '/x\r\ny' };
  const closed = setUp({ ...broken, auth: [{ user: 'u', password: 'p' }] });
  assert.match(closed.ask({ target: broken.uri }).fieldLines, /realm="a\\" {2}b: c "\r\n$/);
  const open = setUp(broken);
  assert.match(open.ask({ method: 'POST', target: broken.uri }).fieldLines, /\r\nlocation: \/x {2}y;st=DENY\r\n$/);
});

test('a large report is made a part at a time, when its reader has room for it, and is whole', () => {
  const large = makeBackend(
    proxyConfig('large', 'backend', { id: 4 }),
    Array.from({ length: 3000 }, (_, index) => serverConfig(`s${index}`)),
  );
  const { endpoint, asked } = setUp({}, { proxies: () => [{ name: 'large', frontend: undefined, backend: large }] });
  const reply = endpoint.handle(asked, context({ target: '/admin?stats;json' }), NOTHING);
  assert.ok(reply !== undefined && !Buffer.isBuffer(reply.body));
  const first = reply.body.next();
  assert.ok(first.length < LONGEST_PART, `${first.length} bytes`);
  const rows = JSON.parse(first.toString() + textOf(reply)) as unknown[];
  assert.equal(rows.length, 3001);
});

test('a report that waits for its reader tells of each row as it is when it is its turn', () => {
  const servers = Array.from({ length: 300 }, (_, index) => serverConfig(`s${index}`));
  const large = makeBackend(proxyConfig('large', 'backend', { id: 4 }), servers);
  const { endpoint, asked } = setUp({}, { proxies: () => [{ name: 'large', frontend: undefined, backend: large }] });
  const reply = endpoint.handle(asked, context({ target: '/admin?stats;csv' }), NOTHING);
  assert.ok(reply !== undefined && !Buffer.isBuffer(reply.body));
  const first = reply.body.next().toString();
  large.addServer(serverConfig('late'), 0);
  for (const server of large.servers) server.counters.stot = 7;
  const rows = parseStats(first + textOf(reply));
  assert.equal(rows.at(0)?.stot, '0');
  assert.equal(rows.at(-2)?.stot, '7');
  assert.equal(rows.length, 301);
});
