/** What a client is told that gets no server: HAProxy's page, and where discovery is involved when to ask again and why. */

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { FakeEngine } from '../discovery/docker/fake-engine.ts';
import { type Answer, type Ask, ask, RawClient } from '../support/client.ts';
import { Fairlead } from '../support/fairlead.ts';
import { startUpstream, type Upstream } from '../support/upstream.ts';
import { until } from '../support/wait.ts';

let engine: FakeEngine;
let slow: Upstream;
let fairlead: Fairlead;
/** Requests that the slow one holds. */
const held: (() => void)[] = [];

const config = () => `global
    stats socket %DIR%/cli level operator
defaults
    mode http
    timeout connect 5s
    timeout client 50s
    timeout server 50s
    timeout queue 200ms
docker here
    endpoint ${engine.endpoint}
docker silent
    endpoint unix://%DIR%/nobody.sock
frontend plain
    bind 127.0.0.1:0
    use_backend gone if { path_beg /gone }
    use_backend busy if { path_beg /busy }
    use_backend refusing if { path_beg /refusing }
frontend telling
    bind 127.0.0.1:0
    option explain-errors
    use_backend gone if { path_beg /gone }
    use_backend busy if { path_beg /busy }
    use_backend refusing if { path_beg /refusing }
frontend www
    bind 127.0.0.1:0
    use_backend gone if { path_beg /gone }
    docker-routes engine=here
    errorfile 500 %DIR%/500.http
frontend paged
    bind 127.0.0.1:0
    docker-routes engine=here
    errorfile 404 %DIR%/404.http
frontend waiting
    bind 127.0.0.1:0
    docker-routes engine=silent
frontend section
    bind 127.0.0.1:0
    default_backend listed
backend gone
    server s 127.0.0.1:1 disabled
backend busy
    server s ${slow.address} maxconn 1
backend refusing
    retries 0
    server s 127.0.0.1:1
backend listed
    docker-servers image=listed engine=here
`;

const PAGE_404 = 'HTTP/1.1 404 Not Found\r\ncontent-length: 83\r\ncache-control: no-cache\r\ncontent-type: text/html\r\n\r\n';
const PAGE_503 = 'HTTP/1.1 503 Service Unavailable\r\ncontent-length: 107\r\ncache-control: no-cache\r\ncontent-type: text/html\r\n\r\n';
const NOT_FOUND = '<html><body><h1>404 Not Found</h1>\nThe resource could not be found.\n</body></html>\n';
const UNAVAILABLE = '<html><body><h1>503 Service Unavailable</h1>\nNo server is available to handle this request.\n</body></html>\n';

before(async () => {
  slow = await startUpstream('slow', (_request, response) => held.push(() => response.end('slow')));
  engine = new FakeEngine();
  await engine.listen();
  engine.state(engine.create('sick', { labels: { 'fairlead.host': 'sick.test' } }), 'running', 'unhealthy');
  engine.create('here', { labels: { 'fairlead.host': 'here.test' } });
  const page = 'HTTP/1.1 404 Not Found\r\ncontent-length: 4\r\n\r\nours';
  fairlead = await Fairlead.start(config(), { files: { '404.http': page, '500.http': page } });
});

after(async () => {
  for (const answer of held.splice(0)) answer();
  await fairlead.stop();
  await slow.stop();
  await engine.dispose();
});

/** Everything that comes. */
async function bytes(frontend: string, text: string): Promise<string> {
  const client = await RawClient.connect(fairlead.port(frontend));
  client.send(text);
  const { head, body } = await client.readResponse();
  client.close();
  return head + body;
}

const get = (frontend: string, host: string, more: Ask = {}): Promise<Answer> =>
  ask(fairlead.port(frontend), { ...more, headers: { host, ...more.headers } });

/** What stands in the page besides. */
function reasonIn({ body }: Answer): string {
  return /<p>(.*)<\/p>\n<\/body>/.exec(body)?.[1] ?? '';
}

describe('without discovery', () => {
  it('a reply is what HAProxy would say, to a client of this machine, too', async () => {
    assert.equal(await bytes('plain', 'GET /gone HTTP/1.1\r\nHost: a.test\r\n\r\n'), PAGE_503 + UNAVAILABLE);
    assert.equal(await bytes('plain', 'GET / HTTP/1.1\r\nHost: a.test\r\n\r\n'), PAGE_503 + UNAVAILABLE);
    assert.equal(await bytes('plain', 'GET /refusing HTTP/1.1\r\nHost: a.test\r\n\r\n'), PAGE_503 + UNAVAILABLE);
  });

  it('option explain-errors adds the reason, and nothing else', async () => {
    const gone = await get('telling', 'a.test', { path: '/gone' });
    assert.equal(reasonIn(gone), "None of the 1 servers of backend 'gone' is usable: server s is MAINT.");
    assert.equal(gone.headers['retry-after'], undefined);
    assert.equal(reasonIn(await get('telling', 'a.test')), "No use_backend rule of 'telling' takes it, and there is no default_backend.");
    assert.equal(reasonIn(await get('telling', 'a.test', { path: '/refusing' })), "server s of backend 'refusing' refused the connection.");
  });

  it('it tells of a full server', async () => {
    const first = get('telling', 'a.test', { path: '/busy' });
    await until('it is held', () => held.length === 1);
    const answer = await get('telling', 'a.test', { path: '/busy' });
    assert.equal(answer.status, 503);
    assert.equal(reasonIn(answer), "No server of backend 'busy' had a free slot (maxconn) within 0.2 s; 0 more requests are waiting.");
    held.splice(0)[0]?.();
    assert.equal((await first).body, 'slow');
  });
});

describe('where routes are discovered', () => {
  it('a client of this machine is told why nobody serves the host', async () => {
    const { status, headers, body } = await get('www', 'nobody.test');
    assert.deepEqual([status, headers['retry-after']], [404, undefined]);
    assert.equal(
      body,
      NOT_FOUND.replace('</body>', "<p>No route of 'www' takes host 'nobody.test' and this path; 2 routes are known.</p>\n</body>"),
    );
  });

  it('nobody else is, and the page is the same as ever', async () => {
    const forwarded = 'GET / HTTP/1.1\r\nHost: nobody.test\r\nX-Forwarded-For: 192.0.2.1\r\n\r\n';
    assert.equal(await bytes('www', forwarded), PAGE_404 + NOT_FOUND);
    assert.equal(await bytes('www', 'GET / HTTP/1.1\r\nHost: nobody.test\r\nForwarded: for=192.0.2.1\r\n\r\n'), PAGE_404 + NOT_FOUND);
  });

  it('a known host whose servers are all down is 503 with Retry-After for everybody, with the reason for some', async () => {
    const answer = await get('www', 'sick.test');
    assert.deepEqual([answer.status, answer.headers['retry-after']], [503, '5']);
    assert.equal(
      reasonIn(answer),
      "None of the 1 servers of backend 'sick' is usable: container sick is DOWN (Docker's health check says unhealthy).",
    );
    const other = await get('www', 'sick.test', { headers: { 'x-forwarded-for': '192.0.2.1' } });
    assert.deepEqual([other.status, other.headers['retry-after'], other.body], [503, '5', UNAVAILABLE]);
  });

  it('a known host whose containers have stopped says so, and who tells more', async () => {
    const id = engine.run('stopped', { address: '127.0.0.1', labels: { 'fairlead.host': 'stopped.test' } });
    await until('it is routed', async () => /ConnectFailed|refused|did not take/.test(reasonIn(await get('www', 'stopped.test'))));
    engine.die(id);
    const reason = async () => reasonIn(await get('www', 'stopped.test'));
    await until('it has stopped', async () => /has no server/.test(await reason()));
    assert.equal(
      await reason(),
      "Backend 'stopped' has no server: what served 'stopped.test' has stopped. 'fairlead explain stopped.test' tells more.",
    );
    assert.equal((await get('www', 'stopped.test')).headers['retry-after'], '5');
  });

  it('a source that has not spoken is waited for: 503 with Retry-After', async () => {
    const answer = await get('waiting', 'nobody.test');
    assert.deepEqual([answer.status, answer.headers['retry-after']], [503, '5']);
    assert.equal(reasonIn(answer), "Host 'nobody.test' is not known yet: a source of 'waiting' (docker-routes) has not answered.");
  });

  it('a section of containers without any is 503 with Retry-After', async () => {
    const answer = await get('section', 'any.test');
    assert.deepEqual([answer.status, answer.headers['retry-after']], [503, '5']);
    assert.equal(reasonIn(answer), "Backend 'listed' has no server.");
  });

  it("a section of the configuration's own servers says why, and does not promise any", async () => {
    const answer = await get('www', 'any.test', { path: '/gone' });
    assert.deepEqual([answer.status, answer.headers['retry-after']], [503, undefined]);
    assert.equal(reasonIn(answer), "None of the 1 servers of backend 'gone' is usable: server s is MAINT.");
  });

  it('a page of the configuration stays as it is', async () => {
    const answer = await get('paged', 'nobody.test');
    assert.deepEqual([answer.status, answer.body], [404, 'ours']);
  });

  it('a HEAD gets no body, and the connection goes on', async () => {
    const client = await RawClient.connect(fairlead.port('www'));
    client.send('HEAD / HTTP/1.1\r\nHost: sick.test\r\n\r\n');
    const head = await client.readUntil('\r\n\r\n');
    assert.match(head, /^HTTP\/1\.1 503 .*\r\nretry-after: 5\r\n/s);
    client.send('GET / HTTP/1.1\r\nHost: nobody.test\r\n\r\n');
    assert.match((await client.readResponse()).head, /^HTTP\/1\.1 404 /);
    client.close();
  });

  it('what a client says is no markup', async () => {
    assert.match(reasonIn(await get('www', 'a&b.test')), /host 'a&amp;b\.test'/);
  });
});
