import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { missedBy, Replay } from '../../../src/discovery/docker/replay.ts';

const event = (action: string, nanoseconds: string) =>
  `{"status":"${action}","Type":"container","Action":"${action}","time":1700000000,"timeNano":1700000000${nanoseconds}}`;

describe('what an engine told while nobody was subscribed', () => {
  it('is asked for from the last event on, to the nanosecond, and that one is not told twice', () => {
    const replay = new Replay();
    const last = event('start', '000000007');
    assert.equal(replay.take(event('create', '000000001')), true);
    assert.equal(replay.take(last), true);
    assert.equal(replay.since, '1700000000.000000007');
    assert.equal(replay.take(last), false, 'it comes again');
    assert.equal(replay.take(event('kill', '900000000')), true);
    assert.equal(replay.since, '1700000000.900000000');
  });

  it('is asked for from the first subscription on while there was no event, where the clocks are one', () => {
    const replay = new Replay();
    replay.begin(undefined);
    assert.equal(replay.since, undefined);
    replay.begin(1_700_000_000_123);
    assert.equal(replay.since, '1700000000.123');
    replay.begin(1_700_000_099_000);
    assert.equal(replay.since, '1700000000.123');
    replay.take(event('start', '500000000'));
    replay.begin(1_700_000_100_000);
    assert.equal(replay.since, '1700000000.500000000');
  });

  it('is told without a time, too', () => {
    const replay = new Replay();
    for (let times = 0; times < 2; times++) assert.equal(replay.take('{"Action":"start"}'), true);
    assert.equal(replay.since, undefined);
  });

  for (const [what, told, subscribed, missed] of [
    ['was missed by the time between', event('kill', '250000000'), 1_700_000_001_000, 750],
    ['was not missed when it came since', event('kill', '250000000'), 1_700_000_000_000, 0],
    ['may have no time', '{"Action":"start"}', 1_700_000_001_000, 0],
    ['may come from an engine whose time nobody knows', event('kill', '250000000'), Number.NaN, 0],
    ['is all new at the first subscription', event('kill', '250000000'), undefined, 0],
  ] as const) {
    it(what, () => assert.equal(missedBy(told, subscribed), missed));
  }
});
