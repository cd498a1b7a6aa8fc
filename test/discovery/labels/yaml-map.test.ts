import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readYamlMap, type YamlMap, type YamlValue } from '../../../src/discovery/labels/yaml-map.ts';

type Plain = string | { readonly [key: string]: Plain };

function plain(value: YamlValue): Plain {
  return typeof value === 'string' ? value : Object.fromEntries([...(value as YamlMap)].map(([key, inner]) => [key, plain(inner)]));
}

function read(text: string): Plain | undefined {
  const found = readYamlMap(text);
  return 'error' in found ? `error: ${found.error}` : plain(found.value);
}

const CASES: readonly (readonly [text: string, expected: Plain])[] = [
  ['', {}],
  ['# nothing\n\n---\n', {}],
  ['a:\nb: 1\n', { a: '', b: '1' }],
  ['www.x.org:\ns.x.org:\n  "/":\n    port: 8000\n', { 'www.x.org': '', 's.x.org': { '/': { port: '8000' } } }],
  ["  a:\n    '/it''s':\n      dest: \"/\\\"\" # comment\n", { a: { "/it's": { dest: '/"' } } }],
  ['a: "b: c"\r\n\r\nd: http://e\r\n', { a: 'b: c', d: 'http://e' }],
  ['~^a:b$: 1', { '~^a:b$': '1' }],
  ['*a: 1', "error: holds no 'key: value' in line 1"],
  ['"~^a:b$": ~', { '~^a:b$': '' }],
  ['a: { "/": {port: 80}, /b : {} } # c', { a: { '/': { port: '80' }, '/b': {} } }],
  ['{"a":{},"b":{"/":{"port":8000,"dest":""}}}', { a: {}, b: { '/': { port: '8000', dest: '' } } }],
  ['\n{ a: { "/": null, },\n }\n', { a: { '/': '' } }],
  ['a: 1\na: 2', { a: '2' }],
  ['a: 1\n b: 2', 'error: is indented in another way in line 2'],
  ['a:\n  b: 1\n c: 2', 'error: is indented in another way in line 3'],
  ['a:\n\tb: 1', 'error: is indented by a tab in line 2'],
  ['- a', "error: holds no 'key: value' in line 1"],
  ['a: [1, 2]', 'error: holds more than a plain value in line 1'],
  ['a: |\n  b', 'error: holds more than a plain value in line 1'],
  ['a: {b: 1', "error: holds no ',' or '}' at character 6"],
  ['{"a": [1]}', "error: holds no ',' or '}' at character 7"],
  ['{"a" 1}', "error: holds no ':' at character 6"],
  ['{} x', "error: goes on behind its last '}'"],
  [`${'{a:'.repeat(5000)}`, 'error: is nested too deeply'],
  [Array.from({ length: 5000 }, (_, i) => `${' '.repeat(i)}a:`).join('\n'), 'error: is nested too deeply'],
];

describe('mappings in YAML and JSON', () => {
  for (const [text, expected] of CASES) it(JSON.stringify(text.slice(0, 60)), () => assert.deepEqual(read(text), expected));
});
