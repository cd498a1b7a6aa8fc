/** Patterns of `stick` rules (manual 4.2): a sample as the key of a table, in the words of `backend/stick-table.ts`. */

import type { StickTableConfig } from '../config/model.ts';
import { asIpv4, canonical, formatIpv4, leadingIpv4, readIpv4 } from './address.ts';
import { RuleError } from './error.ts';
import { compileFetch, readConverters, readFetch, within } from './expression.ts';
import { asBytes, asInteger, asText, integer64, mapped, type Sample, type Source } from './sample.ts';
import { available, nameOf, type Scope } from './scope.ts';
import type { RuleContext } from './types.ts';

type KeyReader = (context: RuleContext) => string | undefined;

/** `pattern` of a rule in `scope`, as keys of a table of `type`, whose strings and blocks have `length` bytes. */
export function compilePattern(pattern: string, scope: Scope, type: StickTableConfig['type'], length: number): KeyReader {
  const sample = within("'stick': ", () => {
    const call = readFetch(pattern, 0);
    if (!available(call.row.needs, scope)) {
      const when = scope.phase === 'request' ? 'available during request' : "available for 'store-response'";
      throw new RuleError(`fetch method '${call.name}' extracts information from '${nameOf(call.row.needs)}', none of which is ${when}.`);
    }
    const converted = readConverters(pattern, call.end, compileFetch(call, scope));
    if (converted.end < pattern.length) throw new RuleError(`unexpected '${pattern.slice(converted.end)}' behind the pattern`);
    return converted.sample;
  });
  const source = keySource(sample, type, length);
  if (source === undefined) throw new RuleError(`'stick': type of fetch not usable with a stick-table of type '${type}'.`);
  return source.get;
}

/** Undefined where HAProxy has no cast. */
function keySource(sample: Sample, type: StickTableConfig['type'], length: number): Source<string> | undefined {
  const opaque = sample.type === 'bool' || sample.type === 'bin' || sample.type === 'meth';
  switch (type) {
    case 'ip':
      return opaque ? undefined : ipv4Source(sample);
    case 'ipv6':
      return opaque ? undefined : ipv6Source(sample);
    case 'integer':
      return sample.type === 'bin' || sample.type === 'meth' ? undefined : mapped(asInteger(sample), (value) => String(value32(value)));
    case 'string':
      return mapped(asText(sample), (value) => value.slice(0, length));
    case 'binary':
      return mapped(asBytes(sample), (bytes) => hexadecimal(bytes.slice(0, length)).padEnd(length * 2, '0'));
  }
}

/** The lower 32 bits. */
function value32(value: number): number {
  return Number(BigInt.asUintN(32, integer64(value)));
}

function ipv4Source(sample: Sample): Source<string> {
  if (sample.type === 'int') return mapped(sample.source, (value) => formatIpv4(value32(value)));
  if (sample.type !== 'ip') return mapped(asText(sample), leadingIpv4);
  return mapped(sample.source, asIpv4);
}

function ipv6Source(sample: Sample): Source<string> {
  if (sample.type === 'int') return mapped(sample.source, (value) => `::ffff:${formatIpv4(value32(value))}`);
  if (sample.type !== 'ip') return mapped(asText(sample), (text) => (readIpv4(text) >= 0 ? undefined : canonical(text)));
  return mapped(sample.source, (text) => (readIpv4(text) >= 0 ? `::ffff:${text}` : canonical(text)));
}

function hexadecimal(bytes: string): string {
  return Buffer.from(bytes, 'latin1').toString('hex').toUpperCase();
}
