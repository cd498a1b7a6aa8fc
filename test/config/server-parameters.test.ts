import assert from 'node:assert/strict';
import { test } from 'node:test';
import { finishServer, newServer } from '../../src/config/draft-server.ts';
import { readBalance } from '../../src/config/keywords/balance.ts';
import { applyServerParameters } from '../../src/config/keywords/server.ts';

const base = finishServer({ ...newServer(), name: 'a', identity: 'a', origin: 'test' });

test('parameters of a label change a copy of the template', () => {
  const result = applyServerParameters(base, ['weight', '10', 'maxconn', '5', 'check', 'inter', '1s', 'backup']);
  assert.ok('server' in result);
  const { server } = result;
  assert.deepEqual([server.weight, server.maxconn, server.check?.inter, server.check?.rise, server.backup], [10, 5, 1000, 2, true]);
  assert.deepEqual([base.weight, base.check, base.checkWords?.inter], [1, undefined, 2000]);
});

test('labels say how the connections of their container are pooled', () => {
  const result = applyServerParameters(base, ['pool-max-conn', '3', 'pool-purge-delay', '1s', 'max-reuse', '0', 'pool-low-conn', '2']);
  assert.ok('server' in result);
  const { poolMaxConn, poolPurgeDelay, maxReuse } = result.server;
  assert.deepEqual([poolMaxConn, poolPurgeDelay, maxReuse], [3, 1000, 0]);
  assert.match(result.notices.join(), /^'pool-low-conn' is accepted and has no effect: /);
  assert.deepEqual([base.poolMaxConn, base.poolPurgeDelay, base.maxReuse], [-1, 5000, -1]);
});

test('check words of the template survive until a label turns the check on', () => {
  const template = applyServerParameters(base, ['inter', '7s', 'rise', '4']);
  assert.ok('server' in template);
  assert.equal(template.server.check, undefined);
  const checked = applyServerParameters(template.server, ['check']);
  assert.ok('server' in checked);
  assert.deepEqual([checked.server.check?.inter, checked.server.check?.rise], [7000, 4]);
});

test('a bad parameter answers its error alone', () => {
  assert.deepEqual(applyServerParameters(base, ['weight', '999']), { error: "'weight' expects a value from 0 to 256, found '999'." });
  assert.deepEqual(applyServerParameters(base, ['wieght', '9']), { error: "unknown keyword 'wieght'; did you mean 'weight'?" });
  assert.deepEqual(applyServerParameters(base, ['tfo']), {
    error: "keyword 'tfo' of a server is HAProxy's; Fairlead does not do it yet.",
  });
});

test('balance of a label is read as on its line', () => {
  assert.deepEqual(readBalance('leastconn'), { value: { algorithm: 'leastconn', draws: 2 } });
  assert.deepEqual(readBalance('random(3)'), { value: { algorithm: 'random', draws: 3 } });
  assert.deepEqual(readBalance('hdr(Host)  use_domain_only'), {
    value: { algorithm: 'hdr', draws: 2, header: { name: 'host', domainOnly: true } },
  });
  assert.ok('error' in readBalance('fastest'));
  assert.ok('error' in readBalance('roundrobin now'));
  assert.ok('error' in readBalance('hash src'));
});
