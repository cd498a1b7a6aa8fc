/**
 * Samples: what fetches extract and converters turn into something else (manual 7.3).
 *
 * A Source is one compiled expression. `get` yields the value an expression is worth (`undefined`: there is none);
 * `matching` builds the condition that some value passes a test, which is how ACLs look at `hdr(x)` with its many
 * values. Tests and converters are put together when the configuration is read: a request builds no function.
 */

import { addressBytes, formatIpv4, readIpv4 } from './address.ts';
import { leadingInteger } from './text.ts';
import type { Condition, RuleContext } from './types.ts';

export interface Source<T> {
  readonly get: (context: RuleContext) => T | undefined;
  readonly matching: (test: (value: T) => boolean) => Condition;
}

/** A Source with its type. `ip` values are the address as text, `bin` values bytes as latin-1. */
export type Sample =
  | { readonly type: 'bool'; readonly source: Source<boolean> }
  | { readonly type: 'int'; readonly source: Source<number> }
  | { readonly type: 'ip' | 'str' | 'bin' | 'meth'; readonly source: Source<string> };

export type SampleType = Sample['type'];

/** A Source of one value. */
export function single<T>(get: (context: RuleContext) => T | undefined): Source<T> {
  return {
    get,
    matching: (test) => (context) => {
      const value = get(context);
      return value !== undefined && test(value);
    },
  };
}

export function constant<T>(value: T): Source<T> {
  return single(() => value);
}

/** `convert` over every value; a value that it cannot convert (`undefined`) is no value. */
export function mapped<A, B>(source: Source<A>, convert: (value: A) => B | undefined): Source<B> {
  return {
    get: (context) => {
      const value = source.get(context);
      return value === undefined ? undefined : convert(value);
    },
    matching: (test) =>
      source.matching((value) => {
        const converted = convert(value);
        return converted !== undefined && test(converted);
      }),
  };
}

export function asText(sample: Sample): Source<string> {
  switch (sample.type) {
    case 'bool':
      return mapped(sample.source, (value) => (value ? '1' : '0'));
    case 'int':
      return mapped(sample.source, (value) => String(Number.isSafeInteger(value) ? value : integer64(value)));
    default:
      return sample.source;
  }
}

export function asInteger(sample: Sample): Source<number> {
  switch (sample.type) {
    case 'bool':
      return mapped(sample.source, Number);
    case 'int':
      return sample.source;
    case 'ip':
      return mapped(sample.source, (value) => {
        const ipv4 = readIpv4(value);
        return ipv4 < 0 ? undefined : ipv4;
      });
    default:
      return mapped(sample.source, leadingInteger);
  }
}

export function asBoolean(sample: Sample): Source<boolean> {
  return sample.type === 'bool' ? sample.source : mapped(asInteger(sample), (value) => value !== 0);
}

/** Addresses as text; `addressesOnly` in match.ts or a converter decides what a text that is none means. */
export function asAddress(sample: Sample): Source<string> {
  return sample.type === 'int' ? mapped(sample.source, (value) => formatIpv4(value >>> 0)) : asText(sample);
}

/** As bytes, one character each. */
export function asBytes(sample: Sample): Source<string> {
  switch (sample.type) {
    case 'int':
      return mapped(sample.source, integerBytes);
    case 'bool':
      return mapped(asInteger(sample), integerBytes);
    case 'ip':
      return mapped(sample.source, addressBytes);
    default:
      return sample.source;
  }
}

function integerBytes(value: number): string {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64BE(integer64(value));
  return bytes.toString('latin1');
}

/** Integers have 64 bits; what is beyond them is the last that they hold. */
export function integer64(value: number): bigint {
  if (value >= 2 ** 63) return MOST;
  return value <= -(2 ** 63) ? LEAST : BigInt(Math.trunc(value));
}

const MOST = 2n ** 63n - 1n;
const LEAST = -(2n ** 63n);
