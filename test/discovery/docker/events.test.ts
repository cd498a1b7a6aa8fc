import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { JsonSplitter, readEvent } from '../../../src/discovery/docker/events.ts';

const objects = [
  '{"Type":"container","Action":"start","Actor":{"ID":"a","Attributes":{"name":"caf\u00e9 {\\"}"}}}',
  '{"a":"}{","b":{"c":"\\\\"}}',
  '{}',
];

describe('the event stream', () => {
  const bytes = Buffer.from(`${objects[0]}\n${objects[1]}\r\n${objects[2]}`);

  it('gives the objects of one chunk', () => {
    assert.deepEqual(new JsonSplitter().push(bytes), objects);
  });

  it('gives the same objects however it is cut in two', () => {
    for (let cut = 0; cut <= bytes.length; cut++) {
      const splitter = new JsonSplitter();
      assert.deepEqual([...splitter.push(bytes.subarray(0, cut)), ...splitter.push(bytes.subarray(cut))], objects, `cut at ${cut}`);
    }
  });

  it('gives the same objects byte by byte', () => {
    const splitter = new JsonSplitter();
    assert.deepEqual(
      [...bytes].flatMap((byte) => splitter.push(Buffer.from([byte]))),
      objects,
    );
  });

  it('gives up on an object without end', () => {
    const splitter = new JsonSplitter();
    splitter.push(Buffer.from('{"a":"'));
    assert.throws(() => splitter.push(Buffer.alloc(1_100_000, 'x')), RangeError);
  });
});

describe('an event', () => {
  const read = (event: object) => readEvent(JSON.stringify(event));

  it('of a container is about its actor', () => {
    const event = { Type: 'container', Action: 'kill', Actor: { ID: 'abc', Attributes: { signal: '15' } } };
    assert.deepEqual(read(event), { action: 'kill', container: 'abc', signal: '15' });
  });

  it('of a network is about the container in its attributes', () => {
    const event = { Type: 'network', Action: 'connect', Actor: { ID: 'net', Attributes: { container: 'abc' } } };
    assert.deepEqual(read(event), { action: 'connect', container: 'abc', signal: undefined });
  });

  it('of health carries its state behind a colon, which inspect knows better', () => {
    assert.equal(read({ Type: 'container', Action: 'health_status: unhealthy', Actor: { ID: 'abc' } })?.action, 'health_status');
  });

  it('that means nothing to us is dropped', () => {
    assert.equal(read({ Type: 'container', Action: 'exec_start: sh', Actor: { ID: 'abc' } }), undefined);
    assert.equal(read({ Type: 'network', Action: 'destroy', Actor: { ID: 'net' } }), undefined);
    assert.equal(read({}), undefined);
  });
});
