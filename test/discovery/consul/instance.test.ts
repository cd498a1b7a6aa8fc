import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readInstances, readServices } from '../../../src/discovery/consul/instance.ts';

const NODE = { ID: 'x', Node: 'foobar', Address: '10.1.10.12', Datacenter: 'dc1', TaggedAddresses: { lan: '10.1.10.12' }, Meta: {} };
const SERVICE = {
  ID: 'redis-1',
  Service: 'redis',
  Tags: ['primary'],
  Address: '10.1.10.13',
  Meta: { version: '4' },
  Port: 8000,
  CreateIndex: 7,
};
const CHECK = { Node: 'foobar', CheckID: 'service:redis-1', Name: "Service 'redis' check", Status: 'passing', Output: 'OK', Notes: '' };

describe('what an agent says of instances', () => {
  it('is read, as releases with weights say it', () => {
    const [instance] = readInstances([{ Node: NODE, Service: { ...SERVICE, Weights: { Passing: 10, Warning: 1 } }, Checks: [CHECK] }]);
    assert.deepEqual(instance, {
      datacenter: 'dc1',
      node: 'foobar',
      id: 'redis-1',
      service: 'redis',
      kind: '',
      address: '10.1.10.13',
      port: 8000,
      tags: ['primary'],
      meta: new Map([['version', '4']]),
      weights: { passing: 10, warning: 1 },
      checks: [{ id: 'service:redis-1', name: "Service 'redis' check", status: 'passing', output: '', notes: '' }],
      created: 7,
    });
  });

  it('is read, as old releases and nodes without an agent say it', () => {
    const Node = { Node: 'foobar', Address: '10.1.10.12' };
    const [instance] = readInstances([{ Node, Service: { ID: 'a', Service: 'a', Tags: null, Address: '', Port: 0 }, Checks: null }]);
    assert.deepEqual(
      [instance?.address, instance?.port, instance?.tags, instance?.weights, instance?.checks, instance?.datacenter],
      ['10.1.10.12', 0, [], { passing: 1, warning: 1 }, [], ''],
    );
  });

  it('has of a check that does not pass how its output begins', () => {
    const Checks = [
      { ...CHECK, Status: 'critical', Output: '\nHTTP GET http://10.1.10.13/: 500 Internal Server Error\nOutput: <html>' },
      { ...CHECK, Status: 'warning', Output: 'x'.repeat(999) },
      { CheckID: '_node_maintenance', Status: 'critical', Notes: 'reboot' },
    ];
    const [instance] = readInstances([{ Node: NODE, Service: SERVICE, Checks }]);
    assert.deepEqual(
      instance?.checks.map(({ name, output, notes }) => [name, output, notes]),
      [
        ["Service 'redis' check", 'HTTP GET http://10.1.10.13/: 500 Internal Server Error', ''],
        ["Service 'redis' check", `${'x'.repeat(160)}...`, ''],
        ['_node_maintenance', '', 'reboot'],
      ],
    );
  });

  it('is no answer where it has another form', () => {
    for (const body of [null, {}, 'x', [null], [1], [[]], [{}], [{ Node: NODE }], [{ Node: NODE, Service: 5 }]]) {
      assert.throws(() => readInstances(body), /another form/, JSON.stringify(body));
    }
  });
});

describe('what an agent says of services', () => {
  it('is their names', () => assert.deepEqual(readServices({ web: ['a'], consul: [], app: null }), ['app', 'consul', 'web']));

  it('is no answer where it has another form', () => {
    for (const body of [null, [], 'x', 5]) assert.throws(() => readServices(body), /another form/);
  });
});
