/** The steps of an HTTP check as lines: labels change one of them, and a section with lines of its own has none of its `defaults`. */

import { joinHostPort } from '../config/address.ts';
import type { CheckExpect, CheckMatch, CheckPattern, CheckRequest, CheckRules, CheckStep } from '../config/model.ts';
import { writeLine } from '../config/write.ts';
import { bytesOf } from '../core/bytes.ts';

export function checkLines({ steps }: CheckRules): readonly string[] {
  return ['option httpchk', ...steps.flatMap((step, index) => stepLine(step, index))];
}

function stepLine(step: CheckStep, index: number): readonly string[] {
  switch (step.kind) {
    case 'connect': {
      const { port, address, addressPort, linger } = step;
      const at = address === undefined ? [] : ['addr', joinHostPort(address, addressPort ?? 0)];
      const words = [...(port === undefined ? [] : ['port', String(port)]), ...at, ...(linger ? ['linger'] : []), ...commentWords(step)];
      // The first one is made without being asked for.
      return index === 0 && words.length === 0 ? [] : [writeLine(['http-check', 'connect', ...words.map(bytesOf)])];
    }
    case 'request':
      return [writeLine(['http-check', 'send', ...requestWords(step)])];
    case 'expect':
      return [writeLine(['http-check', 'expect', ...expectWords(step)])];
    case 'send':
      // A step of TCP checks.
      return [];
  }
}

function requestWords(step: CheckRequest): readonly string[] {
  const { method, uri, version, headers, body } = step;
  const fields = headers.flatMap(([name, value]) => ['hdr', name, value]);
  return ['meth', method, 'uri', uri, 'ver', version, ...fields, ...(body === '' ? [] : ['body', body]), ...commentWords(step)];
}

function expectWords(step: CheckExpect): readonly string[] {
  const { minRecv, okStatus, errorStatus, toutStatus, onSuccess, onError, statusCode, negate, match } = step;
  const options: readonly (readonly [name: string, value: string | undefined])[] = [
    ['min-recv', minRecv < 0 ? undefined : String(minRecv)],
    ['ok-status', okStatus],
    ['error-status', errorStatus],
    ['tout-status', toutStatus],
    ['on-success', onSuccess],
    ['on-error', onError],
    ['status-code', statusCode === undefined ? undefined : `int(${statusCode})`],
  ];
  const said = options.flatMap(([name, value]) => (value === undefined ? [] : [name, value]));
  return [...commentWords(step), ...said, ...(negate ? ['!'] : []), ...matchWords(match)];
}

function matchWords(match: CheckMatch): readonly string[] {
  switch (match.kind) {
    case 'status':
      return ['status', match.ranges.map(([low, high]) => (low === high ? String(low) : `${low}-${high}`)).join(',')];
    case 'hdr':
    case 'fhdr':
      return [
        match.kind,
        'name',
        ...patternWords(match.name),
        ...(match.value === undefined ? [] : ['value', ...patternWords(match.value)]),
      ];
    default:
      return [match.kind, match.pattern];
  }
}

function patternWords({ how, pattern }: CheckPattern): readonly string[] {
  return how === 'str' ? [pattern] : ['-m', how, pattern];
}

function commentWords({ comment }: CheckStep): readonly string[] {
  return comment === '' ? [] : ['comment', comment];
}
