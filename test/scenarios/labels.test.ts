/** What labels do to the traffic of a pool: each as a request meets it. */

import assert from 'node:assert/strict';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { describe, it } from 'node:test';
import { type Answer, type Ask, ask } from '../support/client.ts';
import { until } from '../support/wait.ts';
import { type Fleet, withFleet } from './fleet.ts';

const USERS = `
userlist staff
 group admins users ada
 user ada insecure-password secret
 user bob password $5$saltstring$C3o4O1TC6aRHF4FI.QSZMXtHbaj2gSXr4sUc/3NcUi.
`;
const WWW = 'frontend www\n bind 127.0.0.1:0\n docker-routes\n';

function get(fleet: Fleet, options: Ask = {}): Promise<Answer> {
  return ask(fleet.balancer.port('www'), { ...options, headers: { host: 'a.test', ...options.headers } });
}

const A = { host: 'a.test', service: 'a' };

describe('label auth', () => {
  it('lets in whom the userlist knows, and asks the others who they are', async () => {
    await withFleet(USERS + WWW, async (fleet) => {
      await fleet.run('one', { labels: { ...A, auth: 'staff' } });
      const nobody = await get(fleet);
      assert.equal(nobody.status, 401);
      assert.equal(nobody.headers['www-authenticate'], 'Basic realm="a"');
      for (const [auth, status] of [
        ['ada:secret', 200],
        ['ada:Secret', 401],
        ['ada:', 401],
        ['bob:secret', 200],
        ['bob:secret', 200],
        ['bob:wrong', 401],
        ['eve:secret', 401],
      ] as const) {
        assert.equal((await get(fleet, { auth })).status, status, auth);
      }
    });
  });

  it('of a list that there is not costs that container alone', async () => {
    await withFleet(USERS + WWW, async (fleet) => {
      await fleet.run('one', { labels: A });
      await fleet.run('two', { labels: { ...A, auth: 'stuff' }, created: 2 });
      assert.match(fleet.notesOf('two'), /error: .*label fairlead.auth: there is no such userlist; did you mean 'staff'\?/);
      for (let i = 0; i < 4; i++) assert.equal((await get(fleet)).body, 'one');
    });
  });

  it('counts as the configuration has its users now', async () => {
    await withFleet(USERS + WWW, async (fleet) => {
      await fleet.run('one', { labels: { ...A, auth: 'staff' } });
      assert.equal((await get(fleet, { auth: 'ada:secret' })).status, 200);
      await fleet.balancer.configure(USERS.replace('insecure-password secret', 'insecure-password other') + WWW);
      fleet.change('one', {});
      assert.equal((await get(fleet, { auth: 'ada:secret' })).status, 401);
      assert.equal((await get(fleet, { auth: 'ada:other' })).status, 200);
    });
  });

  it('shuts everybody out while its list is gone and the containers have not been read anew', async () => {
    await withFleet(USERS + WWW, async (fleet) => {
      await fleet.run('one', { labels: { ...A, auth: 'staff' } });
      await fleet.balancer.configure(WWW);
      assert.equal((await get(fleet, { auth: 'ada:secret' })).status, 403);
    });
  });
});

describe('label redirect', () => {
  it('sends clients to https, to the address that they asked for, unless a proxy says that they came so', async () => {
    await withFleet(WWW, async (fleet) => {
      await fleet.run('one', { labels: { ...A, redirect: 'https:301', path: '/x', strip: 'true' } });
      const sent = await get(fleet, { path: '/x/y?z=1' });
      assert.equal(sent.status, 301);
      assert.equal(sent.headers.location, 'https://a.test/x/y?z=1');
      const port = await get(fleet, { path: '/x', headers: { host: 'a.test:8080' } });
      assert.equal(port.headers.location, 'https://a.test/x');
      assert.equal((await get(fleet, { path: '/x/y', headers: { 'x-forwarded-proto': 'https' } })).body, 'one');
      assert.equal((await get(fleet, { path: '/x/y', headers: { 'x-forwarded-proto': 'http' } })).status, 301);
    });
  });

  it('comes before a password is asked for', async () => {
    await withFleet(USERS + WWW, async (fleet) => {
      await fleet.run('one', { labels: { ...A, redirect: 'https', auth: 'staff' } });
      assert.equal((await get(fleet)).status, 302);
      assert.equal((await get(fleet, { headers: { 'x-forwarded-proto': 'https' } })).status, 401);
    });
  });
});

describe('label sticky', () => {
  it('keeps a client with its server by a cookie, which the server does not see', async () => {
    await withFleet(WWW, async (fleet) => {
      const echo = (name: string) => (request: IncomingMessage, response: ServerResponse) =>
        response.end(`${name} ${request.headers.cookie ?? ''}`);
      for (const name of ['one', 'two']) await fleet.run(name, { labels: { ...A, sticky: 'cookie:JS httponly' } }, echo(name));
      const first = await get(fleet);
      const [cookie] = first.headers['set-cookie'] ?? [];
      const name = first.body.trim();
      assert.equal(cookie, `JS=${fleet.serverName(name)}; path=/; HttpOnly`);
      for (let i = 0; i < 4; i++) {
        const next = await get(fleet, { headers: { cookie: `x=1; ${cookie.split(';')[0]}` } });
        assert.equal(next.body, `${name} x=1`);
        assert.equal(next.headers['set-cookie'], undefined);
      }
    });
  });

  it('gives clients of a container that is leaving another one, and its cookie', async () => {
    await withFleet(WWW, async (fleet) => {
      for (const name of ['one', 'two']) await fleet.run(name, { labels: { ...A, sticky: 'cookie' } });
      fleet.leave('one');
      const { body, headers } = await get(fleet, { headers: { cookie: `SERVERID=${fleet.serverName('one')}` } });
      assert.equal(body, 'two');
      assert.deepEqual(headers['set-cookie'], [`SERVERID=${fleet.serverName('two')}; path=/`]);
    });
  });

  it('keeps a client with its server by its address', async () => {
    await withFleet(WWW, async (fleet) => {
      for (const name of ['one', 'two', 'three']) await fleet.run(name, { labels: { ...A, sticky: 'source' } });
      const { body } = await get(fleet);
      for (let i = 0; i < 5; i++) assert.equal((await get(fleet)).body, body);
      fleet.leave(body);
      const next = (await get(fleet)).body;
      assert.notEqual(next, body);
      for (let i = 0; i < 5; i++) assert.equal((await get(fleet)).body, next);
    });
  });
});

describe('labels of a check', () => {
  /** Answers checks with `status` and everybody else with its name; remembers what checks asked. */
  function checked(name: string, status: () => number, asked: string[] = []) {
    return (request: IncomingMessage, response: ServerResponse) => {
      if (request.url?.startsWith('/health') === true) {
        asked.push(`${request.method} ${request.url} ${request.httpVersion} ${request.headers.host}`);
        response.statusCode = status();
        response.end();
      } else response.end(name);
    };
  }
  const CHECK = { ...A, 'check.interval': '100ms', 'check.timeout': '10s', 'check.rise': '1', 'check.fall': '1' };

  it('ask for a path, and the default is GET and 2xx or 3xx', async () => {
    await withFleet(WWW, async (fleet) => {
      let status = 500;
      const asked: string[] = [];
      await fleet.run(
        'one',
        { labels: { ...CHECK, check: '/health?deep=1' } },
        checked('one', () => status, asked),
      );
      await until('it is down', () => fleet.balancer.server('a', fleet.serverName('one')).statusText() === 'DOWN');
      assert.equal(asked[0], 'GET /health?deep=1 1.0 undefined');
      assert.equal((await get(fleet)).status, 503);
      status = 302;
      await until('it is up', () => fleet.balancer.server('a', fleet.serverName('one')).statusText() === 'UP');
      assert.equal((await get(fleet)).body, 'one');
    });
  });

  it('say which statuses are well, and for which host', async () => {
    await withFleet(WWW, async (fleet) => {
      let status = 200;
      const asked: string[] = [];
      const more = { 'check.path': '/health', 'check.host': 'a.test', 'check.status': '401,420-429' };
      await fleet.run(
        'one',
        { labels: { ...CHECK, ...more } },
        checked('one', () => status, asked),
      );
      const server = fleet.balancer.server('a', fleet.serverName('one'));
      await until('it is down', () => server.statusText() === 'DOWN');
      assert.equal(asked[0], 'GET /health 1.1 a.test');
      status = 425;
      await until('it is up', () => server.statusText() === 'UP');
      status = 401;
      const { length } = asked;
      await until('it was asked again', () => asked.length > length + 1);
      assert.equal(server.statusText(), 'UP');
    });
  });

  it('lay themselves over what the defaults say', async () => {
    const defaults =
      'defaults d\n mode http\n timeout connect 2s\n timeout client 2s\n timeout server 2s\n option httpchk HEAD /health/all\n';
    await withFleet(defaults + WWW, async (fleet) => {
      const asked: string[] = [];
      await fleet.run(
        'one',
        { labels: { ...CHECK, 'check.path': '/health/one' } },
        checked('one', () => 200, asked),
      );
      await until('it was asked', () => asked.length > 0);
      assert.equal(asked[0], 'HEAD /health/one 1.0 undefined');
    });
  });
});

describe('label drain', () => {
  it('ends what a leaving container still does when its time is over, long polls and WebSockets included', async () => {
    await withFleet(WWW, async (fleet) => {
      await fleet.run('one', { labels: { ...A, drain: '50ms' } }, (_request, response) => {
        response.write('begun');
      });
      const client = await fleet.balancer.client();
      client.send('GET / HTTP/1.1\r\nHost: a.test\r\n\r\n');
      await client.readUntil('begun');
      fleet.leave('one');
      await until('it is cut', () => client.ended);
      await until('its slot is back', () => fleet.balancer.server('a', fleet.serverName('one')).scur === 0);
      assert.ok(fleet.balancer.events.some((line) => /has had 50 ms to drain: 1 sessions are ended/.test(line)));
    });
  });

  it('that is longer than the stop time-out is told about', async () => {
    await withFleet(WWW, async (fleet) => {
      await fleet.run('one', { labels: { ...A, drain: '30s' }, stopTimeout: 10_000 });
      assert.match(fleet.notesOf('one'), /warning: label fairlead.drain is longer than its stop time-out of 10 s/);
    });
  });
});

describe('a label that cannot be heeded', () => {
  it('costs the container: a scheme that nobody speaks', async () => {
    await withFleet(WWW, async (fleet) => {
      await fleet.run('one', { labels: A });
      await fleet.run('two', { labels: { ...A, scheme: 'gopher' } });
      assert.match(fleet.notesOf('two'), /error: is refused: label fairlead.scheme=gopher is neither 'http' nor 'https'/);
      for (let i = 0; i < 3; i++) assert.equal((await get(fleet)).body, 'one');
    });
  });

  it('is told about: what an older container of the pool says otherwise', async () => {
    await withFleet(WWW, async (fleet) => {
      await fleet.run('old', { labels: { ...A, sticky: 'cookie:OLD', redirect: 'https' }, created: 1 });
      await fleet.run('new', { labels: { ...A, sticky: 'cookie:NEW', redirect: 'https' }, created: 2 });
      assert.equal(fleet.notesOf('new').match(/warning/g)?.length, 1);
      assert.match(fleet.notesOf('new'), /warning: pool 'a' has another sticky, as an older container says/);
      const { headers } = await get(fleet, { headers: { 'x-forwarded-proto': 'https' } });
      assert.match(headers['set-cookie']?.[0] ?? '', /^OLD=/);
    });
  });

  it('has no say when its container has stopped', async () => {
    await withFleet(WWW, async (fleet) => {
      await fleet.run('old', { labels: { ...A, sticky: 'cookie:OLD' }, created: 1, state: 'exited' });
      await fleet.run('new', { labels: { ...A, sticky: 'cookie:NEW' }, created: 2 });
      const { headers } = await get(fleet);
      assert.match(headers['set-cookie']?.[0] ?? '', /^NEW=/);
    });
  });
});

describe('docker-servers', () => {
  const APP = 'frontend www\n bind 127.0.0.1:0\n default_backend app\nbackend app\n docker-servers image=eviking/mydockerapp\n';

  it('heeds what concerns a server', async () => {
    await withFleet(APP, async (fleet) => {
      await fleet.run('one', { labels: { 'check.port': '1', 'check.interval': '20ms', 'check.fall': '1', slowstart: '5s', drain: '1s' } });
      const { config } = fleet.balancer.server('app', fleet.serverName('one'));
      assert.equal(config.check?.port, 1);
      assert.equal(config.slowstart, 5000);
      assert.equal(config.drain, 1000);
      await until('the other port says no', () => fleet.balancer.server('app', fleet.serverName('one')).statusText() === 'DOWN');
    });
  });
});
