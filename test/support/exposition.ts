/**
 * Reads what Prometheus reads: the text format 0.0.4 and OpenMetrics 1.0, and throws at whatever is not as it must be. It is
 * no stricter than the two documents in what it refuses, but for one thing: a sample without a TYPE line before it is refused.
 */

export interface Sample {
  readonly name: string;
  readonly labels: ReadonlyMap<string, string>;
  readonly value: number;
  /** The value as it was written. */
  readonly text: string;
}

export interface Family {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  readonly samples: readonly Sample[];
}

interface Draft {
  readonly name: string;
  type: string | undefined;
  help: string | undefined;
  readonly samples: Sample[];
}

const METRIC = /^[a-zA-Z_:][a-zA-Z0-9_:]*/;
const LABEL = /^[a-zA-Z_][a-zA-Z0-9_]*/;
const NUMBER = /^(?:[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|NaN|[+-]Inf)$/;

const TEXT_TYPES: ReadonlySet<string> = new Set(['counter', 'gauge', 'histogram', 'summary', 'untyped']);
const OPEN_TYPES: ReadonlySet<string> = new Set([
  'counter',
  'gauge',
  'histogram',
  'gaugehistogram',
  'stateset',
  'info',
  'summary',
  'unknown',
]);

/** What may stand behind a family's name in those of its samples. */
const TEXT_SUFFIXES: Readonly<Record<string, readonly string[]>> = {
  histogram: ['_bucket', '_sum', '_count'],
  summary: ['', '_sum', '_count'],
};
const OPEN_SUFFIXES: Readonly<Record<string, readonly string[]>> = {
  counter: ['_total', '_created'],
  histogram: ['_bucket', '_sum', '_count', '_created'],
  summary: ['', '_sum', '_count', '_created'],
  info: ['_info'],
};

export function parseExposition(text: string, openMetrics = false): ReadonlyMap<string, Family> {
  return new Parser(openMetrics).parse(text);
}

/** `name{a="b"}`, labels in their order: what tells one series from another. */
export function seriesOf({ name, labels }: Sample): string {
  return labels.size === 0 ? name : `${name}{${Array.from(labels, ([key, value]) => `${key}=${JSON.stringify(value)}`).join()}}`;
}

class Parser {
  private readonly open: boolean;
  private readonly families = new Map<string, Draft>();
  private readonly seen = new Set<string>();
  private current: Draft | undefined;
  private line = 0;

  constructor(openMetrics: boolean) {
    this.open = openMetrics;
  }

  parse(text: string): ReadonlyMap<string, Family> {
    if (text !== '' && !text.endsWith('\n')) throw new Error('the last line does not end');
    const lines = text.split('\n').slice(0, -1);
    if (this.open && lines.pop() !== '# EOF') throw new Error('OpenMetrics does not end with # EOF');
    for (const line of lines) {
      this.line++;
      if (line.startsWith('#')) this.comment(line);
      else if (line !== '') this.sample(line);
      else if (this.open) this.fail('an empty line');
    }
    return new Map(Array.from(this.families.values(), (draft) => [draft.name, this.finish(draft)]));
  }

  private fail(what: string): never {
    throw new Error(`line ${this.line}: ${what}`);
  }

  private comment(line: string): void {
    const [, keyword, name = '', rest = ''] = /^# (HELP|TYPE|UNIT) (\S+)(?: (.*))?$/.exec(line) ?? [];
    if (keyword === undefined) {
      if (this.open) this.fail(`'${line}' is no line of OpenMetrics`);
      return;
    }
    if (METRIC.exec(name)?.[0] !== name) this.fail(`'${name}' is no name`);
    const family = this.begin(name);
    if (family.samples.length > 0) this.fail(`${keyword} of ${name} behind its samples`);
    if (keyword === 'HELP') this.help(family, rest);
    else if (keyword === 'TYPE') this.type(family, rest);
  }

  private help(family: Draft, text: string): void {
    if (family.help !== undefined) this.fail(`a second HELP of ${family.name}`);
    family.help = this.unescape(text, this.open);
  }

  private type(family: Draft, type: string): void {
    if (family.type !== undefined) this.fail(`a second TYPE of ${family.name}`);
    if (!(this.open ? OPEN_TYPES : TEXT_TYPES).has(type)) this.fail(`'${type}' is no type`);
    if (this.open && type === 'counter' && family.name.endsWith('_total')) this.fail(`a counter's family is called ${family.name}`);
    family.type = type;
  }

  /** The family that stands here from now on; one that has ended cannot go on. */
  private begin(name: string): Draft {
    if (this.current?.name === name) return this.current;
    if (this.families.has(name)) this.fail(`the family ${name} is torn apart`);
    const draft: Draft = { name, type: undefined, help: undefined, samples: [] };
    this.families.set(name, draft);
    this.current = draft;
    return draft;
  }

  private sample(line: string): void {
    const name = METRIC.exec(line)?.[0] ?? this.fail(`'${line}' has no name`);
    const { labels, rest } = this.labels(line.slice(name.length));
    const [, text = '', stamp] = /^ (\S+)(?: (\S+))?$/.exec(rest) ?? this.fail(`'${rest}' is no value`);
    if (!NUMBER.test(text)) this.fail(`'${text}' is no number`);
    if (stamp !== undefined && !(this.open ? NUMBER : /^-?\d+$/).test(stamp)) this.fail(`'${stamp}' is no timestamp`);
    const sample: Sample = { name, labels, text, value: Number(text.replace('Inf', 'Infinity')) };
    this.ownerOf(name).samples.push(sample);
    const key = JSON.stringify([name, ...[...labels].sort()]);
    if (this.seen.has(key)) this.fail(`${seriesOf(sample)} stands twice`);
    this.seen.add(key);
  }

  private ownerOf(name: string): Draft {
    const family = this.current;
    const type = family?.type;
    if (family === undefined || type === undefined) this.fail(`${name} has no TYPE`);
    const suffixes = (this.open ? OPEN_SUFFIXES : TEXT_SUFFIXES)[type] ?? [''];
    if (!suffixes.some((suffix) => name === family.name + suffix)) this.fail(`${name} among the samples of ${family.name} (${type})`);
    return family;
  }

  private labels(text: string): { readonly labels: ReadonlyMap<string, string>; readonly rest: string } {
    const labels = new Map<string, string>();
    if (!text.startsWith('{')) return { labels, rest: text };
    let at = 1;
    while (text[at] !== '}') {
      const name = LABEL.exec(text.slice(at))?.[0] ?? this.fail(`'${text.slice(at)}' is no label`);
      const value = /^="((?:[^"\\]|\\.)*)"/.exec(text.slice(at + name.length)) ?? this.fail(`label ${name} has no value`);
      if (name.startsWith('__')) this.fail(`label ${name} is reserved`);
      if (labels.has(name)) this.fail(`label ${name} stands twice`);
      labels.set(name, this.unescape(value[1] as string, true));
      at += name.length + value[0].length;
      if (text[at] === ',') at++;
      else if (text[at] !== '}') this.fail(`'${text.slice(at)}' behind label ${name}`);
    }
    return { labels, rest: text.slice(at + 1) };
  }

  private unescape(text: string, quotes: boolean): string {
    return text.replace(/\\(.?)/g, (sequence, letter: string) => {
      if (letter === 'n') return '\n';
      if (letter === '\\' || (quotes && letter === '"')) return letter;
      return this.fail(`'${sequence}' is no escape`);
    });
  }

  // --- a whole family

  private finish({ name, type, help, samples }: Draft): Family {
    if (type === undefined || help === undefined) throw new Error(`${name} has no ${type === undefined ? 'TYPE' : 'HELP'}`);
    if (type === 'histogram') checkHistogram(name, samples, this.open);
    if (this.open && type === 'counter') {
      for (const { value, text } of samples) if (!(value >= 0)) throw new Error(`the counter ${name} is ${text}`);
    }
    return { name, type, help, samples };
  }
}

/** For each set of labels: bounds that ascend, counts that do, `+Inf`, which is the count, and a sum. */
function checkHistogram(name: string, samples: readonly Sample[], openMetrics: boolean): void {
  const groups = new Map<string, Sample[]>();
  for (const sample of samples) {
    const key = JSON.stringify([...sample.labels].filter(([label]) => label !== 'le'));
    groups.set(key, [...(groups.get(key) ?? []), sample]);
  }
  for (const [key, group] of groups) {
    const named = (suffix: string) => group.filter((sample) => sample.name === name + suffix);
    let [last, count] = [Number.NEGATIVE_INFINITY, 0];
    for (const { labels, value } of named('_bucket')) {
      const le = labels.get('le') ?? '';
      if (!NUMBER.test(le) || (openMetrics && !/[.eI]/.test(le))) throw new Error(`${name} ${key}: '${le}' is no bound`);
      const bound = Number(le.replace('Inf', 'Infinity'));
      if (bound <= last || value < count) throw new Error(`${name} ${key}: le="${le}" does not ascend`);
      [last, count] = [bound, value];
    }
    if (last !== Number.POSITIVE_INFINITY) throw new Error(`${name} ${key}: no bucket le="+Inf"`);
    if (named('_count')[0]?.value !== count) throw new Error(`${name} ${key}: the count is not that of le="+Inf"`);
    if (named('_sum').length !== 1) throw new Error(`${name} ${key}: no sum`);
  }
}
