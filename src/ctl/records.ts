/**
 * Answers of the Runtime API as records, by their shape: reports have few, and new ones have one of them. What has none is a
 * text.
 */

export type Value = string | number;
export type RecordOf = Readonly<Record<string, Value>>;

export type Parsed =
  /** A table: a record for each line. `columns` is the order. */
  | { readonly kind: 'rows'; readonly columns: readonly string[]; readonly rows: readonly RecordOf[] }
  /** Names and values. */
  | { readonly kind: 'record'; readonly record: RecordOf }
  | { readonly kind: 'text'; readonly text: string };

type Shape = (lines: readonly string[]) => Parsed | undefined;

export function parseAnswer(text: string): Parsed {
  const lines = text.split('\n').filter((line) => line !== '');
  for (const shape of SHAPES) {
    const parsed = shape(lines);
    if (parsed !== undefined) return parsed;
  }
  return { kind: 'text', text };
}

const SHAPES: readonly Shape[] = [
  typedStatistics,
  explained,
  typedRecord,
  typedResolvers,
  commas,
  files,
  headed,
  processes,
  tables,
  identified,
  colons,
  lookups,
  assignments,
];

/** `F.2.0.0.pxname.1:KNS:str:stats`: a cell a line. */
function typedStatistics(lines: readonly string[]): Parsed | undefined {
  const rows = new Map<string, Record<string, Value>>();
  const columns = new Set<string>();
  for (const line of lines) {
    const [, row, name, type, value] = /^([A-Z]\.\d+\.\d+)\.\d+\.([^:]+)\.\d+:\w+:(\w+):(.*)$/s.exec(line) ?? [];
    if (row === undefined || name === undefined || type === undefined || value === undefined) return undefined;
    columns.add(name);
    const record: Record<string, Value> = rows.get(row) ?? {};
    record[name] = typedValue(type, value.replace(EXPLANATION, ''));
    rows.set(row, record);
  }
  return rows.size === 0 ? undefined : { kind: 'rows', columns: [...columns], rows: [...rows.values()] };
}

/** What `desc` adds. */
const EXPLANATION = /:"[^"]*"$/;

/** `Pid: 4711:"Process id"`, `6.Pid.1:SGP:u32:4711:"Process id"` */
function explained(lines: readonly string[]): Parsed | undefined {
  const cells = lines.map((line) => /^(?:\d+\.([^:]+)\.\d+:\w+:\w+:|([^\s:][^:]*): ?)(.*):"([^"]*)"$/s.exec(line)?.slice(1));
  if (cells.length === 0 || cells.includes(undefined)) return undefined;
  return rowsOf(
    ['name', 'value', 'description'],
    cells.map(([typed, plain, value, description] = []) => [typed ?? plain ?? '', value ?? '', description ?? '']),
  );
}

/** `N.0.id:CGP:str:dns1`: those of the next name server begin at 0 again. */
function typedResolvers(lines: readonly string[]): Parsed | undefined {
  const rows: Record<string, Value>[] = [];
  for (const line of lines) {
    const [, position, name, type, value] = /^N\.(\d+)\.([^:]+):\w+:(\w+):(.*)$/s.exec(line) ?? [];
    if (name === undefined || type === undefined || value === undefined) return undefined;
    if (position === '0') rows.push({});
    const row = rows.at(-1);
    if (row === undefined) return undefined;
    row[name] = typedValue(type, value);
  }
  return rows.length === 0 ? undefined : { kind: 'rows', columns: Object.keys(rows[0] ?? {}), rows };
}

/** `6.Pid.1:SGP:u32:4711` */
function typedRecord(lines: readonly string[]): Parsed | undefined {
  const record: Record<string, Value> = {};
  for (const line of lines) {
    const [, name, type, value] = /^\d+\.([^:]+)\.\d+:\w+:(\w+):(.*)$/s.exec(line) ?? [];
    if (name === undefined || type === undefined || value === undefined) return undefined;
    record[name] = typedValue(type, value);
  }
  return lines.length === 0 ? undefined : { kind: 'record', record };
}

function typedValue(type: string, value: string): Value {
  return type === 'str' || value === '' ? value : Number(value);
}

/** `# pxname,svname,` and lines as of a CSV file, which end with a comma, too. */
function commas([heading, ...lines]: readonly string[]): Parsed | undefined {
  if (heading === undefined || !/^# [^ ]+,$/.test(heading)) return undefined;
  const columns = splitCsv(heading.slice(2)).filter((name) => name !== '-');
  return rowsOf(
    columns,
    lines.map((line) => splitCsv(line)),
  );
}

/** One line; quotes are doubled within quotes. */
export function splitCsv(line: string): string[] {
  const cells: string[] = [];
  for (const [, quoted, plain] of line.matchAll(/(?:"((?:[^"]|"")*)"|([^,]*)),/g)) cells.push(quoted?.replaceAll('""', '"') ?? plain ?? '');
  return cells;
}

/** `# id (file) description` and `0 (/etc/hosts.map) pattern loaded ...`, which may end with pairs. */
function files([heading = '', ...lines]: readonly string[]): Parsed | undefined {
  if (!heading.startsWith('# id (file)')) return undefined;
  const records: Record<string, string>[] = [];
  for (const line of lines) {
    const [, id, file, text] = /^(\d+) \(([^)]*)\) ?(.*)$/s.exec(line) ?? [];
    if (id === undefined || file === undefined || text === undefined) return undefined;
    const [pairs] = /( ?\w+=\w+)*$/.exec(text) ?? [''];
    const description = text.slice(0, text.length - pairs.length).replace(/\.$/, '');
    records.push({ id, file, description, ...Object.fromEntries(pairsOf(pairs.trimStart())) });
  }
  return recordsOf(records);
}

/** `# name id` and lines with blanks between the cells; a version may stand before. */
function headed(lines: readonly string[]): Parsed | undefined {
  const [heading = '', ...rest] = /^\d+$/.test(lines[0] ?? '') ? lines.slice(1) : lines;
  if (!heading.startsWith('# ') || heading.startsWith('# table:')) return undefined;
  const columns = heading.slice(2).split(' ');
  const cells = rest.map((line) => line.split(' '));
  return cells.every(({ length }) => length === columns.length) ? rowsOf(columns, cells) : undefined;
}

/** `#<PID> <type>` and columns of their width: `show proc` of a master, with headings between. */
function processes([heading = '', ...lines]: readonly string[]): Parsed | undefined {
  if (!heading.startsWith('#<')) return undefined;
  const columns = [...heading.matchAll(/<(\w+)>/g)].map(([, name = '']) => name);
  return rowsOf(
    columns,
    lines.filter((line) => !line.startsWith('#')).map((line) => line.trimEnd().split(/ {2,}/)),
  );
}

/** `# table: name, type: ip, size:100, used:2`, alone or each with its entries behind it. */
function tables(lines: readonly string[]): Parsed | undefined {
  if (!lines.some((line) => line.startsWith('# table:'))) return undefined;
  const entries = lines.filter((line) => !line.startsWith('#'));
  if (entries.length > 0) return identified(entries);
  return recordsOf(
    lines.map((line) =>
      Object.fromEntries(
        line
          .slice(2)
          .split(', ')
          .map((pair) => pair.split(/: ?/) as [string, string]),
      ),
    ),
  );
}

/** `0x55d4: proto=tcpv4 src=127.0.0.1:4711`: what it is, and pairs. */
function identified(lines: readonly string[]): Parsed | undefined {
  const records: Record<string, string>[] = [];
  for (const line of lines) {
    const [, id, rest] = /^(0x[0-9a-f]+): (\w+=.*)$/.exec(line) ?? [];
    if (id === undefined || rest === undefined) return undefined;
    records.push({ id, ...Object.fromEntries(pairsOf(rest)) });
  }
  return records.length === 0 ? undefined : recordsOf(records);
}

/** A value ends where the next name begins; blanks of values have a backslash before them, or stand in brackets. */
function pairsOf(text: string): readonly (readonly [string, string])[] {
  return [...text.matchAll(/(\w+(?:\(\d+\))?)=?((?<==)(?:\\.|[^ \\])*|\[[^\]]*\])(?: |$)/g)].map(([, name = '', value = '']) => [
    name,
    value,
  ]);
}

/** `Name: value` */
function colons(lines: readonly string[]): Parsed | undefined {
  return lines.length < 2 ? undefined : recordWith(lines, /^([^\s:][^:]*): ?(.*)$/s);
}

/** `type=str, case=sensitive, found=yes, idx=tree, key="a", value="b", type="ip"`: what a map or an ACL finds. */
function lookups(lines: readonly string[]): Parsed | undefined {
  const records = lines.map((line) => {
    const record: Record<string, string> = {};
    if (!/^type=\w+, case=/.test(line)) return undefined;
    for (const [, name = '', quotedText, plain = ''] of line.matchAll(/(\w+)=(?:"(.*?)"|(.*?))(?=, \w+=|$)/gs)) {
      // The second is that of the value.
      record[name === 'type' && name in record ? 'value_type' : name] = quotedText ?? plain;
    }
    return record;
  });
  const all = records.filter((record) => record !== undefined);
  return all.length === 0 || all.length < records.length ? undefined : recordsOf(all);
}

/** `NAME=value` */
function assignments(lines: readonly string[]): Parsed | undefined {
  return recordWith(lines, /^([A-Za-z_][\w%()]*)=(.*)$/s);
}

function recordWith(lines: readonly string[], pattern: RegExp): Parsed | undefined {
  const record: Record<string, Value> = {};
  for (const line of lines) {
    const [, name, value] = pattern.exec(line) ?? [];
    if (name === undefined || value === undefined) return undefined;
    record[name] = plainValue(value);
  }
  return lines.length === 0 ? undefined : { kind: 'record', record };
}

function rowsOf(columns: readonly string[], cells: readonly (readonly string[])[]): Parsed {
  const rows = cells.map((line) =>
    Object.fromEntries(columns.flatMap((name, index) => (name === '-' ? [] : [[name, plainValue(line[index] ?? '')]]))),
  );
  return { kind: 'rows', columns: columns.filter((name) => name !== '-'), rows };
}

function recordsOf(records: readonly Readonly<Record<string, string>>[]): Parsed {
  const columns = [...new Set(records.flatMap((record) => Object.keys(record)))];
  return rowsOf(
    columns,
    records.map((record) => columns.map((name) => record[name] ?? '')),
  );
}

/** A number where it would be written the same way. */
function plainValue(text: string): Value {
  return /^-?(0|[1-9]\d{0,14})$/.test(text) && text !== '-0' ? Number(text) : text;
}
