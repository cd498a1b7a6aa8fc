/** Converters into other alphabets and into digests (manual 7.3.1). */

import { createHash, createHmac, getHashes } from 'node:crypto';
import { type Arguments, integer } from './arguments.ts';
import type { ConverterRow } from './converters.ts';
import { RuleError } from './error.ts';
import { asBytes, asText, mapped, type Sample } from './sample.ts';

type Convert = (value: string) => string | undefined;

function ofBytes(
  name: string,
  type: 'str' | 'bin',
  args: ConverterRow['arguments'],
  help: string,
  build: (args: Arguments) => Convert,
): ConverterRow {
  const compile = (given: Arguments) => {
    const convert = build(given);
    return (sample: Sample): Sample => ({ type, source: mapped(asBytes(sample), convert) });
  };
  return { name, arguments: args, type, help, compile };
}

function digest(algorithm: string, key: string | undefined = undefined): Convert {
  if (!getHashes().includes(algorithm)) throw new RuleError('Algorithm must be a valid OpenSSL message digest name.');
  const secret = key === undefined ? undefined : Buffer.from(key, 'base64');
  return (value) => {
    const hash = secret === undefined ? createHash(algorithm) : createHmac(algorithm, secret);
    return hash.update(value, 'latin1').digest().toString('latin1');
  };
}

function sha2(args: Arguments): Convert {
  const bits = integer(args, 0, 256);
  if (![224, 256, 384, 512].includes(bits)) throw new RuleError(`Unsupported number of bits: '${bits}'`);
  return digest(`sha${bits}`);
}

/** How `json` reads its input: by bytes, or as UTF-8 with what is wrong refused, left out (`s`) or taken where it is only too long (`p`). */
const DECODERS: Readonly<Record<string, { readonly utf8: boolean; readonly silent: boolean; readonly overlong: boolean }>> = {
  ascii: { utf8: false, silent: false, overlong: false },
  utf8: { utf8: true, silent: false, overlong: false },
  utf8s: { utf8: true, silent: true, overlong: false },
  utf8p: { utf8: true, silent: false, overlong: true },
  utf8ps: { utf8: true, silent: true, overlong: true },
};

const NAMED: ReadonlyMap<number, string> = new Map([
  [0x22, '\\"'],
  [0x5c, '\\\\'],
  [0x2f, '\\/'],
  [0x08, '\\b'],
  [0x0c, '\\f'],
  [0x0a, '\\n'],
  [0x0d, '\\r'],
  [0x09, '\\t'],
]);

function json(args: Arguments): Convert {
  const decoder = DECODERS[args[0] ?? 'ascii'];
  if (decoder === undefined) {
    throw new RuleError("Unexpected input code type. Allowed value are 'ascii', 'utf8', 'utf8s', 'utf8p' and 'utf8ps'");
  }
  return (value) => {
    let out = '';
    for (let at = 0; at < value.length; ) {
      const { code, size } = decoder.utf8 ? character(value, at, decoder.overlong) : { code: value.charCodeAt(at), size: 1 };
      at += size;
      // JSON's escapes have four digits.
      if (code >= 0 && code <= 0xffff) out += escaped(code);
      else if (!decoder.silent) return undefined;
    }
    return out;
  };
}

function escaped(code: number): string {
  const named = NAMED.get(code);
  if (named !== undefined) return named;
  return code >= 0x20 && code < 0x7f ? String.fromCharCode(code) : `\\u${code.toString(16).padStart(4, '0')}`;
}

const LEAST = [0, 0, 0x80, 0x800, 0x10000];

/** The character at `at`, -1 for what is none, and how many bytes it takes. */
function character(bytes: string, at: number, overlong: boolean): { readonly code: number; readonly size: number } {
  const first = bytes.charCodeAt(at);
  if (first < 0x80) return { code: first, size: 1 };
  const length = first >= 0xf0 && first < 0xf8 ? 4 : first >= 0xe0 && first < 0xf0 ? 3 : first >= 0xc0 && first < 0xe0 ? 2 : 0;
  if (length === 0) return { code: -1, size: 1 };
  let code = first & (0x7f >> length);
  for (let i = 1; i < length; i++) {
    const next = bytes.charCodeAt(at + i);
    if ((next & 0xc0) !== 0x80 || at + i >= bytes.length) return { code: -1, size: i };
    code = (code << 6) | (next & 0x3f);
  }
  const wrong = (code >= 0xd800 && code <= 0xdfff) || code === 0xfffe || code === 0xffff || (code < (LEAST[length] as number) && !overlong);
  return { code: wrong ? -1 : code, size: length };
}

const TEXT = { name: 'algorithm', type: 'string' } as const;

export const ENCODING_CONVERTERS: readonly ConverterRow[] = [
  ofBytes('digest', 'bin', [TEXT], 'The digest of that name: `md5`, `sha256`, ...', (args) => digest(args[0] as string)),
  ofBytes(
    'hex',
    'str',
    [],
    'Two hexadecimal digits for each byte.',
    () => (value) => Buffer.from(value, 'latin1').toString('hex').toUpperCase(),
  ),
  ofBytes('hmac', 'bin', [TEXT, { name: 'key', type: 'string' }], 'The HMAC by that digest; `key` is in base64.', (args) =>
    digest(args[0] as string, args[1] as string),
  ),
  {
    name: 'json',
    arguments: [{ name: 'input-code', type: 'string', optional: true }],
    type: 'str',
    help: 'What stands between the quotes of a JSON string; `input-code` is `ascii`, or `utf8` with `s` (leaves out what is none) and `p` (takes what is too long).',
    compile: (args) => {
      const convert = json(args);
      return (sample) => ({ type: 'str', source: mapped(asText(sample), convert) });
    },
  },
  ofBytes('sha1', 'bin', [], 'The digest SHA-1.', () => digest('sha1')),
  ofBytes('sha2', 'bin', [{ name: 'bits', type: 'integer', optional: true }], 'The digest SHA-2 of 224, 256, 384 or 512 bits (256).', sha2),
  ofBytes(
    'ub64dec',
    'bin',
    [],
    'Base64url decoded; what is none is no value.',
    () => (value) =>
      /^[A-Za-z0-9_-]*$/.test(value) && value.length % 4 !== 1 ? Buffer.from(value, 'base64url').toString('latin1') : undefined,
  ),
  ofBytes('ub64enc', 'str', [], 'Base64url encoded.', () => (value) => Buffer.from(value, 'latin1').toString('base64url')),
];
