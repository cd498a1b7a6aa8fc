import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Server } from '../../src/backend/server.ts';
import { Roster } from '../../src/proxy/roster.ts';
import { makeBackend, serverConfig } from '../backend/support.ts';

const cookieOf = ({ config }: Server): string | undefined => config.cookie;

function names(servers: readonly Server[]): string {
  return servers.map(({ config }) => config.name).join(' ');
}

describe('the servers of a backend', () => {
  it("are known by name, number and cookie; several may share one, and an empty one is nobody's", () => {
    const { backend } = makeBackend([
      serverConfig('s1', { cookie: 'a' }),
      serverConfig('s2', { cookie: '', id: 7 }),
      serverConfig('s3', { cookie: 'a' }),
    ]);
    const roster = new Roster(cookieOf);
    assert.equal(roster.named(backend, 's2')?.id, 7);
    assert.equal(roster.named(backend, ''), undefined);
    assert.equal(roster.numbered(backend, 7)?.config.name, 's2');
    assert.equal(names(roster.sharing(backend, 'a')), 's1 s3');
    assert.equal(names(roster.sharing(backend, '')), '');
  });

  it('are looked at again when one comes, goes, returns, or is another', () => {
    const { backend, servers } = makeBackend([serverConfig('s1', { cookie: 'a' })]);
    const roster = new Roster(cookieOf);
    const seen = (): string => `${names(roster.sharing(backend, 'a'))}|${names(roster.sharing(backend, 'b'))}`;
    assert.equal(seen(), 's1|');
    const second = backend.addServer(serverConfig('s2', { cookie: 'a' }), 0);
    assert.equal(seen(), 's1 s2|');
    backend.order(['s2', 's1']);
    assert.equal(seen(), 's2 s1|');
    servers[0]?.moveTo(serverConfig('s1', { cookie: 'b' }));
    assert.equal(seen(), 's2|s1');
    second.remove('');
    assert.equal(seen(), '|s1');
    second.restore();
    assert.equal(seen(), 's2|s1');
    backend.dropServers([second]);
    assert.equal(seen(), '|s1');
  });

  it('are not looked at for each question', () => {
    const { backend } = makeBackend(Array.from({ length: 100 }, (_, index) => serverConfig(`s${index}`, { cookie: `c${index}` })));
    let asked = 0;
    const roster = new Roster((server) => {
      asked++;
      return cookieOf(server);
    });
    for (let i = 0; i < 1000; i++) assert.equal(names(roster.sharing(backend, 'c99')), 's99');
    assert.equal(asked, 100);
  });
});
