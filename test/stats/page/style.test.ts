/** Everything that is read on the page has the contrast that WCAG 2.2 (1.4.3) asks for, in both schemes. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PALETTES, STYLE } from '../../../src/stats/page/style.ts';

type Palette = Readonly<Record<string, string>>;

/** WCAG 2.2, "relative luminance". */
function luminance(color: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const value = Number.parseInt(color.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(one: string, other: string): number {
  const [light = 0, dark = 0] = [luminance(one), luminance(other)].sort((a, b) => b - a);
  return (light + 0.05) / (dark + 0.05);
}

const GROUNDS = ['paper', 'card', 'hover'];
const TEXTS = ['ink', 'soft', 'link', 'bad', 'up', 'going', 'down', 'drain', 'maint', 'plain'];
const TONES = ['up', 'going', 'down', 'drain', 'maint', 'plain'];

for (const [scheme, palette] of Object.entries(PALETTES) as [string, Palette][]) {
  const of = (one: string, other: string): number => contrast(palette[one] ?? '', palette[other] ?? '');
  test(`text is read on every ground of the ${scheme} scheme`, () => {
    for (const text of TEXTS) for (const ground of GROUNDS) assert.ok(of(text, ground) >= 4.5, `${text} on ${ground}: ${of(text, ground)}`);
    for (const tone of TONES) assert.ok(of(tone, `${tone}-ground`) >= 4.5, `${tone}: ${of(tone, `${tone}-ground`)}`);
    assert.ok(of('soft', 'plain-ground') >= 4.5, 'a chip that counts nothing');
    assert.ok(of('card', 'link') >= 4.5, 'the button that confirms');
  });

  test(`what is drawn is seen in the ${scheme} scheme`, () => {
    for (const mark of ['spark', 'up', 'bad', 'focus'])
      for (const ground of GROUNDS) assert.ok(of(mark, ground) >= 3, `${mark} on ${ground}`);
  });
}

test('no colour stands outside of the palettes', () => {
  const rules = STYLE.slice(STYLE.indexOf('* { box-sizing'));
  assert.deepEqual(rules.match(/#[0-9a-f]{3,8}\b/gi) ?? [], []);
});

test('sizes of texts and targets follow what the reader has chosen', () => {
  assert.deepEqual(STYLE.match(/(?:font|font-size|min-width|min-height): [^;}]*\dpx/g) ?? [], []);
});
