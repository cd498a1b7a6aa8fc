/** In the explain view: every container with its verdict, and the answer to a question about one, or about a URL. */

import type { Place } from './tables.ts';
import { html } from './text.ts';

export interface ExplainContainer {
  /** `container`, `task`, `instance`, `entry` */
  readonly kind: string;
  readonly name: string;
  /** As people know it. */
  readonly id: string;
  readonly verdict: 'routed' | 'waiting' | 'refused';
  /** Image, state, health, source. */
  readonly facts: string;
  /** Why. */
  readonly summary: string;
}

export interface ExplainAnswer {
  readonly asked: string;
  readonly routed: boolean;
  readonly lines: readonly string[];
}

const VERDICTS = {
  refused: { order: 0, badge: 'down', word: 'not routed' },
  waiting: { order: 1, badge: 'going', word: 'waiting' },
  routed: { order: 2, badge: 'up', word: 'routed' },
} as const;

/** Those that are not routed first. */
export function* containerRows(containers: readonly ExplainContainer[], place: Place): Generator<string> {
  yield '<h2>Containers, and what else the sources know</h2>';
  if (containers.length === 0) {
    yield '<p class="soft">No source knows of any: either no line of the configuration asks one, or there is none.</p>';
    return;
  }
  const sorted = [...containers].sort((a, b) => VERDICTS[a.verdict].order - VERDICTS[b.verdict].order || (a.name < b.name ? -1 : 1));
  yield '<table><thead><tr><th scope="col">Verdict</th><th scope="col">Name</th><th scope="col">What</th><th scope="col">Why</th></tr></thead><tbody>';
  for (const { name, id, kind, verdict, facts, summary } of sorted) {
    const { badge, word } = VERDICTS[verdict];
    const link = `<a href="${html(questionAddress(place, name))}">${html(name)}</a>`;
    yield `<tr data-text><td><span class="badge ${badge}">${word}</span></td><th scope="row">${link}<small>${html(`${kind} ${id}`)}</small></th>` +
      `<td>${html(facts)}</td><td class="wide">${html(summary)}</td></tr>`;
  }
  yield '</tbody></table>';
}

export function* question(answer: ExplainAnswer | undefined, place: Place): Generator<string> {
  yield '<h2><label for="question">Which rule takes this URL? What became of this container?</label></h2>';
  yield formOf(answer?.asked ?? '', place);
  if (answer === undefined) return;
  const badge = answer.routed ? '<span class="badge up">routed</span>' : '<span class="badge down">not routed</span>';
  yield `<p>${badge} ${html(answer.asked)}</p><pre class="answer">`;
  for (const line of answer.lines) yield html(line);
  yield '</pre>';
}

function questionAddress({ uri, options }: Place, asked: string): string {
  return `${uri};explain;of=${encodeURIComponent(asked)}${options}`;
}

/**
 * A form that browsers send without a script: they append the field as a query, so its name has the statistics' own query and
 * `;explain` in front. They encode what stands in a name: where that would not be the `stats uri` any more, there is no form.
 */
function formOf(asked: string, { uri, options }: Place): string {
  const [path = '', query = ''] = uri.split('?', 2);
  if (!/^[\w.-]*$/.test(query) || uri.includes('?', path.length + 1)) return '';
  const kept = /^[;\w-]*$/.test(options) ? options : '';
  return (
    `<form method="get" action="${html(path)}" class="question"><input id="question" type="search" name="${html(`${query};explain${kept};of`)}" ` +
    `value="${html(asked)}" placeholder="www.example.test/path, or web-1" autocomplete="off" spellcheck="false" required> ` +
    '<button type="submit">Explain</button></form>'
  );
}
