import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Rate, SlidingAverage } from '../../src/core/rate.ts';

describe('Rate', () => {
  it('counts this second and the share of the previous that is within one second', () => {
    const rate = new Rate();
    for (let i = 0; i < 10; i++) rate.add(5000 + i);
    assert.equal(rate.read(5999), 10);
    assert.equal(rate.read(6000), 10);
    assert.equal(rate.read(6500), 5);
    rate.add(6500);
    assert.equal(rate.read(6500), 6);
    assert.equal(rate.read(7000), 1);
    assert.equal(rate.read(8000), 0);
  });

  it('reads 1 for a single event until the next second has passed, instead of flapping', () => {
    const rate = new Rate();
    rate.add(5900);
    assert.equal(rate.read(6800), 1);
    assert.equal(rate.read(6999), 1);
    assert.equal(rate.read(7000), 0);
  });

  it('forgets after a pause and keeps the maximum', () => {
    const rate = new Rate();
    for (let i = 0; i < 3; i++) rate.add(1000);
    rate.add(60_000);
    assert.equal(rate.read(60_000), 1);
    assert.equal(rate.max, 3);
  });
});

describe('SlidingAverage', () => {
  it('is the plain average of the first 1024 values', () => {
    const average = new SlidingAverage();
    assert.equal(average.read(), 0);
    for (const value of [10, 20, 60]) average.add(value);
    assert.equal(average.read(), 30);
    assert.equal(average.max, 60);
  });

  it('follows a change within a few thousand values', () => {
    const average = new SlidingAverage();
    for (let i = 0; i < 2000; i++) average.add(10);
    assert.equal(average.read(), 10);
    for (let i = 0; i < 10_000; i++) average.add(50);
    assert.equal(average.read(), 50);
  });

  it('starts from nothing when cleared', () => {
    const average = new SlidingAverage();
    average.add(9);
    average.clear();
    assert.equal(average.read(), 0);
    assert.equal(average.max, 0);
  });
});
