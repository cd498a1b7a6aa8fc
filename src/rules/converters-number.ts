/** Converters of integers: their bits, and dates (manual 7.3.1, strftime(3)). */

import { type ArgumentSpec, type Arguments, integer } from './arguments.ts';
import type { ConverterRow } from './converters.ts';
import { RuleError } from './error.ts';
import { asInteger, integer64, mapped, type Sample } from './sample.ts';

const OPERAND: ArgumentSpec = { name: 'value', type: 'integer' };

function bits(name: string, help: string, apply: (value: bigint, operand: bigint) => bigint): ConverterRow {
  const compile = (args: Arguments) => {
    const operand = BigInt(integer(args, 0, 0));
    const convert = (value: number): number => Number(BigInt.asIntN(64, apply(integer64(value), operand)));
    return (sample: Sample): Sample => ({ type: 'int', source: mapped(asInteger(sample), convert) });
  };
  return { name, arguments: [OPERAND], type: 'int', help, compile };
}

function number(
  name: string,
  args: readonly ArgumentSpec[],
  help: string,
  build: (args: Arguments) => (value: number) => number,
): ConverterRow {
  const compile = (given: Arguments) => {
    const convert = build(given);
    return (sample: Sample): Sample => ({ type: 'int', source: mapped(asInteger(sample), convert) });
  };
  return { name, arguments: args, type: 'int', help, compile };
}

function parity(name: string, help: string, remainder: number): ConverterRow {
  const compile =
    () =>
    (sample: Sample): Sample => ({ type: 'bool', source: mapped(asInteger(sample), (value) => Math.abs(value % 2) === remainder) });
  return { name, arguments: [], type: 'bool', help, compile };
}

const MOST = 2 ** 63;
const OFFSET: ArgumentSpec = { name: 'offset', type: 'integer', optional: true };

/** Parts of a date, in local time or in UTC. */
interface Parts {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  readonly weekday: number;
  readonly yearday: number;
  /** Minutes east of UTC. */
  readonly offset: number;
  readonly epoch: number;
}

function partsOf(seconds: number, local: boolean): Parts {
  const date = new Date(seconds * 1000);
  const offset = local ? -date.getTimezoneOffset() : 0;
  // Local time, read as if it were UTC.
  const shown = new Date(date.getTime() + offset * 60_000);
  const [year, month, day] = [shown.getUTCFullYear(), shown.getUTCMonth(), shown.getUTCDate()];
  return {
    ...{ year, month, day, offset },
    hour: shown.getUTCHours(),
    minute: shown.getUTCMinutes(),
    second: shown.getUTCSeconds(),
    weekday: shown.getUTCDay(),
    yearday: Math.floor((Date.UTC(year, month, day) - Date.UTC(year, 0, 1)) / 86_400_000),
    epoch: seconds,
  };
}

const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const MONTHS = 'January February March April May June July August September October November December'.split(' ');

const zeros = (value: number, width = 2): string => String(value).padStart(width, '0');
const blanks = (value: number): string => String(value).padStart(2);
const hour12 = ({ hour }: Parts): number => hour % 12 || 12;

/** ISO 8601: the week with the year's first Thursday is its first. */
function isoWeek({ year, yearday, weekday }: Parts): { readonly year: number; readonly week: number } {
  const thursday = yearday - ((weekday + 6) % 7) + 3;
  const length = (of: number): number => (Date.UTC(of + 1, 0, 1) - Date.UTC(of, 0, 1)) / 86_400_000;
  if (thursday < 0) return { year: year - 1, week: Math.floor((thursday + length(year - 1)) / 7) + 1 };
  if (thursday >= length(year)) return { year: year + 1, week: 1 };
  return { year, week: Math.floor(thursday / 7) + 1 };
}

function zone({ offset }: Parts): string {
  const size = Math.abs(offset);
  return `${offset < 0 ? '-' : '+'}${zeros(Math.floor(size / 60))}${zeros(size % 60)}`;
}

/** The conversions of strftime(3) in the C locale; what is none stays as it is. */
const CONVERSIONS: Readonly<Record<string, (parts: Parts) => string>> = {
  a: ({ weekday }) => (DAYS[weekday] as string).slice(0, 3),
  A: ({ weekday }) => DAYS[weekday] as string,
  b: ({ month }) => (MONTHS[month] as string).slice(0, 3),
  B: ({ month }) => MONTHS[month] as string,
  c: (parts) => format('%a %b %e %H:%M:%S %Y', parts),
  C: ({ year }) => zeros(Math.floor(year / 100)),
  d: ({ day }) => zeros(day),
  D: (parts) => format('%m/%d/%y', parts),
  e: ({ day }) => blanks(day),
  F: (parts) => format('%Y-%m-%d', parts),
  g: (parts) => zeros(isoWeek(parts).year % 100),
  G: (parts) => String(isoWeek(parts).year),
  h: (parts) => format('%b', parts),
  H: ({ hour }) => zeros(hour),
  I: (parts) => zeros(hour12(parts)),
  j: ({ yearday }) => zeros(yearday + 1, 3),
  k: ({ hour }) => blanks(hour),
  l: (parts) => blanks(hour12(parts)),
  m: ({ month }) => zeros(month + 1),
  M: ({ minute }) => zeros(minute),
  n: () => '\n',
  p: ({ hour }) => (hour < 12 ? 'AM' : 'PM'),
  P: ({ hour }) => (hour < 12 ? 'am' : 'pm'),
  r: (parts) => format('%I:%M:%S %p', parts),
  R: (parts) => format('%H:%M', parts),
  s: ({ epoch }) => String(epoch),
  S: ({ second }) => zeros(second),
  t: () => '\t',
  T: (parts) => format('%H:%M:%S', parts),
  u: ({ weekday }) => String(weekday || 7),
  U: ({ yearday, weekday }) => zeros(Math.floor((yearday + 7 - weekday) / 7)),
  V: (parts) => zeros(isoWeek(parts).week),
  w: ({ weekday }) => String(weekday),
  W: ({ yearday, weekday }) => zeros(Math.floor((yearday + 7 - ((weekday + 6) % 7)) / 7)),
  x: (parts) => format('%m/%d/%y', parts),
  X: (parts) => format('%H:%M:%S', parts),
  y: ({ year }) => zeros(year % 100),
  Y: ({ year }) => String(year),
  z: zone,
  Z: (parts) => (parts.offset === 0 ? 'GMT' : zone(parts)),
  '%': () => '%',
};

function format(text: string, parts: Parts): string {
  return text.replace(/%(.)/gs, (whole, letter: string) => CONVERSIONS[letter]?.(parts) ?? whole);
}

function formatted(name: 'ltime' | 'utime', local: boolean, help: string): ConverterRow {
  return {
    name,
    arguments: [{ name: 'format', type: 'string' }, OFFSET],
    type: 'str',
    help,
    compile: (args) => {
      const offset = integer(args, 1, 0);
      const convert = (value: number): string | undefined => {
        const seconds = value + offset;
        return Math.abs(seconds) > 8.64e12 ? undefined : format(args[0] as string, partsOf(seconds, local));
      };
      return (sample) => ({ type: 'str', source: mapped(asInteger(sample), convert) });
    },
  };
}

const UNITS: Readonly<Record<string, number>> = { s: 1, ms: 1000, us: 1_000_000 };

const HTTP_DATE: ConverterRow = {
  name: 'http_date',
  arguments: [OFFSET, { name: 'unit', type: 'string', optional: true }],
  type: 'str',
  help: 'Seconds since 1970 (or `ms`, `us`) as a date of header fields (RFC 9110 5.6.7); `offset` of the same unit is added.',
  compile: (args) => {
    const unit = args[1] ?? 's';
    const per = UNITS[unit];
    if (per === undefined) throw new RuleError(`'${unit}' is not a valid time unit`);
    const offset = integer(args, 0, 0);
    const convert = (value: number): string | undefined => {
      const sum = value + offset;
      const seconds = Math.floor(sum / per);
      if (Math.abs(seconds) > 8.64e12) return undefined;
      const fraction = per === 1 ? '' : `.${sum % per}`;
      return format(`%a, %d %b %Y %H:%M:%S${fraction} GMT`, partsOf(seconds, false));
    };
    return (sample) => ({ type: 'str', source: mapped(asInteger(sample), convert) });
  },
};

export const NUMBER_CONVERTERS: readonly ConverterRow[] = [
  bits('and', 'The bits that both have.', (value, operand) => value & operand),
  number('cpl', [], 'The complement of its bits.', () => (value) => -1 - value),
  number('div', [OPERAND], 'The quotient, without a remainder; the largest number there is of a division by 0.', (args) => {
    const operand = integer(args, 0, 0);
    return (value) => (operand === 0 ? MOST : Math.trunc(value / operand));
  }),
  parity('even', 'Whether it is even.', 0),
  HTTP_DATE,
  formatted('ltime', true, 'Seconds since 1970 as strftime(3) writes them, in local time.'),
  number('neg', [], 'With the other sign.', () => (value) => 0 - value),
  parity('odd', 'Whether it is odd.', 1),
  bits('or', 'The bits that either has.', (value, operand) => value | operand),
  formatted('utime', false, 'Seconds since 1970 as strftime(3) writes them, in UTC.'),
  bits('xor', 'The bits that one of both has.', (value, operand) => value ^ operand),
];
