/** `map`, `map_<match>[_<type>]`: what a map's file has for a value (manual 7.3.1). */

import { isAddress } from './address.ts';
import type { Arguments } from './arguments.ts';
import type { ConverterRow } from './converters.ts';
import { RuleError } from './error.ts';
import type { Output } from './map-value.ts';
import { keyMatch } from './match.ts';
import type { Pattern } from './pattern.ts';
import { filled } from './patterns.ts';
import { compileRegex } from './regex.ts';
import { expand, type Piece, parseReplacement } from './replacement.ts';
import { mapped, type Sample, type Source } from './sample.ts';

type MapOutput = Exclude<Output, 'none'>;

const OUTPUTS: Readonly<Record<MapOutput, string>> = { str: 'a string', int: 'a number', ip: 'an address' };

/** By the name of the method, in our words. */
const KEYS: Readonly<Record<string, string>> = {
  str: 'equals the value',
  beg: 'the value begins with; the longest of several',
  sub: 'the value contains',
  dir: 'stands in the value between slashes',
  dom: 'stands in the value between dots',
  end: 'the value ends with',
  reg: 'is a regular expression that finds something in the value',
  int: 'is the number, or a range with it',
  ip: 'is the address, or a network with it; the narrowest of several',
};

/** What a pattern of the map stands for, given the value that it was found with. */
type Answer<Value, Result> = (pattern: Pattern, value: Value) => Result;

function answering<Value, Result>(
  source: Source<Value>,
  find: (value: Value) => Pattern | undefined,
  answer: Answer<Value, Result>,
  otherwise: Result | undefined,
): Source<Result> {
  return mapped(source, (value) => {
    const pattern = find(value);
    return pattern === undefined ? otherwise : answer(pattern, value);
  });
}

function compileMap<Value>(match: string, output: MapOutput, answer: Answer<Value, string> = valueText) {
  return ([file = '', otherwise]: Arguments): ((sample: Sample) => Sample) => {
    const method = keyMatch<Value>(match);
    const lookup = filled().file(file, 2, 'map').lookup(method, false, output);
    if (output === 'ip' && otherwise !== undefined && !isAddress(otherwise)) {
      throw new RuleError(`failed to parse '${otherwise}' as type 'IPv4 address' at position 2`);
    }
    const find = (value: Value): Pattern | undefined => lookup.find(value);
    return (sample) => {
      const source = method.source(sample);
      if (output !== 'int') return { type: output, source: answering(source, find, answer, otherwise) };
      const fallback = otherwise === undefined ? undefined : Number(otherwise);
      return { type: 'int', source: answering(source, find, numberOf, fallback) };
    };
  };
}

function valueText({ value }: Pattern): string {
  return value as string;
}

function numberOf({ value }: Pattern): number {
  // A sign alone is 0.
  return Number.parseInt(value as string, 10) || 0;
}

/** `map_regm`: `\1` in the value is what the expression's first group has found. */
function replacing(): Answer<string, string> {
  const known = new WeakMap<Pattern, { readonly text: string; readonly regex: RegExp; readonly pieces: readonly Piece[] }>();
  return (pattern, value) => {
    const text = valueText(pattern);
    let compiled = known.get(pattern);
    if (compiled?.text !== text) {
      compiled = { text, regex: compileRegex(pattern.text, false), pieces: parseReplacement(text) };
      known.set(pattern, compiled);
    }
    const match = compiled.regex.exec(value);
    return match === null ? text : expand(compiled.pieces, match);
  };
}

function row(name: string, match: string, output: MapOutput, help: string, answer?: Answer<string, string>): ConverterRow {
  const fallback = { name: 'default', type: output === 'int' ? 'integer' : 'string', optional: true } as const;
  return {
    name,
    arguments: [{ name: 'map_file', type: 'string' }, fallback],
    type: output,
    help,
    compile: compileMap<string>(match, output, answer),
  };
}

function meaning(match: string, output: MapOutput): string {
  return `What the file has for the key that ${KEYS[match]}: ${OUTPUTS[output]}.`;
}

export const MAP_CONVERTERS: readonly ConverterRow[] = [
  row(
    'map',
    'str',
    'str',
    `${meaning('str', 'str')} Without such a key, the default; without a default, no value. Lines are \`<key> <value>\`. Where \`sub\`, \`dir\`, \`dom\` and \`end\` (of maps, or of ACLs with \`-f\`) read one file, each looks for itself; in HAProxy 2.6 whichever looks first answers for all of them.`,
  ),
  ...Object.keys(KEYS).flatMap((match) => [
    row(`map_${match}`, match, 'str', meaning(match, 'str')),
    row(`map_${match}_int`, match, 'int', meaning(match, 'int')),
    row(`map_${match}_ip`, match, 'ip', meaning(match, 'ip')),
  ]),
  row(
    'map_regm',
    'regm',
    'str',
    'As `map_reg`, with `\\1` in the value for what the first group of the expression has found.',
    replacing(),
  ),
];
