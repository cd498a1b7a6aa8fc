/** Hosts that sources of servers make known: what a client is told before they have spoken, and when servers are gone. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Snapshot } from '../../src/discovery/provider.ts';
import { route, snapshot } from '../discovery/make.ts';
import { ask } from '../support/client.ts';
import { type Balancer, withBalancer } from './balancer.ts';

const frontend = (lines: string) => `frontend www\n bind 127.0.0.1:0\n${lines}\n`;

/** The source's word on `hosts`, each a pool without servers. */
function knows(source: string, ...hosts: string[]): Snapshot {
  return snapshot(source, { pools: new Map(hosts.map((host) => [host, []])), routes: hosts.map((host) => route(host, host)) });
}

async function status(balancer: Balancer, host: string): Promise<string> {
  const reply = await ask(balancer.port('www'), { headers: { host } });
  const log = balancer.logged.at(-1);
  return `${reply.status} ${log?.termination} ${log?.server}`;
}

describe('a host that no route is for', () => {
  it('gets 503 while the engine is silent, and 404 when it has spoken', async () => {
    await withBalancer(frontend(' docker-routes'), async (balancer) => {
      assert.equal(await status(balancer, 'a.test'), '503 SC-- <NOSRV>');
      balancer.publish(knows('docker', 'a.test'));
      assert.equal(await status(balancer, 'a.test'), '503 SC-- <NOSRV>');
      assert.equal(await status(balancer, 'b.test'), '404 SC-- <NOSRV>');
    });
  });

  it('gets 503 while one of two engines is silent', async () => {
    const engines = 'docker east\ndocker west\n';
    await withBalancer(`${engines}${frontend(' docker-routes engine=east\n docker-routes engine=west')}`, async (balancer) => {
      balancer.publish(knows('docker/east', 'a.test'));
      assert.equal(await status(balancer, 'b.test'), '503 SC-- <NOSRV>');
      balancer.publish(knows('docker/west'));
      assert.equal(await status(balancer, 'b.test'), '404 SC-- <NOSRV>');
    });
  });

  it('gets 503 and not 404 when whoever served it has gone, until the configuration routes otherwise', async () => {
    await withBalancer(frontend(' docker-routes'), async (balancer) => {
      balancer.publish(knows('docker', 'a.test', 'b.test'));
      assert.equal(await status(balancer, 'a.test'), '503 SC-- <NOSRV>');
      balancer.publish(knows('docker', 'b.test'));
      assert.equal(await status(balancer, 'a.test'), '503 SC-- <NOSRV>');
      assert.equal(balancer.backends.get('a.test')?.servers.length, 0, 'its pool stays on the statistics');
      assert.equal(await status(balancer, 'c.test'), '404 SC-- <NOSRV>');
    });
  });

  it('goes to the default backend, silent engine or not', async () => {
    await withBalancer(
      `${frontend(' docker-routes\n default_backend rest')}backend rest\n http-request return status 200\n`,
      async (balancer) => {
        assert.match(await status(balancer, 'a.test'), /^200 /);
        balancer.publish(knows('docker'));
        assert.match(await status(balancer, 'a.test'), /^200 /);
      },
    );
  });
});
