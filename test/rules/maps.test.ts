/** Maps and ACLs from files: what they find, also while they change, and what the Runtime API asks of them. */

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it, test } from 'node:test';
import fc from 'fast-check';
import type { Diagnostic } from '../../src/config/model.ts';
import { compileRules } from '../../src/rules/compile.ts';
import { findMatch, type ValueMatch } from '../../src/rules/match.ts';
import { keyOfRef } from '../../src/rules/pattern.ts';
import { PatternSet } from '../../src/rules/pattern-set.ts';
import { Patterns } from '../../src/rules/patterns.ts';
import type { CompiledRules } from '../../src/rules/types.ts';
import { contextOf, proxyWith, request } from './support.ts';

const folder = mkdtempSync(join(tmpdir(), 'fairlead-maps-'));
after(() => rmSync(folder, { recursive: true }));

function file(name: string, text: string): string {
  writeFileSync(join(folder, name), text, 'latin1');
  return join(folder, name);
}

interface Compiled {
  readonly rules: CompiledRules;
  readonly patterns: Patterns;
  readonly diagnostics: readonly Diagnostic[];
}

function compile(lines: readonly string[]): Compiled {
  const diagnostics: Diagnostic[] = [];
  const patterns = new Patterns();
  const rules = compileRules(proxyWith(lines), (diagnostic) => diagnostics.push(diagnostic), patterns);
  patterns.finish(['test.cfg']);
  return { rules, patterns, diagnostics };
}

/** What `x` is after the rules have run on a request for `target`. */
function render({ rules }: Compiled, target: string, fields: readonly (readonly [string, string])[] = []): string | undefined {
  const head = request({ target, fields: [['host', 'a'], ...fields] });
  rules.request?.(contextOf(head));
  return head.values('x')[0];
}

/** A rule that sets `x` to what the expression is worth. */
function showing(expression: string): Compiled {
  const compiled = compile([`http-request set-header x <%[${expression}]>`]);
  assert.deepEqual(compiled.diagnostics, []);
  return compiled;
}

function setOf({ patterns }: Compiled, path: string): PatternSet {
  const set = patterns.byFile(path);
  assert.ok(set);
  return set;
}

describe('a map', () => {
  const cases: readonly (readonly [what: string, text: string, expression: string, target: string, expected: string])[] = [
    ['has the value behind the key', '/a 1\n', 'path,map(FILE)', '/a', '<1>'],
    ['has no value for another', '/a 1\n', 'path,map(FILE)', '/b', '<>'],
    ['may have a default', '/a 1\n', 'path,map(FILE,other)', '/b', '<other>'],
    ['has no default for what is not there', '/a 1\n', 'hdr(none),map(FILE,other)', '/b', '<>'],
    ['trims its lines', '  \t/a \t one two \t \n', 'path,map(FILE)', '/a', '<one two>'],
    ['has keys without a value', '/a\n', 'path,map(FILE,other)', '/a', '<>'],
    ['skips comments and empty lines', '#/a 1\n\n  \n/a 2\n', 'path,map(FILE)', '/a', '<2>'],
    ['may have a key that begins with a sharp', ' #a 1\n', 'path,ltrim(/),map(FILE)', '/#a', '<1>'],
    ['may end its lines as other systems do', '/a 1\r\n/b 2\r\n', 'path,map(FILE)', '/a', '<1>'],
    ['gives the first of equal keys', '/a 1\n/a 2\n', 'path,map(FILE)', '/a', '<1>'],
    ['minds the case', '/a 1\n', 'path,map(FILE,none)', '/A', '<none>'],
    ['of beginnings gives the longest', '/ 0\n/a 1\n/a/b 2\n', 'path,map_beg(FILE)', '/a/bc', '<2>'],
    ['of ends gives the first', 'b 1\n/a/b 2\n', 'path,map_end(FILE)', '/a/b', '<1>'],
    ['of parts gives the first', 'b 1\na 2\n', 'path,map_sub(FILE)', '/ab', '<1>'],
    ['of directories', 'b 1\n', 'path,map_dir(FILE)', '/a/b/c', '<1>'],
    ['of domains', 'b 1\n', 'path,map_dom(FILE)', '/a.b.c', '<1>'],
    ['of expressions', '^/(.) 1\n', 'path,map_reg(FILE)', '/a', '<1>'],
    ['puts together what expressions find', '^/(.)(.*) \\2-\\1-\\0-\\3\n', 'path,map_regm(FILE)', '/abc', '<bc-a-/abc->'],
    ['of numbers', '1:3 few\n4: many\n', 'path,length,map_int(FILE)', '/ab', '<few>'],
    ['of networks gives the narrowest', '10.0.0.0/8 a\n10.1.0.0/16 b\n', 'path,ltrim(/),map_ip(FILE)', '/10.1.2.3', '<b>'],
    ['of networks has no default for what is no address', '10.0.0.0/8 a\n', 'path,map_ip(FILE,none)', '/x', '<>'],
    ['yields numbers', '/a -7\n', 'path,map_str_int(FILE),add(1)', '/a', '<-6>'],
    ['yields numbers by default', '/a 1\n', 'path,map_str_int(FILE,4),add(1)', '/b', '<5>'],
    ['yields addresses', '/a 192.0.2.9\n', 'path,map_beg_ip(FILE)', '/a', '<192.0.2.9>'],
    ['takes bytes', '/\xe9 \xff\n', 'path,map(FILE)', '/\xe9', '<\xff>'],
  ];
  for (const [index, [what, text, expression, target, expected]] of cases.entries()) {
    it(what, () => {
      const path = file(`case-${index}.map`, text);
      assert.equal(render(showing(expression.replace('FILE', path)), target), expected);
    });
  }

  it('tells which line makes no sense', () => {
    const wrong: readonly (readonly [expression: string, text: string, message: RegExp])[] = [
      ['map_str_int', '/a 1\n\n/b x\n', /: unable to parse 'x' at line 3 of file '.*wrong\.map'$/],
      ['map_str_ip', '/a ::1\n/b 1.2\n', /: unable to parse '1\.2' at line 2 of file /],
      ['map_ip', '# x\nfoo 1\n', /: 'foo' is not a valid IPv4 or IPv6 address at line 2 of file /],
      ['map_int', '2:1 1\n', /: '2:1' is not a valid number range at line 1 of file /],
      ['map_reg', '( 1\n', /: regex '\(' is invalid .* at line 1 of file /],
    ];
    for (const [converter, text, message] of wrong) {
      const [diagnostic] = compile([`http-request set-header x %[path,${converter}(${file('wrong.map', text)})]`]).diagnostics;
      assert.match(diagnostic?.message ?? '', message);
    }
  });
});

describe('a file', () => {
  it('has one column or two, whoever reads it', () => {
    const path = file('columns', '/a 1\n');
    const [other] = compile([`acl a path -f ${path}`, `http-request set-header x %[path,map(${path})]`]).diagnostics;
    assert.match(other?.message ?? '', /already used as one column file and cannot be used by as two column file\.$/);
    assert.deepEqual(compile([`acl a path -M -f ${path}`, `http-request set-header x %[path,map(${path})]`]).diagnostics, []);
  });

  it('is one set for all that read it, and is looked up in each of their ways', () => {
    const path = file('shared', '/A\n');
    const compiled = compile([
      `acl exact path -f ${path}`,
      `acl folded path -i -f ${path}`,
      `acl begin path_beg -f ${path}`,
      'http-request set-header x exact if exact',
      'http-request set-header x begin if begin !exact',
      'http-request set-header x folded if folded !begin',
    ]);
    assert.deepEqual(
      ['/A', '/Ab', '/a', '/b'].map((target) => render(compiled, target)),
      ['exact', 'begin', 'folded', undefined],
    );
    const set = setOf(compiled, path);
    set.add('/b', undefined);
    assert.deepEqual(
      ['/b', '/bc', '/B'].map((target) => render(compiled, target)),
      ['exact', 'begin', 'folded'],
    );
    assert.equal(set.size, 6);
    assert.match(
      set.description,
      /^pattern loaded from file '.*shared' used by acl at file 'test\.cfg' line 1, by acl at file 'test\.cfg' line 2, /,
    );
  });
});

describe('a set', () => {
  it('is numbered by the line that uses it first, but for those that choose their number', () => {
    const [one, two] = [file('one.map', ''), file('two.lst', '')];
    const { patterns } = compile([
      `http-request set-header x %[path,map(${one})] if { path -f ${two} } TRUE`,
      'acl late path /x',
      'acl chosen path -u 1 /y',
      'http-request deny if TRUE late',
    ]);
    const listed = patterns.sets.map((set) => [
      set.id,
      set.file ?? set.description.replace(/ file.* line/, ''),
      [...set.entries(0)].map(({ text }) => text),
    ]);
    assert.deepEqual(listed, [
      [0, one, []],
      [1, "acl 'path' 3", ['/y']],
      [2, two, []],
      [3, "acl 'path' 1", []],
      [4, "acl 'always_true' 1", []],
      [5, "acl 'path' 2", ['/x']],
    ]);
  });

  it('of a line that two proxies have from their defaults is one', () => {
    const patterns = new Patterns();
    const lines = ['acl a path /x', 'http-request set-header x 1 if a'];
    const [first, second] = [0, 1].map(() => compileRules(proxyWith(lines), ({ message }) => assert.fail(message), patterns));
    patterns.finish(['test.cfg']);
    assert.equal(patterns.sets.length, 1);
    patterns.byId(0)?.add('/y', undefined);
    for (const rules of [first, second]) assert.equal(render({ rules: rules as CompiledRules, patterns, diagnostics: [] }, '/y'), '1');
  });

  it('takes nothing that one of its users could not have', () => {
    const path = file('numbers.map', '/a 1\n');
    const compiled = showing(`path,map_str_int(${path})`);
    const set = setOf(compiled, path);
    assert.throws(() => set.add('/b', 'x'), /^Error: unable to parse 'x'$/);
    assert.throws(() => set.set({ text: '/a' }, 'x'), /^Error: unable to parse 'x'$/);
    assert.deepEqual([render(compiled, '/a'), render(compiled, '/b'), set.size], ['<1>', '<>', 1]);
  });

  it('reads a number that is a sign, or nothing, as 0', () => {
    const compiled = showing(`path,map_str_int(${file('signs.map', '/a -\n/b\n/c +7\n')})`);
    assert.deepEqual(
      ['/a', '/b', '/c'].map((path) => render(compiled, path)),
      ['<0>', '<0>', '<7>'],
    );
  });

  it('gives all entries of a key another value, or one by its reference', () => {
    const path = file('values.map', '/a 1\n/a 2\n');
    const compiled = showing(`path,map(${path})`);
    const set = setOf(compiled, path);
    const [first, second] = [...set.entries(0)];
    assert.equal(set.set(keyOfRef(second?.ref ?? ''), '3'), true);
    assert.equal(render(compiled, '/a'), '<1>');
    assert.equal(set.remove(keyOfRef(first?.ref ?? '')), true);
    assert.equal(render(compiled, '/a'), '<3>');
    assert.equal(set.set({ text: '/a' }, '4'), true);
    assert.equal(render(compiled, '/a'), '<4>');
    assert.deepEqual([set.set({ text: '/b' }, '4'), set.remove({ text: '/b' }), set.remove(keyOfRef('0x1'))], [false, false, false]);
  });

  it('changes as a whole: a version is not seen before it is committed', () => {
    const path = file('versions.map', '/a old\n/b old\n');
    const compiled = showing(`path,map(${path})`);
    const set = setOf(compiled, path);
    const both = (): readonly (string | undefined)[] => [render(compiled, '/a'), render(compiled, '/b')];
    const [first, second] = [set.prepare(), set.prepare()];
    set.add('/a', 'first', first);
    set.add('/a', 'second', second);
    assert.deepEqual(both(), ['<old>', '<old>']);
    assert.equal(set.commit(second), true);
    assert.deepEqual(both(), ['<second>', '<>']);
    assert.deepEqual([set.commit(first), set.commit(second), set.commit(second + 1)], [false, false, false]);
    assert.deepEqual([[...set.entries(first)].length, [...set.entries(second)].length, set.version], [0, 1, second]);
    set.clear(second);
    assert.deepEqual(both(), ['<>', '<>']);
  });

  it('changes by rules', () => {
    const [map, list] = [file('changing.map', ''), file('changing.lst', '')];
    const compiled = compile([
      `http-request set-header x %[path,map(${map})]`,
      `http-request set-header x listed if { path -f ${list} }`,
      `http-request set-map(${map}) %[path] %[hdr(value)] if { hdr(do) -m str set }`,
      `http-request del-map(${map}) %[path] if { hdr(do) -m str del }`,
      `http-request add-acl(${list}) %[path] if { hdr(do) -m str add }`,
      `http-request del-acl(${list}) %[path] if { hdr(do) -m str drop }`,
      'http-request set-map(/nobody/reads/it) %[path] 1',
    ]);
    assert.deepEqual(compiled.diagnostics, []);
    const act = (action: string, value = ''): string | undefined => {
      render(compiled, '/a', [
        ['do', action],
        ['value', value],
      ]);
      return render(compiled, '/a');
    };
    assert.deepEqual([act('set', '1'), act('set', '2'), act('del')], ['1', '2', '']);
    assert.deepEqual([act('add'), act('add'), setOf(compiled, list).size, act('drop')], ['listed', 'listed', 1, '']);
  });
});

/** The first pattern of those that agree, or of those the longest. */
function model(name: string, ignoreCase: boolean, entries: readonly { readonly text: string }[], value: string): string | undefined {
  const fold = (text: string): string => (ignoreCase ? text.toLowerCase() : text);
  const agrees: Readonly<Record<string, (pattern: string) => boolean>> = {
    str: (pattern) => fold(value) === fold(pattern),
    beg: (pattern) => fold(value).startsWith(fold(pattern)),
    end: (pattern) => fold(value).endsWith(fold(pattern)),
    sub: (pattern) => fold(value).includes(fold(pattern)),
  };
  const found = entries.map(({ text }) => text).filter((text) => agrees[name]?.(text));
  if (name === 'beg' && !ignoreCase) found.sort((one, other) => other.length - one.length);
  return found[0];
}

test('whatever is added and removed, a lookup finds what a look at each entry would', () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'b', 'B'), maxLength: 4 });
  const step = fc.oneof(
    fc.record({ kind: fc.constant('add' as const), text }),
    fc.record({ kind: fc.constant('remove' as const), text }),
    fc.record({ kind: fc.constant('find' as const), text }),
    fc.record({ kind: fc.constant('commit' as const), text }),
  );
  const way = fc.record({ name: fc.constantFrom('str', 'beg', 'end', 'sub'), ignoreCase: fc.boolean() });
  fc.assert(
    fc.property(way, fc.array(step, { maxLength: 60 }), ({ name, ignoreCase }, steps) => {
      const set = new PatternSet('file', '', 0);
      const lookup = set.lookup(findMatch(name) as ValueMatch<string>, ignoreCase, 'none');
      let entries: { readonly text: string }[] = [];
      for (const { kind, text } of steps) {
        if (kind === 'add') {
          set.add(text, undefined);
          entries.push({ text });
        } else if (kind === 'remove') {
          assert.equal(
            set.remove({ text }),
            entries.some((entry) => entry.text === text),
          );
          entries = entries.filter((entry) => entry.text !== text);
        } else if (kind === 'commit') {
          const version = set.prepare();
          set.add(text, undefined, version);
          assert.ok(set.commit(version));
          entries = [{ text }];
        }
        assert.equal(lookup.find(text)?.text, model(name, ignoreCase, entries, text));
      }
    }),
    { numRuns: 300 },
  );
});

test('of networks the narrowest is found, in both families', () => {
  const set = new PatternSet('file', '', 0);
  const lookup = set.lookup(findMatch('ip') as ValueMatch<string>, false, 'none');
  const networks = [
    '0.0.0.0/0',
    '10.0.0.0/8',
    '10.1.0.0/16',
    '10.1.2.3',
    '10.0.7.0/255.0.255.0',
    '2001:db8::/32',
    '2001:db8::1',
    '::ffff:10.1.2.0/120',
  ];
  for (const network of networks) set.add(network, undefined);
  const cases = [
    ['10.1.2.3', '10.1.2.3'],
    ['10.1.2.4', '10.1.0.0/16'],
    ['10.9.9.9', '10.0.0.0/8'],
    ['10.9.7.9', '10.0.7.0/255.0.255.0'],
    ['9.9.9.9', '0.0.0.0/0'],
    ['::ffff:10.9.9.9', '10.0.0.0/8'],
    ['::ffff:10.1.2.4', '::ffff:10.1.2.0/120'],
    ['2001:db8::1', '2001:db8::1'],
    ['2001:db8::2', '2001:db8::/32'],
    ['2001:db9::2', undefined],
    ['x', undefined],
  ] as const;
  for (const [address, expected] of cases) assert.equal(lookup.find(address)?.text, expected, address);
  for (const network of networks.slice(0, 5)) set.remove({ text: network });
  assert.equal(lookup.find('10.1.2.4')?.text, '::ffff:10.1.2.0/120');
  assert.equal(lookup.find('10.1.3.4'), undefined);
});
