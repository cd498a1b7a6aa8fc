/** Servers of TLS, good and bad ones, before the real HAProxy and before Fairlead: the same table as in test/scenarios/tls-servers.ts. */

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import {
  answerOf,
  configuration,
  countersOf,
  requestOf,
  startUpstreams,
  stopUpstreams,
  TLS_STORIES,
  type TlsStory,
  type Upstreams,
} from '../scenarios/tls-servers.ts';
import { until } from '../support/wait.ts';
import { both, DEFAULTS, type Side, type Sides, skip, startSides, stopSides } from './side-by-side.ts';

const head = `global
 stats socket %DIR%/ctl level admin
 log stdout format raw local0
${DEFAULTS}
 log global
 log-format "%b %ST %ts %rc"
`;

describe('a server of TLS', { skip, concurrency: true }, () => {
  let upstreams: Upstreams;
  let sides: Sides | undefined;
  before(async () => {
    upstreams = await startUpstreams();
    sides = await startSides(head + configuration(upstreams, (name) => `unix@%DIR%/${name}`));
  });
  after(async () => {
    await stopSides(sides);
    await stopUpstreams(upstreams);
  });

  for (const story of TLS_STORIES) {
    it(`as ${story.name}`, async () => {
      const { check, answer, log, counters } = story;
      for (const outcome of await both(sides as Sides, (side) => play(side, story, upstreams))) {
        assert.deepEqual(outcome, { check, answer, log, counters });
      }
    });
  }
});

async function play(side: Side, story: TlsStory, upstreams: Upstreams): Promise<Omit<TlsStory, 'name' | 'kind' | 'words'>> {
  const client = side.client(story.name);
  client.socket.write(requestOf(story));
  if (story.path === '/reset') {
    await until('the response begins', () => client.received.endsWith('body'));
    upstreams[story.kind].reset();
  }
  const answer = answerOf(await client.rest());
  client.close();
  const line = new RegExp(`^${story.name} (\\d+) (..) (\\d+)$`, 'm');
  const [, ...logged] = await until('it is logged', () => line.exec(side.output) ?? undefined);
  const row = async (backend: string) => (await side.rows()).find(({ pxname, svname }) => pxname === backend && svname === 's1') ?? {};
  const checked = await until('it is checked', async () => {
    const found = await row(`c-${story.name}`);
    return /^L\d/.test(found.check_status ?? '') ? found : undefined;
  });
  const served = await row(story.name);
  return {
    check: [checked.check_status ?? '', checked.last_chk ?? ''],
    answer,
    log: logged.join(' '),
    counters: countersOf((name) => served[name]),
  };
}
