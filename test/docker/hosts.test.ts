/**
 * Two engines as two hosts, and their containers behind one frontend, as the steps of a proof of concept with registrator,
 * Consul and nginx want it: `docker run -e SERVICE_NAME=simple -P` on either host is all there is to do. And a host's daemon that is restarted and killed under
 * load. As long as one host has a healthy container no GET is lost. Where the daemon lets its containers live, nothing is.
 */

import { after, before, describe, it } from 'node:test';
import { ask } from '../support/client.ts';
import { type ClosedLoop, losesNothing, type Phase } from '../support/closed-loop.ts';
import { appImage, docker, removeContainers, shortId, socketPath } from '../support/docker.ts';
import { Fairlead } from '../support/fairlead.ts';
import { OwnEngine, whyNoOwnEngine } from '../support/own-engine.ts';
import { readStats, servers } from '../support/stats.ts';
import { until } from '../support/wait.ts';

const name = 'simple.127.0.0.1.nip.io';
const deployed = ['-e', 'SERVICE_NAME=simple', '-P'];

const config = (west: string) => `
docker east
    endpoint unix://${socketPath()}
docker west
    endpoint ${west}
defaults
    mode http
    timeout connect 5s
    timeout client 60s
    timeout server 20s
frontend www
    bind 127.0.0.1:0
    stats enable
    stats uri /admin?stats
    docker-routes domain=127.0.0.1.nip.io compat registrator
listen published
    bind 127.0.0.1:0
    docker-servers image=${appImage} address=published
`;

const skip = whyNoOwnEngine();

describe('two hosts behind one frontend', { timeout: 170_000, ...(skip === undefined ? {} : { skip }) }, () => {
  let west: OwnEngine;
  let fairlead: Fairlead;

  const row = async (id: string) => {
    const rows = await readStats(fairlead.port('www'), { uri: '/admin?stats' });
    return servers(rows, 'simple').find(({ svname }) => svname === id);
  };
  const ids = async () => [shortId('simple-east'), (await west.docker('inspect', '--format', '{{ .Id }}', 'simple-west')).slice(0, 12)];
  /** It is a server, and has answered a request since. */
  const serves = async (id: string) => {
    const before = await until(`${id} is a server`, async () => {
      const known = await row(id);
      return known?.status === 'no check' ? known : undefined;
    });
    await until(`${id} answers`, async () => Number((await row(id))?.hrsp_2xx ?? 0) > Number(before.hrsp_2xx));
  };
  const seenOf = async (listener: string): Promise<string[]> => {
    const seen = new Set<string>();
    for (let request = 0; request < 4; request++) {
      const answer = await ask(fairlead.port(listener), { headers: { host: name } });
      seen.add(answer.status === 200 ? JSON.parse(answer.body).hostname : String(answer.status));
    }
    return [...seen].sort();
  };

  before(async () => {
    removeContainers('simple-east');
    west = new OwnEngine();
    await west.start('--live-restore');
    await west.take(appImage);
    docker('run', '-d', '--name', 'simple-east', ...deployed, appImage);
    fairlead = await Fairlead.start(config(west.endpoint));
  });

  after(async () => {
    await fairlead?.stop();
    await west?.stop();
    removeContainers('simple-east');
  });

  it('take requests in turn as soon as both have a container, at their own addresses and at published ports', async () => {
    await until('the first host answers', async () => (await seenOf('www')).join() === shortId('simple-east'));
    await west.docker('run', '-d', '--name', 'simple-west', '--restart', 'always', '--stop-timeout', '2', ...deployed, appImage);
    const both = (await ids()).sort();
    for (const listener of ['www', 'published']) {
      await until(`both answer behind ${listener}`, async () => (await seenOf(listener)).join() === both.join());
    }
  });

  it("lose no GET when a host's daemon is restarted or killed, and nothing where its containers live on", async (t) => {
    const [, id] = (await ids()) as [string, string];
    const restart = async ({ more }: ClosedLoop, signal: 'SIGTERM' | 'SIGKILL', ...words: readonly string[]) => {
      const connections = () => fairlead.output.split("Docker engine 'west' at").filter((line) => line.includes(': connected (')).length;
      const before = connections();
      await west.end(signal);
      await more(200);
      await west.start(...words);
      await until('it is watched again', () => connections() > before, 30_000);
      await serves(id);
      await more(50);
    };
    const phases: readonly Phase[] = [
      ['restarted with --live-restore', 0, (loop) => restart(loop, 'SIGTERM', '--live-restore')],
      ['killed with --live-restore', 0, (loop) => restart(loop, 'SIGKILL', '--live-restore')],
      // A daemon that finds containers of its predecessor stops them, before anybody can subscribe to its events.
      ['restarted, from then on without', 1, (loop) => restart(loop, 'SIGTERM')],
      ['restarted without', 1, (loop) => restart(loop, 'SIGTERM')],
      ['killed without', 1, (loop) => restart(loop, 'SIGKILL')],
    ];
    const target = { host: '127.0.0.1', port: fairlead.port('www'), connections: 32, name };
    await losesNothing(
      target,
      phases,
      (line) => t.diagnostic(line),
      () => fairlead.output,
    );
  });
});
