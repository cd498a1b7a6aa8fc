/** The parser that other tests rely on refuses what Prometheus would. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseExposition, seriesOf } from '../support/exposition.ts';

const HEAD = '# HELP a_total Help.\n# TYPE a_total counter\n';
const BUCKETS = '# HELP h H\n# TYPE h histogram\nh_bucket{le="1.0"} 1\nh_bucket{le="+Inf"} 2\n';
const OPEN_HEAD = '# HELP a Help.\n# TYPE a counter\n';

test('what is right is read', () => {
  const text = `${HEAD}a_total{x="1",y="q\\"\\\\\\n"} 1\na_total{x="2"} 1.5e3\na_total NaN\n\n${BUCKETS}h_sum 3\nh_count 2\n`;
  const families = parseExposition(text);
  assert.deepEqual(families.get('a_total')?.samples.map(seriesOf), ['a_total{x="1",y="q\\"\\\\\\n"}', 'a_total{x="2"}', 'a_total']);
  assert.equal(families.get('a_total')?.samples[1]?.value, 1500);
  assert.equal(families.get('h')?.type, 'histogram');
  assert.equal(parseExposition(`${OPEN_HEAD}a_total 1\n# EOF\n`, true).get('a')?.samples.length, 1);
  assert.equal(parseExposition('').size, 0);
});

const wrong: readonly (readonly [what: string, text: string, complaint: RegExp])[] = [
  ['no newline at the end', `${HEAD}a_total 1`, /does not end/],
  ['a sample without TYPE', 'a 1\n', /a has no TYPE/],
  ['a sample before TYPE', '# HELP a A\na 1\n# TYPE a gauge\n', /a has no TYPE/],
  ['TYPE behind samples', `${HEAD}a_total 1\n# TYPE a_total counter\n`, /behind its samples/],
  ['TYPE twice', `${HEAD}# TYPE a_total counter\n`, /second TYPE/],
  ['HELP twice', `${HEAD}# HELP a_total x\n`, /second HELP/],
  ['no HELP', '# TYPE a gauge\na 1\n', /no HELP/],
  ['a type that is none', '# HELP a A\n# TYPE a number\n', /no type/],
  ['a name that is none', '# HELP 1a A\n', /no name/],
  ['a foreign sample', `${HEAD}b_total 1\n`, /b_total among the samples of a_total/],
  ['a family in two parts', `${HEAD}a_total 1\n${HEAD.replaceAll('a_total', 'b_total')}b_total 1\n${HEAD}`, /torn apart/],
  ['a series twice', `${HEAD}a_total{x="1",y="2"} 1\na_total{y="2",x="1"} 1\n`, /twice/],
  ['a label twice', `${HEAD}a_total{x="1",x="2"} 1\n`, /label x stands twice/],
  ['a label without quotes', `${HEAD}a_total{x=1} 1\n`, /no value/],
  ['an open label', `${HEAD}a_total{x="1 1\n`, /no value/],
  ['a label with a dash', `${HEAD}a_total{x-y="1"} 1\n`, /no value/],
  ['a reserved label', `${HEAD}a_total{__name__="1"} 1\n`, /reserved/],
  ['an escape that is none', `${HEAD}a_total{x="\\t"} 1\n`, /no escape/],
  ['no value', `${HEAD}a_total\n`, /no value/],
  ['two blanks', `${HEAD}a_total  1\n`, /no value/],
  ['a value that is no number', `${HEAD}a_total 1,5\n`, /no number/],
  ['infinity without a sign', `${HEAD}a_total Inf\n`, /no number/],
  ['no last bucket', `${BUCKETS.replace('h_bucket{le="+Inf"} 2\n', '')}h_sum 1\nh_count 1\n`, /no bucket/],
  ['a count beside the last bucket', `${BUCKETS}h_sum 1\nh_count 3\n`, /count is not/],
  ['no sum', `${BUCKETS}h_count 2\n`, /no sum/],
  ['counts that fall', `${BUCKETS.replace('"+Inf"} 2', '"+Inf"} 0')}h_sum 1\nh_count 0\n`, /does not ascend/],
];

for (const [what, text, complaint] of wrong) {
  test(`text: ${what} is refused`, () => assert.throws(() => parseExposition(text), complaint));
}

const openWrong: readonly (readonly [what: string, text: string, complaint: RegExp])[] = [
  ['no end', `${OPEN_HEAD}a_total 1\n`, /# EOF/],
  ['something behind the end', `${OPEN_HEAD}# EOF\na_total 1\n`, /# EOF/],
  ['an empty line', `${OPEN_HEAD}\n# EOF\n`, /empty line/],
  ['a comment', '# hello\n# EOF\n', /no line of OpenMetrics/],
  ['a counter whose family has the suffix', `${HEAD}# EOF\n`, /a counter's family/],
  ['a counter whose sample has none', `${OPEN_HEAD}a 1\n# EOF\n`, /among the samples/],
  ['a counter that is no number', `${OPEN_HEAD}a_total NaN\n# EOF\n`, /the counter a is NaN/],
  ['a counter below nothing', `${OPEN_HEAD}a_total -1\n# EOF\n`, /the counter a is -1/],
  ['untyped', '# HELP a A\n# TYPE a untyped\n# EOF\n', /no type/],
  ['a bound like an integer', `${BUCKETS.replace('1.0', '1')}h_sum 1\nh_count 2\n# EOF\n`, /no bound/],
];

for (const [what, text, complaint] of openWrong) {
  test(`OpenMetrics: ${what} is refused`, () => assert.throws(() => parseExposition(text, true), complaint));
}
