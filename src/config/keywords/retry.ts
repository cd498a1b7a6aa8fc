/** `retries` and `retry-on` (manual 4.2): how often a request is tried, and after what. */

import { didYouMean } from '../../core/suggest.ts';
import type { ProxyDraft, RetryOnDraft } from '../draft.ts';
import { noRetry } from '../draft-defaults.ts';
import { BACK, type Row, type Statement } from '../row.ts';
import { readInteger } from '../values.ts';

const FAILURES: ReadonlyMap<string, keyof Omit<RetryOnDraft, 'statuses'>> = new Map([
  ['conn-failure', 'connFailure'],
  ['empty-response', 'emptyResponse'],
  ['junk-response', 'junkResponse'],
  ['response-timeout', 'responseTimeout'],
  ['0rtt-rejected', 'zeroRttRejected'],
]);

/** The statuses that HAProxy takes; any other is an unknown word. */
const STATUSES: readonly string[] = ['401', '403', '404', '408', '425', '500', '501', '502', '503', '504'];

const RETRYABLE: readonly string[] = ['500', '502', '503', '504'];

/** What `all-retryable-errors` stands for. */
const ALL: readonly string[] = [...FAILURES.keys(), ...RETRYABLE];

const WORDS: readonly string[] = [...FAILURES.keys(), 'all-retryable-errors', 'none'];

/** Each line replaces what was said before, also by the defaults. */
function parseRetryOn(proxy: ProxyDraft, line: Statement): void {
  // As in HAProxy, an empty word ends a line.
  const end = line.words.indexOf('');
  const words = end < 0 ? line.words : line.words.slice(0, end);
  const unknown = words.find((word) => !WORDS.includes(word) && !STATUSES.includes(word));
  if (unknown !== undefined) {
    // One status is never a slip of another.
    const hint = /^\d+$/.test(unknown) ? `; statuses are ${STATUSES.join(', ')}` : didYouMean(unknown, WORDS);
    line.fail(`'retry-on': unknown keyword '${unknown}'${hint}`);
    return;
  }
  if (words.length > 1 && words.includes('none')) {
    line.fail("'retry-on' 'none' keyword only usable alone");
    return;
  }
  proxy.retryOn = readRetryOn(words.flatMap((word) => (word === 'all-retryable-errors' ? ALL : word)));
}

function readRetryOn(words: readonly string[]): RetryOnDraft {
  const on = noRetry();
  for (const word of words) {
    const failure = FAILURES.get(word);
    if (failure !== undefined) on[failure] = true;
    else if (word !== 'none') on.statuses.add(Number(word));
  }
  return on;
}

export const retryRows: readonly Row<ProxyDraft>[] = [
  {
    name: 'retries',
    sections: BACK,
    syntax: '<number>',
    default: '3',
    chapter: '4.2',
    doc: 'How often a request is tried again after a failure that `retry-on` names.',
    min: 1,
    max: 1,
    missing: "'retries' expects an integer argument (dispatch counts for one).",
    parse: (proxy, line) => {
      const retries = line.value(readInteger(line.first, 'retries'));
      if (retries !== undefined) proxy.retries = retries;
    },
  },
  {
    name: 'retry-on',
    sections: BACK,
    syntax: '{none | {conn-failure|empty-response|junk-response|response-timeout|0rtt-rejected|all-retryable-errors|<status>}...}',
    default: 'conn-failure',
    chapter: '4.2',
    doc: `After which failures a request is tried again: no connection was made (\`conn-failure\`), it was closed before any response (\`empty-response\`), what came is no HTTP head (\`junk-response\`), \`timeout server\` (\`response-timeout\`), or a response with a status of ${STATUSES.join(', ')}. \`all-retryable-errors\` is all of these words, and ${RETRYABLE.join(', ')}. \`0rtt-rejected\` is about TLS and never happens. A request that does not fit into \`tune.bufsize\` is not tried again once it has been sent.`,
    min: 1,
    strict: true,
    missing: "'retry-on' needs at least one keyword to specify when to retry",
    parse: parseRetryOn,
  },
];
