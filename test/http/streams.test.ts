import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { cuttings } from '../support/pieces.ts';
import { readRequests, readResponse } from '../support/readers.ts';
import { publishedRequests, publishedResponses } from './cases/published.ts';
import { requestStreams, responseStreams, type StreamCase } from './cases/streams.ts';

/** `text` in pieces that end at `cuts`, each a copy of its own. */
function* piecesOf(text: string, cuts: readonly number[]): Generator<Buffer> {
  let from = 0;
  for (const to of [...cuts, text.length]) {
    yield Buffer.from(text.slice(from, to), 'latin1');
    from = to;
  }
}

/** In pieces a refusal may come earlier, and then for the first reason that shows. */
function outline(events: readonly string[]): string[] {
  return events.map((event) => event.replace(/^!.*/, '!'));
}

function run(title: string, cases: readonly StreamCase[], read: (pieces: Iterable<Buffer>, one: StreamCase) => string[]): void {
  describe(title, () => {
    for (const one of cases) {
      it(`${one.name} (${one.ref})`, () => {
        for (const cuts of cuttings(one.text.length)) {
          const events = read(piecesOf(one.text, cuts), one);
          if (cuts.length === 0) assert.deepEqual(events, one.events);
          else assert.deepEqual(outline(events), outline(one.events), `cut at ${cuts}`);
        }
      });
    }
  });
}

run('what a client sends', [...requestStreams, ...publishedRequests], (pieces) => readRequests(pieces));
run('what a server sends', [...responseStreams, ...publishedResponses], (pieces, one) => {
  const { method, ends } = one as (typeof responseStreams)[number];
  return readResponse(pieces, method ?? 'GET', ends === true);
});
