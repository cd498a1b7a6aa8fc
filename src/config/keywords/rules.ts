/** Lines whose grammar belongs to `rules/`: here they are only kept, in order and with their places (manual 4.2, 7). */

import { bytesOf, textOf } from '../../core/bytes.ts';
import type { ProxyDraft } from '../draft.ts';
import type { RawRule } from '../model.ts';
import { ANY_PROXY, type Row, type Section, type Statement } from '../row.ts';
import { forbiddenInName } from '../values.ts';
import { numberCapture } from './capture.ts';

const PROXIES: readonly Section[] = ['frontend', 'listen', 'backend'];

function parseAcl(proxy: ProxyDraft, line: Statement): void {
  const [name = '', ...words] = line.words;
  const bad = forbiddenInName(textOf(name));
  if (bad !== undefined) {
    line.fail(`character '${bytesOf(bad)}' is not permitted in acl name '${name}'.`);
    return;
  }
  if (name.toLowerCase() === 'or') {
    line.fail(`acl name '${name}' will never match: 'or' stands between conditions.`);
    return;
  }
  if (words.length === 0) {
    line.fail(`error detected while parsing ACL '${name}' : missing fetch method in ACL expression.`);
    return;
  }
  proxy.acls = [...proxy.acls, { place: line.place, name, words }];
}

function parseUseBackend(proxy: ProxyDraft, line: Statement): void {
  const [backend = '', ...words] = line.words;
  const [keyword] = words;
  if (keyword !== undefined && keyword !== 'if' && keyword !== 'unless') {
    line.fail(`unexpected keyword '${keyword}' after switching rule, only 'if' and 'unless' are allowed.`);
    return;
  }
  if (words.length === 1) {
    line.fail(`'use_backend' expects a condition after '${keyword}'.`);
    return;
  }
  proxy.useBackends.push({ place: line.place, backend, words });
}

function rule(line: Statement): RawRule {
  return { place: line.place, words: line.words };
}

export const ruleRows: readonly Row<ProxyDraft>[] = [
  {
    name: 'acl',
    bytes: true,
    sections: ANY_PROXY,
    syntax: '<name> <criterion> [<flags>] [<operator>] <value>...',
    chapter: '4.2, 7',
    doc: 'Gives a test a name that conditions can use. Several lines of one name are alternatives.',
    min: 1,
    missing: "'acl' expects a name and a criterion as arguments.",
    rule: true,
    parse: parseAcl,
  },
  {
    name: 'default_backend',
    sections: ['defaults', 'frontend', 'listen'],
    syntax: '<backend>',
    chapter: '4.2',
    doc: 'Where requests go that no `use_backend` line takes.',
    min: 1,
    max: 1,
    missing: "'default_backend' expects a backend name.",
    parse: (proxy, line) => {
      proxy.defaultBackend = { place: line.place, name: line.first };
    },
  },
  {
    name: 'http-request',
    bytes: true,
    sections: ANY_PROXY,
    syntax: '<action> [<arguments>] [{if|unless} <condition>]',
    chapter: '4.2',
    doc: 'What is done to requests, in the order of the lines: change headers or the path, deny, answer, redirect.',
    min: 1,
    missing: "'http-request' expects an action.",
    rule: true,
    parse: (proxy, line) => {
      proxy.httpRequest = [...proxy.httpRequest, numberCapture(proxy, rule(line), line)];
    },
  },
  {
    name: 'http-response',
    bytes: true,
    sections: ANY_PROXY,
    syntax: '<action> [<arguments>] [{if|unless} <condition>]',
    chapter: '4.2',
    doc: 'What is done to responses, in the order of the lines: change headers, deny.',
    min: 1,
    missing: "'http-response' expects an action.",
    rule: true,
    parse: (proxy, line) => {
      proxy.httpResponse = [...proxy.httpResponse, rule(line)];
    },
  },
  {
    name: 'redirect',
    bytes: true,
    sections: PROXIES,
    syntax: '{location|prefix|scheme} <value> [code <code>] [<option>] [{if|unless} <condition>]',
    chapter: '4.2',
    doc: 'Answers with a redirect. Evaluated after the `http-request` rules.',
    min: 1,
    missing: "redirection type expected ('prefix', 'location', or 'scheme').",
    parse: (proxy, line) => {
      proxy.redirects = [...proxy.redirects, rule(line)];
    },
  },
  {
    name: 'use_backend',
    bytes: true,
    sections: ['frontend', 'listen'],
    syntax: '<backend> [{if|unless} <condition>]',
    chapter: '4.2',
    doc: 'Sends requests that the condition matches to a backend; the first line that matches counts. The name may hold `%[<fetch>]`.',
    min: 1,
    missing: "'use_backend' expects a backend name.",
    parse: parseUseBackend,
  },
];
