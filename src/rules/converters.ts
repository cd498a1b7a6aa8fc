/** Converters: what can follow a fetch, with commas in between (manual 7.3.1). */

import { hashFunction } from '../core/hash.ts';
import { asIpv4, formatIpv4, ipv4Mask, leadingIpv4, readIpv4 } from './address.ts';
import { type ArgumentSpec, type Arguments, integer } from './arguments.ts';
import { ENCODING_CONVERTERS } from './converters-encode.ts';
import { NUMBER_CONVERTERS } from './converters-number.ts';
import { RuleError } from './error.ts';
import { type Cut, fieldOf, wordOf } from './fields.ts';
import { MAP_CONVERTERS } from './maps.ts';
import { compileRegex } from './regex.ts';
import { expand, parseReplacement } from './replacement.ts';
import { asAddress, asBoolean, asBytes, asInteger, asText, mapped, type Sample, type SampleType, single } from './sample.ts';
import { leadingInteger, lowerAscii, upperAscii } from './text.ts';
import type { RuleContext } from './types.ts';
import { checkedName, VARIABLE_CONVERTERS } from './variables.ts';

export interface ConverterRow {
  readonly name: string;
  readonly arguments: readonly ArgumentSpec[];
  readonly type: SampleType;
  /** For the reference, in our words. */
  readonly help: string;
  readonly compile: (args: Arguments) => (sample: Sample) => Sample;
}

const CHARS: ArgumentSpec = { name: 'chars', type: 'string' };
const VALUE: ArgumentSpec = { name: 'value', type: 'integer', orVariable: true };
const CUT_ARGUMENTS: readonly ArgumentSpec[] = [
  { name: 'index', type: 'integer' },
  { name: 'delimiters', type: 'string' },
  { name: 'count', type: 'integer', optional: true },
];

type Text = (args: Arguments) => (value: string) => string | undefined;

function text(name: string, args: readonly ArgumentSpec[], help: string, build: Text, type: 'str' | 'bin' = 'str'): ConverterRow {
  const compile = (given: Arguments) => {
    const convert = build(given);
    return (sample: Sample): Sample => ({ type, source: mapped(asText(sample), convert) });
  };
  return { name, arguments: args, type, help, compile };
}

function measure(name: string, help: string, convert: (value: string) => number | undefined): ConverterRow {
  const compile =
    () =>
    (sample: Sample): Sample => ({ type: 'int', source: mapped(asText(sample), convert) });
  return { name, arguments: [], type: 'int', help, compile };
}

function arithmetic(
  name: string,
  args: readonly ArgumentSpec[],
  help: string,
  apply: (value: number, operand: number) => number,
): ConverterRow {
  const compile = (given: Arguments) => {
    const operand = operandOf(given[0] ?? '');
    return (sample: Sample): Sample => {
      const source = asInteger(sample);
      if (typeof operand === 'number') return { type: 'int', source: mapped(source, (value) => apply(value, operand)) };
      const get = (context: RuleContext): number | undefined => {
        const value = source.get(context);
        const other = operand(context);
        return value === undefined || other === undefined ? undefined : apply(value, other);
      };
      return { type: 'int', source: single(get) };
    };
  };
  return { name, arguments: args, type: 'int', help, compile };
}

function operandOf(text: string): number | ((context: RuleContext) => number | undefined) {
  if (/^[+-]?\d+$/.test(text)) return Number(text);
  try {
    const name = checkedName(text);
    return (context) => {
      const value = context.variable(name);
      return typeof value === 'string' ? leadingInteger(value) : value === undefined ? undefined : Number(value);
    };
  } catch {
    throw new RuleError('expects an integer or a variable name');
  }
}

/** The functions of `hash-type`; with an argument other than 0, with its avalanche. */
function hashing(name: 'sdbm' | 'djb2' | 'wt6' | 'crc32'): ConverterRow {
  const compile = (args: Arguments) => {
    const hash = hashFunction(name, integer(args, 0, 0) !== 0);
    return (sample: Sample): Sample => ({ type: 'int', source: mapped(asBytes(sample), hash) });
  };
  const help = `The hash of that name, as \`hash-type\` has it; mixed once more with \`avalanche\` 1.`;
  return { name, arguments: [{ name: 'avalanche', type: 'integer', optional: true }], type: 'int', help, compile };
}

/** Keeps what passes by under a number of the frontend's captures; no value where there is no such number. */
function capturing(name: string, side: 'request' | 'response'): ConverterRow {
  const compile = (args: Arguments) => {
    const index = integer(args, 0, 0);
    return (sample: Sample): Sample => {
      const { get } = asText(sample);
      const source = single((context) => {
        const value = get(context);
        return value !== undefined && context.capture(side, index, value) ? value : undefined;
      });
      return { type: 'str', source };
    };
  };
  const help = `Keeps the value for the log, under a number that \`declare capture ${side}\` has made.`;
  return { name, arguments: [{ name: 'idx', type: 'integer' }], type: 'str', help, compile };
}

function question(name: string, help: string, ask: (value: number) => boolean): ConverterRow {
  const compile =
    () =>
    (sample: Sample): Sample => ({ type: 'bool', source: mapped(asInteger(sample), ask) });
  return { name, arguments: [], type: 'bool', help, compile };
}

function cutter(cut: Cut): Text {
  return (args) => {
    const index = integer(args, 0, 1);
    const delimiters = args[1] as string;
    const count = integer(args, 2, 1);
    if (index === 0) throw new RuleError('Unexpected value 0 for index');
    if (delimiters === '') throw new RuleError('Empty separators list');
    return (value) => cut(value, index, delimiters, count);
  };
}

/** `regsub(<regex>,<subst>[,<flags>])`: the first match, or all with flag `g`. */
const regsub: Text = (args) => {
  const flags = args[2] ?? '';
  const unknown = /[^gi]/.exec(flags)?.[0];
  if (unknown !== undefined) throw new RuleError(`invalid regex flag '${unknown}', only 'i' and 'g' are supported`);
  const all = flags.includes('g');
  const { source, flags: own } = compileRegex(args[0] as string, flags.includes('i'));
  // `g` for its lastIndex: `^` must match at the beginning alone, so the text is not cut.
  const regex = new RegExp(source, `${own}g`);
  const pieces = parseReplacement(args[1] as string);
  return (value) => {
    let out = '';
    let copied = 0;
    regex.lastIndex = 0;
    for (let match = regex.exec(value); match !== null; match = all ? regex.exec(value) : null) {
      out += value.slice(copied, match.index) + expand(pieces, match);
      copied = match.index + match[0].length;
      if (match[0] === '') regex.lastIndex++;
    }
    return out + value.slice(copied);
  };
};

/** Decodes `%XX`; one that is none is an error, as in HAProxy, and yields nothing. */
const urlDecode: Text = (args) => {
  const form = integer(args, 0, 0) !== 0;
  return (value) => {
    if (/%(?![0-9A-Fa-f]{2})/.test(value)) return undefined;
    const query = form ? 0 : value.indexOf('?');
    const spaced = query < 0 ? value : value.slice(0, query) + value.slice(query).replaceAll('+', ' ');
    return spaced.replace(/%(..)/g, decodeByte);
  };
};

function decodeByte(_: string, digits: string): string {
  return String.fromCharCode(Number.parseInt(digits, 16));
}

function urlEncode(value: string): string {
  return value.replace(/[^A-Za-z0-9._~-]/g, encodeByte);
}

function encodeByte(char: string): string {
  return `%${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;
}

function decodeBase64(value: string): string | undefined {
  if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(value)) return undefined;
  return Buffer.from(value, 'base64').toString('latin1');
}

const ltrim: Text = (args) => {
  const chars = args[0] as string;
  return (value) => {
    let from = 0;
    while (from < value.length && chars.includes(value[from] as string)) from++;
    return value.slice(from);
  };
};

const rtrim: Text = (args) => {
  const chars = args[0] as string;
  return (value) => {
    let to = value.length;
    while (to > 0 && chars.includes(value[to - 1] as string)) to--;
    return value.slice(0, to);
  };
};

const bytes: Text = (args) => {
  const offset = integer(args, 0, 0);
  const length = integer(args, 1, Number.MAX_SAFE_INTEGER);
  if (offset < 0 || length < 0) throw new RuleError('Unexpected negative value');
  return (value) => value.slice(offset, offset + length);
};

/** Where the port's colon stands in a Host value, or its length; colons inside brackets are the address's. */
function portColon(host: string): number {
  const colon = host.lastIndexOf(':');
  return colon < 0 || host.indexOf(']', colon) >= 0 ? host.length : colon;
}

const ipmask: ConverterRow = {
  name: 'ipmask',
  arguments: [{ name: 'mask4', type: 'string' }],
  type: 'ip',
  help: 'The network of an IPv4 address; `mask4` is a prefix length or a dotted mask. Other addresses are no value.',
  compile: (args) => {
    const mask = ipv4Mask(args[0] as string);
    if (mask < 0) throw new RuleError(`failed to parse '${args[0]}' as type 'IPv4 mask' at position 1`);
    const convert = (value: string): string | undefined => {
      const ipv4 = leadingIpv4(value) ?? asIpv4(value);
      return ipv4 === undefined ? undefined : formatIpv4((readIpv4(ipv4) & mask) >>> 0);
    };
    return (sample) => ({ type: 'ip', source: mapped(asAddress(sample), convert) });
  },
};

const iif: ConverterRow = {
  name: 'iif',
  arguments: [
    { name: 'true', type: 'string' },
    { name: 'false', type: 'string' },
  ],
  type: 'str',
  help: 'The first argument if the value is true, else the second.',
  compile: (args) => (sample) => ({
    type: 'str',
    source: mapped(asBoolean(sample), (value) => (value ? args[0] : args[1])),
  }),
};

const TEXT_CONVERTERS: readonly ConverterRow[] = [
  arithmetic('add', [VALUE], 'The sum.', (value, operand) => value + operand),
  text('b64dec', [], 'Base64 decoded; what is no base64 is no value.', () => decodeBase64, 'bin'),
  text('base64', [], 'Base64 encoded.', () => (value) => Buffer.from(value, 'latin1').toString('base64')),
  question('bool', 'Whether the number is not 0.', (value) => value !== 0),
  text(
    'bytes',
    [
      { name: 'offset', type: 'integer' },
      { name: 'length', type: 'integer', optional: true },
    ],
    'The bytes from `offset` on, at most `length` of them.',
    bytes,
    'bin',
  ),
  capturing('capture-req', 'request'),
  capturing('capture-res', 'response'),
  hashing('crc32'),
  hashing('djb2'),
  text(
    'field',
    CUT_ARGUMENTS,
    'The `index`-th part between delimiters, empty parts included, or `count` parts (0: all that follow).',
    cutter(fieldOf),
  ),
  text(
    'host_only',
    [],
    'A `Host` value in lower case and without its port.',
    () => (value) => lowerAscii(value.slice(0, portColon(value))),
  ),
  iif,
  ipmask,
  measure('length', 'Length in bytes.', (value) => value.length),
  text('lower', [], 'Lower case.', () => lowerAscii),
  text('ltrim', [CHARS], 'Without the given characters at its beginning.', ltrim),
  ...MAP_CONVERTERS,
  arithmetic('mod', [VALUE], 'The remainder of a division, 0 of one by 0.', (value, operand) => (operand === 0 ? 0 : value % operand)),
  arithmetic('mul', [VALUE], 'The product.', (value, operand) => value * operand),
  question('not', 'Whether the number is 0.', (value) => value === 0),
  measure('port_only', 'Port of a `Host` value, 0 if it has none.', (value) => leadingInteger(value.slice(portColon(value) + 1)) ?? 0),
  text(
    'regsub',
    [
      { name: 'regex', type: 'string' },
      { name: 'subst', type: 'string' },
      { name: 'flags', type: 'string', optional: true },
    ],
    'Replaces the first match by `subst`, every match with flag `g`; flag `i` ignores case. `\\1` is the first group.',
    regsub,
  ),
  text('rtrim', [CHARS], 'Without the given characters at its end.', rtrim),
  hashing('sdbm'),
  arithmetic('sub', [VALUE], 'The difference.', (value, operand) => value - operand),
  text('upper', [], 'Upper case.', () => upperAscii),
  text(
    'url_dec',
    [{ name: 'in_form', type: 'integer', optional: true }],
    'Decodes `%XX`, and `+` behind a question mark, or everywhere with `in_form` 1.',
    urlDecode,
  ),
  text(
    'url_enc',
    [{ name: 'enc_type', type: 'string', optional: true }],
    'Encodes everything but letters, digits, `-`, `.`, `_` and `~` as `%XX`.',
    () => urlEncode,
  ),
  hashing('wt6'),
  text(
    'word',
    CUT_ARGUMENTS,
    'The `index`-th part between delimiters, empty parts left out, or `count` parts (0: all that follow).',
    cutter(wordOf),
  ),
];

export const CONVERTERS: readonly ConverterRow[] = [
  ...TEXT_CONVERTERS,
  ...NUMBER_CONVERTERS,
  ...ENCODING_CONVERTERS,
  ...VARIABLE_CONVERTERS,
].sort((a, b) => (a.name < b.name ? -1 : 1));
