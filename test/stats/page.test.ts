import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Script } from 'node:vm';
import type { Backend } from '../../src/backend/backend.ts';
import { History } from '../../src/stats/page/history.ts';
import { hashOf, MADE, SCRIPT } from '../../src/stats/page/script.ts';
import type { PageData } from '../../src/stats/page/shape.ts';
import { STYLE } from '../../src/stats/page/style.ts';
import { PAGE_FIELDS, type PageView, page, readPageQuery } from '../../src/stats/page.ts';
import { EVERYTHING, type StatsProxy } from '../../src/stats/rows.ts';
import { CHECK, makeListen, PLACE, serverConfig, statsConfig } from './objects.ts';

function view(changes: Partial<PageView> = {}): PageView {
  return {
    facts: {
      version: '0.1.0',
      released: '2026/11/21',
      pid: 26978,
      node: 'edge1',
      startedAt: 0,
      maxconn: 200,
      connections: () => 3,
      idle: () => 98.6,
      bytesOutRate: () => 125_000,
    },
    spoken: '2.6.12',
    stats: statsConfig(),
    proxies: [makeListen('app', [serverConfig('w1', { check: CHECK }), serverConfig('w2')], { id: 6 })],
    selection: EVERYTHING,
    at: { now: 96_500, legends: false, counts: false },
    admin: false,
    norefresh: false,
    result: '',
    asked: readPageQuery(''),
    history: new History(() => []),
    explain: () => ({ sources: [], conflicts: [], routes: [], containers: [], answer: undefined, unsettled: [] }),
    ...changes,
  };
}

const whole = (changes: Partial<PageView> = {}): string => [...page(view(changes))].join('');
/** What stands in the document but for the page's own style and script. */
const text = (changes: Partial<PageView> = {}): string => whole(changes).replace(STYLE, '').replace(SCRIPT, '');
const asked = (rest: string, changes: Partial<PageView> = {}): string => text({ asked: readPageQuery(rest), ...changes });
const live = (changes: Partial<PageView> = {}): PageData => JSON.parse(asked(';live', changes));

test('monitoring agents find version, uptime and idleness, each on one line', () => {
  const lines = whole().split('\n');
  const found = (pattern: RegExp): readonly string[] => lines.flatMap((line) => pattern.exec(line)?.slice(1) ?? []);
  assert.deepEqual(found(/HAProxy version ([^,]+), released/), ['2.6.12']);
  assert.deepEqual(found(/<b>uptime = <\/b> (\d+)d (\d+)h(\d+)m(\d+)s<br>/), ['0', '0', '01', '36']);
  assert.deepEqual(found(/idle = ([0-9]+) %/), ['99']);
  assert.deepEqual(found(/pid = <\/b> (\d+) \(process #1, nbproc = 1, nbthread = 1\)/), ['26978']);
  assert.deepEqual(found(/current conns = (\d+); current pipes = 0\/0; conn rate = (\d+)\/sec; bit rate = (\S+)/), [
    '3',
    '0',
    '1.00\u00a0Mbps</span>'.split('\u00a0')[0],
  ]);
});

test('the page says who it is, and hide-version hides every version', () => {
  assert.match(text(), /Fairlead 0\.1\.0/);
  assert.doesNotMatch(text({ stats: statsConfig({ hideVersion: true }) }), /version|0\.1\.0/);
});

test('nothing is loaded, and nothing but the page’s own script and style counts', () => {
  assert.doesNotMatch(whole({ admin: true }), /https?:\/\/|@import|url\(|<script[^>]*src|<link rel="stylesheet/);
  assert.match(PAGE_FIELDS, /content-security-policy: default-src 'none'; /);
  assert.ok(PAGE_FIELDS.includes(`script-src ${hashOf(/<script type="module">([\s\S]*?)<\/script>/.exec(whole())?.[1] ?? '')};`));
  assert.ok(PAGE_FIELDS.includes(`style-src ${hashOf(/<style>([\s\S]*?)<\/style>/.exec(whole())?.[1] ?? '')};`));
  assert.match(PAGE_FIELDS, /frame-ancestors 'none'\r\nx-frame-options: DENY\r\n/);
  assert.doesNotMatch(text({ admin: true }), / style=| on[a-z]+=/);
});

test('the script is one text without imports that a browser can read', () => {
  assert.doesNotMatch(SCRIPT, /^\s*(import|export)\b/m);
  assert.doesNotMatch(SCRIPT, /<\/script|sourceMappingURL/);
  new Script(`(async () => {${SCRIPT}})`);
});

test('there is a row per object, by the names and classes that HAProxy gives them', () => {
  const rows = [...text().matchAll(/<tr class="([^"]*)" data-key="([^"]*)"><th scope="row"><a name="([^"]*)">/g)].map((match) =>
    match.slice(1),
  );
  assert.deepEqual(rows, [
    ['frontend is-up', 'app//Frontend', 'app/Frontend'],
    ['active_going_down server is-going', 'app/w1', 'app/w1'],
    ['active_no_check server is-plain', 'app/w2', 'app/w2'],
    ['backend is-up', 'app//Backend', 'app/Backend'],
  ]);
  assert.match(text(), /<table class="tbl">.*<tr class="titre">/);
});

test('tables are read aloud with their headings', () => {
  assert.match(text(), /<th scope="col" class="c-name">Name<\/th><th scope="col" class="c-state" title="[^"]+">State<\/th>/);
  for (const landmark of [
    /<header>/,
    /<nav aria-label="Views">/,
    /<main id="tables"/,
    /role="search"/,
    /<caption class="unseen">app<\/caption>/,
  ]) {
    assert.match(text(), landmark);
  }
});

test('a server shows why it is where it is', () => {
  const listen = makeListen('app', [serverConfig('w1', { check: CHECK })]);
  listen.backend?.servers[0]?.setVerdict({ code: 'L7STS', passed: false, status: 503, info: 'Service <Unavailable>', duration: 4 }, 0);
  assert.match(text({ proxies: [listen] }), /<small class="why">Layer7 wrong status 503: Service &lt;Unavailable&gt;<\/small>/);
});

test('while a check runs, the last one is shown whole', () => {
  const listen = makeListen('app', [serverConfig('w1', { check: CHECK })]);
  const [server] = listen.backend?.servers ?? [];
  assert.ok(server);
  server.setVerdict({ code: 'L7OK', passed: true, status: 200, info: '', duration: 4 }, 0);
  server.checking = true;
  assert.match(text({ proxies: [listen] }), /L7OK\/200 in 4ms/);
});

/** Columns that no window narrower than `rem` shows, by their headings. */
function leftOut(document: string, rem: number): string[] {
  const headings = Array.from(
    document.matchAll(/<th scope="col" class="c-[^"]*" title="[^"]*">(?:<span class="rest">)?([^<]*)/g),
    (match) => match[1] ?? '',
  );
  const rules = [...STYLE.matchAll(/@media \(width < (\d+)rem\) \{ (\.tbl tr .*?) \{ display: none/g)].filter(
    (rule) => Number(rule[1]) >= rem,
  );
  return rules.flatMap((rule) =>
    Array.from((rule[2] ?? '').matchAll(/:nth-child\((\d+)\)/g), (match) => headings[Number(match[1]) - 2] ?? ''),
  );
}

test('a phone shows state, sessions, total and the sum of errors', () => {
  const listen = makeListen('app', [serverConfig('w1')]);
  const [server] = listen.backend?.servers ?? [];
  assert.ok(server);
  server.counters.econ = 20;
  server.counters.eresp = 3;
  const document = text({ proxies: [listen] });
  const all = Array.from(
    /<thead>.*?<\/thead>/.exec(document)?.[0].matchAll(/title="[^"]*">(?:<span class="rest">)?([^<]*)/g) ?? [],
    (match) => match[1] ?? '',
  );
  const hidden = new Set(leftOut(document, 48));
  assert.deepEqual(
    all.filter((heading) => !hidden.has(heading)),
    ['State', 'Sessions', 'Total', 'Errors'],
  );
  assert.ok(document.includes('<span class="phone">23</span>'));
});

test('a window without room for all leaves out columns that say nothing in any row, and gets them back when one does', () => {
  const listen = makeListen('app', [serverConfig('w1')]);
  const silent = () => /<main id="tables" class="([^"]*)">/.exec(text({ proxies: [listen] }))?.[1]?.split(' ') ?? [];
  const before = silent();
  const [server] = listen.backend?.servers ?? [];
  assert.ok(server);
  server.counters.wretr++;
  assert.equal(silent().length, before.length - 1);
  const gone = before.find((name) => !silent().includes(name)) ?? '';
  assert.ok(STYLE.includes(`.${gone} .tbl tr > :nth-child(${gone.replace('no-', '')})`));
});

test('where a server is and what it was made from is shown with show-legends alone', () => {
  const proxies = [makeListen('app', [serverConfig('w1', { origin: 'container web image <x>' })])];
  const secrets = /127\.0\.0\.1:19001|container web|roundrobin/;
  assert.doesNotMatch(text({ proxies }), secrets);
  assert.doesNotMatch(asked(';row=app%2Fw1', { proxies }), secrets);
  const document = text({ proxies, at: { now: 96_500, legends: true, counts: false } });
  assert.ok(document.includes('127.0.0.1:19001, container web image &lt;x&gt;</small>'));
  assert.ok(document.includes('balance roundrobin'));
});

test('of a line in a file, the folder is left to the details', () => {
  const proxies = [makeListen('app', [serverConfig('w1', { origin: '/etc/fairlead/haproxy.cfg:12' })])];
  const at = { now: 0, legends: true, counts: false };
  assert.ok(text({ proxies, at }).includes('127.0.0.1:19001, haproxy.cfg:12</small>'));
  assert.ok(asked(';row=app%2Fw1', { proxies, at }).includes('/etc/fairlead/haproxy.cfg:12'));
});

const EVIL = `"><script>alert(1)</script><img src=x onerror='alert(2)'>&amp;`;

test('names, reasons and descriptions cannot become markup', () => {
  const container = { id: EVIL, name: EVIL, image: EVIL, imageId: EVIL, created: 0, labels: new Map([[EVIL, EVIL]]) };
  const listen = makeListen(EVIL, [serverConfig(EVIL, { check: CHECK, origin: EVIL, container })], { description: EVIL });
  const [server] = listen.backend?.servers ?? [];
  assert.ok(server);
  server.setVerdict({ code: 'L7STS', passed: false, status: 500, info: EVIL, duration: 1 }, 0);
  const note = { level: 'error', subject: EVIL, message: EVIL } as const;
  const hostile: Partial<PageView> = {
    proxies: [listen],
    stats: statsConfig({ showDesc: EVIL, showNode: EVIL }),
    selection: { ...EVERYTHING, scope: '"><' },
    at: { now: 0, legends: true, counts: false },
    admin: true,
    explain: () => ({
      sources: [{ name: EVIL, spokenAt: undefined, trouble: EVIL, servers: 0, pools: 0, routes: 0, notes: [note] }],
      conflicts: [note],
      routes: [{ frontend: EVIL, host: EVIL, pool: EVIL, priority: 0, rewrite: EVIL, origin: EVIL }],
      containers: [{ kind: EVIL, name: EVIL, id: EVIL, verdict: 'refused', facts: EVIL, summary: EVIL }],
      answer: { asked: EVIL, routed: false, lines: [EVIL] },
      unsettled: [EVIL],
    }),
  };
  for (const rest of ['', `;row=${encodeURIComponent(`${EVIL}/${EVIL}`)}`, ';explain']) {
    const document = asked(rest, hostile);
    assert.doesNotMatch(document, /<script>alert|<img/, rest);
    assert.ok(document.includes('&lt;script&gt;'), rest);
  }
  assert.equal(live(hostile).proxies[0]?.rows[1]?.name, EVIL);
});

test('no proxy can be mistaken for a part of the page itself', () => {
  const ids = [...text({ proxies: [makeListen('panel', [serverConfig('confirm')])] }).matchAll(/ id="([^"]*)"/g)].map((match) => match[1]);
  assert.equal(new Set(ids).size, ids.length, ids.join(' '));
});

test('a form goes to where it stands', () => {
  const chosen = { admin: true, norefresh: true, selection: { ...EVERYTHING, up: true, scope: 'ap' } };
  for (const rest of ['', ';row=app%2Fw2']) {
    assert.match(asked(rest, chosen), /<form method="post" action="\/admin\?stats;up;norefresh;scope=ap">/);
  }
});

test('large numbers are short, and told in full to who asks', () => {
  const listen = makeListen('app', [serverConfig('w1')]);
  const [server] = listen.backend?.servers ?? [];
  assert.ok(server);
  server.counters.stot = 1_234_567_890;
  assert.ok(text({ proxies: [listen] }).includes('<span title="1\u202f234\u202f567\u202f890">1.23\u202fG</span>'));
});

test('an explain view of thousands of routes is made in pieces, and walks a pool once', () => {
  const listen = makeListen('app', [serverConfig('w1')]);
  let walks = 0;
  const servers = listen.backend?.servers ?? [];
  const proxies = [
    {
      ...listen,
      backend: {
        name: 'app',
        get servers() {
          walks++;
          return servers;
        },
      } as unknown as Backend,
    },
  ];
  const route = { frontend: 'www', host: 'a.test', pool: 'app', priority: 0, rewrite: undefined, origin: '"x"' };
  const explain = () => ({
    sources: [],
    conflicts: [],
    routes: Array.from({ length: 2000 }, () => route),
    containers: [],
    answer: undefined,
    unsettled: [],
  });
  const pieces = [...page(view({ proxies, explain, admin: true, asked: readPageQuery(';explain;live') }))];
  assert.ok(pieces.length > 2000 && Math.max(...pieces.map(({ length }) => length)) < 4000);
  assert.equal(walks, 1);
  const { parts } = JSON.parse(pieces.join('')) as { readonly parts: readonly { readonly id: string; readonly markup: string }[] };
  assert.deepEqual(
    parts.map(({ id }) => id),
    ['question', 'sources', 'containers', 'notes', 'routes'],
  );
  assert.equal(parts[4]?.markup.match(/<td>&quot;x&quot;<\/td>/g)?.length, 2000);
});

test('a form is there for those who may change servers', () => {
  assert.doesNotMatch(text(), /<form/);
  const document = text({ admin: true });
  assert.match(document, /<form method="post" action="\/admin\?stats">/);
  assert.match(document, /<input type="checkbox" name="s" value="w1"/);
  assert.match(document, /<input type="hidden" name="b" value="app">/);
  assert.doesNotMatch(asked(';row=app%2Fw1'), /<form/);
  assert.match(asked(';row=app%2Fw1', { admin: true }), /<button name="action" value="drain">/);
});

test('the result of a change is told, and only one that we know', () => {
  assert.match(text({ result: 'DONE' }), /role="status">Done\./);
  assert.match(text({ result: 'WHAT' }), /id="toast" role="status"><\/p>/);
});

test('links keep what was chosen', () => {
  const document = text({ selection: { ...EVERYTHING, up: true, scope: 'app' }, norefresh: true, stats: statsConfig({ refresh: 10 }) });
  for (const link of [
    'href="/admin?stats;norefresh;scope=app">Show all servers',
    'href="/admin?stats;up;no-maint;norefresh;scope=app">Hide maintenance',
    'href="/admin?stats;up;scope=app">Refresh by itself',
    'href="/admin?stats;csv;norefresh;scope=app">CSV',
    'href="/admin?stats;explain;up;norefresh;scope=app">Explain routing',
    'href="/admin?stats;up;norefresh">All proxies',
  ]) {
    assert.ok(document.includes(link), link);
  }
});

test('who has no scripts gets the page anew as stats refresh says', () => {
  const stats = statsConfig({ refresh: 7 });
  assert.match(text({ stats }), /<noscript><meta http-equiv="refresh" content="7"><\/noscript>/);
  assert.match(asked(';row=app%2Fw1', { stats, result: 'DONE' }), /content="7; url=\/admin\?stats;row=app%2Fw1">/);
  assert.doesNotMatch(text({ stats, norefresh: true }), /http-equiv/);
  assert.match(text({ stats }), /data-interval="7" data-paused="no"/);
  assert.match(text({ stats, norefresh: true }), /data-paused="yes"/);
  assert.match(text(), /data-interval="2"/);
});

test('what the script gets is what the tables are made from', () => {
  const { made, facts, proxies } = live();
  assert.equal(made, MADE);
  assert.ok(text().includes(` data-made="${MADE}"`));
  assert.deepEqual(facts, { uptime: 96, pid: 26978, maxconn: 200, connections: 3, connRate: 0, bitRate: 1_000_000, idle: 98.6 });
  assert.deepEqual(
    proxies.map(({ name, kind, form, rows }) => [name, kind, form, rows.map((row) => row.name)]),
    [['app', 'listen', false, ['FRONTEND', 'w1', 'w2', 'BACKEND']]],
  );
});

test('details have every value of the row, with what it means', () => {
  const document = asked(';row=app%2Fw1');
  for (const name of ['qtime_max', 'hrsp_2xx', 'check_rise', 'need_conn_est', 'sid', 'mode']) {
    assert.match(document, new RegExp(`<th scope="row">${name}<small>[^<]+</small></th>`), name);
  }
  assert.match(asked(';row=app%2F%2FFrontend'), /<th scope="row">req_rate_max</);
  assert.match(asked(';row=app%2Fnobody'), /There is no such row/);
  assert.match(asked(';row=%'), /There is no such row/);
});

test('details tell the last checks and where a container comes from', () => {
  const container = {
    id: 'abc',
    name: 'web-1',
    image: 'nginx:1.27',
    imageId: 'sha256:1',
    created: 0,
    labels: new Map([['fairlead.host', 'a.test']]),
  };
  const listen = makeListen('app', [serverConfig('w1', { check: CHECK, container })]);
  const [server] = listen.backend?.servers ?? [];
  assert.ok(server);
  for (let at = 0; at < 40; at++)
    server.setVerdict({ code: 'L4CON', passed: false, status: -1, info: `no ${at}`, duration: at }, at * 1000);
  const at = { now: 41_000, legends: true, counts: false };
  const document = asked(';row=app%2Fw1', { proxies: [listen], at, admin: true });
  const checks = [...document.matchAll(/<th scope="row">(\w+) ago<\/th>.*?(no \d+)<\/td><td class="number">(\d+) ms/g)].map((match) =>
    match.slice(1),
  );
  assert.equal(checks.length, 16);
  assert.deepEqual(checks[0], ['2s', 'no 39', '39']);
  assert.match(document, /<th scope="row">label fairlead\.host<\/th><td>a\.test<\/td>/);
  const seen = asked(';row=app%2Fw1', { proxies: [listen], at });
  assert.match(seen, /<th scope="row">image<\/th><td>nginx:1\.27<\/td>/);
  assert.doesNotMatch(seen, /a\.test/, 'labels of containers hold passwords');
});

test('the explain view shows sources, notes with the worst first, and where hosts lead', () => {
  const note = (level: 'info' | 'error', subject: string) => ({ level, subject, message: `of ${subject}` });
  const document = asked(';explain', {
    admin: true,
    explain: () => ({
      sources: [
        {
          name: 'docker',
          spokenAt: 90_500,
          trouble: '',
          servers: 3,
          pools: 2,
          routes: 1,
          notes: [note('info', 'db'), note('error', 'web-1')],
        },
        { name: 'docker/east', spokenAt: undefined, trouble: '', servers: 0, pools: 0, routes: 0, notes: [] },
        { name: 'docker/west', spokenAt: 1, trouble: 'connect ECONNREFUSED', servers: 0, pools: 0, routes: 0, notes: [] },
      ],
      conflicts: [],
      routes: [{ frontend: 'www', host: 'a.test/api', pool: 'app', priority: 5, rewrite: '', origin: 'container web-1' }],
      containers: [],
      answer: undefined,
      unsettled: ['www'],
    }),
  });
  assert.match(document, /docker<\/th><td><span class="badge up">speaks<\/span><\/td><td>6s ago/);
  assert.match(document, /docker\/east<\/th><td><span class="badge going">silent/);
  assert.match(document, /docker\/west<\/th><td><span class="badge down">away<\/span><small>connect ECONNREFUSED/);
  assert.ok(document.indexOf('of web-1') < document.indexOf('of db'));
  assert.match(
    document,
    /a\.test\/api<\/th><td>www<\/td><td><a class="open" href="[^"]*">app<\/a><\/td><td><span class="badge up">served<\/span> 2 of 2/,
  );
  assert.match(document, /priority 5, rewritten to &#39;&#39;/);
  assert.match(document, /<b>www<\/b>: a host without a route gets 503/);
});

test('the explain view tells of every container, those that are not routed first, and answers a question', () => {
  const explain = (of: string) => ({
    sources: [],
    conflicts: [],
    routes: [],
    containers: [
      { kind: 'container', name: 'web', id: 'abc', verdict: 'routed', facts: 'nginx, running', summary: 'a.test/ -> web' },
      { kind: 'task', name: 'a b', id: 'def', verdict: 'refused', facts: 'redis', summary: 'it exposes no TCP port' },
    ] as const,
    answer: of === '' ? undefined : { asked: of, routed: false, lines: ['one\n', '    two\n'] },
    unsettled: [],
  });
  const none = asked(';explain', { admin: true, explain });
  assert.ok(none.indexOf('a b</a>') < none.indexOf('web</a>'));
  assert.match(none, /<span class="badge down">not routed<\/span><\/td><th scope="row"><a href="\/admin\?stats;explain;of=a%20b">a b<\/a>/);
  assert.match(
    none,
    /<form method="get" action="\/admin" class="question"><input id="question" type="search" name="stats;explain;of" value=""/,
  );
  assert.doesNotMatch(none, /class="answer"/);
  const answered = asked(';explain;of=x%2Fy', { admin: true, explain });
  assert.match(answered, /<span class="badge down">not routed<\/span> x\/y<\/p><pre class="answer">one\n {4}two\n<\/pre>/);
  assert.match(answered, /data-view=";explain;of=x%2Fy"/, 'what is asked for is asked again');
});

test('a question is found in what browsers make of a form', () => {
  const encoded = new URLSearchParams([['stats;explain;norefresh;of', 'www.example.test/a b?c;d&e']]).toString();
  const { view: seen, of } = readPageQuery(encoded.slice('stats'.length));
  assert.deepEqual([seen, of], ['explain', 'www.example.test/a b?c;d&e']);
});

test('a form that would not lead to the statistics again is not there', () => {
  const forms = (uri: string) => asked(';explain', { admin: true, stats: statsConfig({ uri }) }).includes('class="question"');
  assert.deepEqual(['/admin?stats', '/stats', '/x?a=b', '/x?a?b'].map(forms), [true, true, false, false]);
});

const rules = (...lines: readonly string[]) => lines.map((line) => ({ place: PLACE, words: line.split(' ') }));
const EXPLAINED: readonly (readonly [who: string, changes: Partial<PageView>, shown: boolean])[] = [
  ['anybody', {}, false],
  ['who had to log in', { stats: statsConfig({ auth: [{ user: 'a', password: 'b' }] }) }, true],
  ['whom a rule has let in', { stats: statsConfig({ httpRequest: rules('allow if ok', 'deny') }) }, true],
  ['anybody whom a rule lets in', { stats: statsConfig({ httpRequest: rules('allow', 'deny') }) }, false],
  ['who may see addresses', { at: { now: 0, legends: true, counts: false } }, false],
  ['who may change servers', { admin: true }, true],
  ['who sees some proxies alone', { admin: true, stats: statsConfig({ scope: ['app'] }) }, false],
];
for (const [who, changes, shown] of EXPLAINED) {
  test(`${who} ${shown ? 'gets' : 'does not get'} the explain view`, () => {
    assert.equal(asked(';explain', changes).includes('Sources of servers'), shown);
  });
}

test('a page of many servers is made in pieces', () => {
  const servers = Array.from({ length: 500 }, (_, at) => serverConfig(`w${at}`));
  const proxies: StatsProxy[] = [makeListen('app', servers)];
  const pieces = [...page(view({ proxies }))];
  assert.ok(pieces.length > 1000, `${pieces.length} pieces`);
  const data = [...page(view({ proxies, asked: readPageQuery(';live') }))].join('');
  assert.ok(data.length / 500 < 300, `${data.length / 500} bytes for each server that is idle`);
});
