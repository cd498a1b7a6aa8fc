/** The words behind `fairlead render`. Pure: words in, options out. */

import { readPort } from '../config/address.ts';
import { didYouMean } from '../core/suggest.ts';

export interface RenderOptions {
  /** As of `fairlead ctl`. */
  readonly socket: string | undefined;
  readonly files: readonly string[];
}

export interface InspectedOptions {
  /** `--image`: as it was given to `docker run`. */
  readonly image: string;
  /** `--template`: the file that is printed first. */
  readonly template: string;
  readonly port: number | undefined;
  /** Behind each address, as they are. */
  readonly parameters: string;
}

export type RenderCommand =
  | { readonly kind: 'state'; readonly options: RenderOptions }
  /** `docker inspect` comes from standard input. */
  | { readonly kind: 'inspected'; readonly options: InspectedOptions }
  | { readonly kind: 'help' }
  | { readonly kind: 'refused'; readonly message: string };

const NAMES = ['-s', '-S', '--socket', '-f', '--image', '--template', '--port', '--parameters', '--help'] as const;
const NAME_OF: ReadonlyMap<string, string> = new Map([
  ...NAMES.map((name) => [name, name] as const),
  ['-s', '--socket'],
  ['-S', '--socket'],
]);

export function parseRender(words: readonly string[]): RenderCommand {
  const values = new Map<string, string>();
  const files: string[] = [];
  for (let at = 0; at < words.length; at++) {
    const [, word = '', inWord] = /^(--\w+)=(.*)$/s.exec(words[at] ?? '') ?? [undefined, words[at]];
    if (word === '--help' || word === '-h') return { kind: 'help' };
    const name = NAME_OF.get(word);
    if (name === undefined) return refused(`unknown option '${words[at]}' of 'render'${didYouMean(word, NAMES)}`);
    const value = inWord ?? words[++at];
    if (value === undefined || (value === '' && name !== '--parameters')) return refused(`'${word}' expects a value`);
    if (name === '-f') files.push(value);
    else values.set(name, value);
  }
  return values.has('--image') || values.has('--template') ? inspected(values, files) : state(values, files);
}

function state(values: ReadonlyMap<string, string>, files: readonly string[]): RenderCommand {
  const foreign = ['--port', '--parameters'].find((name) => values.has(name));
  if (foreign !== undefined) return refused(`'${foreign}' stands with --image and --template alone`);
  return { kind: 'state', options: { socket: values.get('--socket'), files } };
}

function inspected(values: ReadonlyMap<string, string>, files: readonly string[]): RenderCommand {
  const image = values.get('--image');
  const template = values.get('--template');
  if (image === undefined || template === undefined) return refused("'--image' and '--template' stand together");
  if (files.length > 0 || values.has('--socket'))
    return refused("with '--image', containers come from standard input: 'docker inspect ... |'");
  const digits = values.get('--port');
  const port = digits === undefined ? undefined : readPort(digits);
  if (port !== undefined && 'error' in port) return refused(`'--port': ${port.error}`);
  return { kind: 'inspected', options: { image, template, port: port?.value, parameters: values.get('--parameters') ?? 'maxconn 32' } };
}

function refused(message: string): RenderCommand {
  return { kind: 'refused', message };
}
