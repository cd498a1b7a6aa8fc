import assert from 'node:assert/strict';
import { describe, it, mock } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Server } from '../../src/backend/server.ts';
import { StickTable, stickTable } from '../../src/backend/stick-table.ts';
import type { StickTableConfig } from '../../src/config/model.ts';

function config(over: Partial<StickTableConfig> = {}): StickTableConfig {
  return { place: { file: 'test.cfg', line: 1 }, type: 'string', length: 32, size: 100, expire: undefined, nopurge: false, ...over };
}

function server(id: number): Server {
  return { id, config: { name: `s${id}` } } as unknown as Server;
}

/** Whether there was room. */
function put(table: StickTable, key: string, id: number): boolean {
  const room = table.reserve();
  if (room) table.store(key, server(id));
  return room;
}

function keys(table: StickTable): string {
  return Array.from(table.entries(), (entry) => entry.key).join(' ');
}

/** Bytes, without what nobody needs any more. */
function heapInUse(): number {
  setFlagsFromString('--expose-gc');
  runInNewContext('gc')();
  return process.memoryUsage().heapUsed;
}

describe('a stick table', () => {
  it('knows the server of a key, and the last one that was stored', () => {
    const table = new StickTable(config());
    assert.equal(table.match('a'), undefined);
    put(table, 'a', 1);
    put(table, 'a', 2);
    assert.deepEqual([table.match('a')?.serverId, table.match('a')?.serverName, table.used], [2, 's2', 1]);
  });

  it('lists the one that was used longest ago first', () => {
    const table = new StickTable(config());
    for (const key of ['a', 'b', 'c']) put(table, key, 1);
    table.match('a');
    table.lookup('b');
    assert.equal(keys(table), 'b c a');
    assert.equal(table.remove('c'), true);
    assert.equal(table.remove('c'), false);
    assert.equal(keys(table), 'b a');
    table.clear();
    assert.deepEqual([keys(table), table.used], ['', 0]);
    put(table, 'd', 1);
    assert.equal(keys(table), 'd');
  });

  it('that is full forgets the oldest: one, and one more for each 256', () => {
    const table = new StickTable(config({ size: 2 }));
    for (const key of ['a', 'b', 'c']) assert.equal(put(table, key, 1), true);
    assert.equal(keys(table), 'b c');
    const large = new StickTable(config({ size: 512 }));
    for (let i = 0; i < 513; i++) put(large, String(i), 1);
    assert.equal(large.used, 510);
    assert.equal(large.lookup('2'), undefined);
    assert.equal(large.lookup('3')?.serverId, 1);
  });

  it('that is full and must not forget takes no more, until there is room', () => {
    const table = new StickTable(config({ size: 1, nopurge: true }));
    assert.equal(put(table, 'a', 1), true);
    assert.equal(put(table, 'b', 1), false);
    table.remove('a');
    assert.equal(put(table, 'b', 1), true);
  });

  it('keeps its keys alone, not the messages that they were cut from', () => {
    const table = new StickTable(config({ size: 10_000 }));
    const before = heapInUse();
    // 100 MB of heads, were they kept.
    for (let i = 0; i < 500; i++) {
      const head = Buffer.alloc(200_000, `${i}-is-a-key-that-is-long-enough-to-be-cut `).toString('latin1');
      put(table, head.slice(0, 30), 1);
      table.put(head.slice(40, 70), 1);
    }
    assert.ok(heapInUse() - before < 10 * 1024 * 1024);
    assert.equal(table.lookup('7-is-a-key-that-is-long-enough')?.serverId, 1);
  });

  it('counts what is reserved, and gives it back', () => {
    const table = new StickTable(config({ size: 1 }));
    assert.equal(table.reserve(), true);
    assert.equal(table.used, 1);
    assert.equal(table.reserve(), false, 'nothing to forget');
    table.abandon();
    assert.deepEqual([table.used, put(table, 'a', 1)], [0, true]);
  });

  it('forgets what has not been used for so long', (t) => {
    let now = 1000;
    t.mock.method(performance, 'now', () => now);
    const table = new StickTable(config({ expire: 100 }));
    put(table, 'a', 1);
    now += 60;
    put(table, 'b', 1);
    assert.deepEqual([table.lookup('a')?.exp, table.lookup('b')?.exp], [40, 100]);
    now += 40;
    assert.equal(keys(table), 'b', 'expired');
    table.match('b');
    now += 99;
    assert.equal(table.used, 1);
    now += 1;
    assert.equal(table.used, 0);
    mock.reset();
  });

  it('of which all has expired does not drop it in one go, and does not know it any more', (t) => {
    const table = new StickTable(config({ size: 1000, expire: 5 }));
    let now = 0;
    t.mock.method(performance, 'now', () => now);
    for (let i = 0; i < 1000; i++) put(table, String(i), 1);
    now = 5;
    const drops = t.mock.method(Map.prototype, 'delete');
    assert.equal(table.match('999'), undefined);
    assert.ok(drops.mock.callCount() < 100);
    assert.equal(table.lookup('998'), undefined);
    assert.equal(table.remove('997'), false);
    assert.deepEqual([table.used, keys(table)], [0, '']);
    put(table, '996', 2);
    table.put('995', undefined);
    assert.deepEqual([table.used, keys(table), table.lookup('995')?.serverName], [2, '996 995', '']);
    for (let i = 0; i < 40; i++) table.match('996');
    const before = drops.mock.callCount();
    table.match('996');
    assert.equal(drops.mock.callCount(), before);
  });

  it('survives a new configuration while its keys mean the same', () => {
    const table = stickTable(config(), undefined);
    assert.ok(table);
    put(table, 'a', 1);
    assert.equal(stickTable(config({ size: 5, expire: 1000 }), table), table);
    assert.deepEqual([table.size, table.lookup('a')?.exp !== 0], [5, true]);
    put(table, 'b', 2);
    put(table, 'c', 3);
    stickTable(config({ size: 2 }), table);
    assert.equal(keys(table), 'b c', 'a smaller one forgets at once');
    assert.notEqual(stickTable(config({ length: 8 }), table), table);
    assert.notEqual(stickTable(config({ type: 'ip' }), table), table);
    assert.equal(stickTable(undefined, table), undefined);
  });

  it('takes a million entries in time that is proportional', () => {
    const table = new StickTable(config({ size: 100_000 }));
    for (let i = 0; i < 1_000_000; i++) put(table, String(i), 1);
    assert.ok(table.used <= 100_000);
    assert.equal(table.lookup('999999')?.serverId, 1);
  });
});
