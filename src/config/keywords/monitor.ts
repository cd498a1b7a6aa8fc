/** `monitor-uri` and `monitor fail`: what tells a load balancer in front of this one that it is well (manual 4.2). */

import type { ProxyDraft } from '../draft.ts';
import type { Row } from '../row.ts';

export const monitorRows: readonly Row<ProxyDraft>[] = [
  {
    name: 'monitor-uri',
    sections: ['defaults', 'frontend', 'listen'],
    syntax: '<uri>',
    chapter: '4.2',
    doc: 'Requests for exactly this path and query get a 200 before any rule is asked, or a 503 (`monitor fail`), and are not logged.',
    bytes: true,
    min: 1,
    max: 1,
    missing: "'monitor-uri' expects an URI.",
    parse: (proxy, line) => {
      proxy.monitorUri = line.first;
    },
  },
  {
    name: 'monitor fail',
    sections: ['frontend', 'listen'],
    syntax: '{if|unless} <condition>',
    chapter: '4.2',
    doc: 'Requests for `monitor-uri` get a 503 where the condition holds; several lines are alternatives.',
    bytes: true,
    parse: (proxy, line) => {
      if (line.first === 'if' || line.first === 'unless') proxy.monitorFail.push({ place: line.place, words: line.words });
      else line.fail("'monitor fail' requires either 'if' or 'unless' followed by a condition.");
    },
  },
];
