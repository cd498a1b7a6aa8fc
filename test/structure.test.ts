/**
 * The house keeps its shape: who may import whom, read from the import lines of src/ alone, so that it holds on a machine
 * without the linter too. biome.json says the same to an editor.
 */

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { describe, it } from 'node:test';
import { root } from './support/paths.ts';

/** Folder -> folders it may import; `config/model.ts` stands for the configuration's types alone. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  core: [],
  http: ['core'],
  config: ['core'],
  rules: ['core', 'http', 'config/model.ts'],
  discovery: ['core', 'config'],
  state: ['core', 'config', 'discovery'],
  tls: ['core', 'config/model.ts'],
  backend: ['core', 'http', 'state', 'tls', 'config/model.ts'],
  proxy: ['core', 'http', 'rules', 'tls', 'backend', 'config/model.ts'],
  stats: ['core', 'http', 'backend', 'proxy', 'config/model.ts'],
  explain: ['core', 'http', 'config/model.ts', 'rules', 'discovery', 'state', 'backend', 'proxy', 'stats/page/why.ts'],
  ctl: ['core', 'config'],
  render: ['core', 'config', 'discovery', 'state'],
  admin: ['core', 'http', 'rules/patterns.ts', 'tls', 'state', 'backend', 'proxy', 'stats', 'config'],
};

/** Library -> the one file, or folder, that may import it. */
const homeOf: Readonly<Record<string, string>> = {
  dockerode: 'discovery/docker/client.ts',
  'prom-client': 'stats/prometheus.ts',
  'http-proxy': 'proxy/embedded/carrier.ts',
  'basic-auth': 'admin/',
  yaml: 'discovery/file/document.ts',
  pkijs: 'tls/development-x509.ts',
  asn1js: 'tls/development-x509.ts',
  'node:process': 'main.ts',
};

/** The program and its life, the library, and what both know of the process: everything else hangs below app.ts. */
const processEdge: readonly string[] = ['main.ts', 'life.ts', 'edge.ts', 'embedding.ts'];

const sockets = /^node:(net|tls|http|https|http2|dns|dns\/promises|dgram)$/;
const importLine = /^(?:import|export)\b[^;]*?\bfrom\s+'([^']+)'|^import\s+'([^']+)'|\bimport\('([^']+)'\)/gm;

/** What is wrong with `file` (path below src/) importing `specifier`; undefined when nothing is. */
function objection(file: string, specifier: string): string | undefined {
  const folder = file.includes('/') ? file.slice(0, file.indexOf('/')) : '';
  if (folder === 'http' && sockets.test(specifier)) return `src/http knows no sockets, but imports ${specifier}`;
  if (!specifier.startsWith('.')) {
    const home = homeOf[specifier];
    return home === undefined || file.startsWith(home) ? undefined : `${specifier} belongs in ${home}`;
  }
  const target = relative('/src', resolve('/src', dirname(file), specifier))
    .split(sep)
    .join('/');
  if (target === 'main.ts') return 'nothing imports main.ts';
  if (target === 'app.ts') return processEdge.includes(file) ? undefined : 'only the process edge imports app.ts';
  if (folder === '' || target.startsWith(`${folder}/`)) return undefined;
  const allowed = mayImport[folder]?.some((may) => target === may || target.startsWith(`${may}/`));
  return allowed === true ? undefined : `${folder} may not import ${target}`;
}

function importsOf(source: string): string[] {
  return [...source.matchAll(importLine)].map((match) => match[1] ?? match[2] ?? match[3] ?? '');
}

const files = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
  .map((file) => file.split(sep).join('/'))
  .filter((file) => file.endsWith('.ts'));

describe('the house', () => {
  it('imports only along the table of ARCHITECTURE.md', () => {
    const objections = files.flatMap((file) =>
      importsOf(readFileSync(join(root, 'src', file), 'utf8')).flatMap((specifier) => {
        const wrong = objection(file, specifier);
        return wrong === undefined ? [] : [`src/${file}: ${wrong}`];
      }),
    );
    assert.deepEqual(objections, []);
  });

  it('has no folder that the table does not know', () => {
    const unknown = files.filter((file) => file.includes('/') && !Object.hasOwn(mayImport, file.slice(0, file.indexOf('/'))));
    assert.deepEqual(unknown, []);
  });

  it('touches the process in main.ts alone, but for four of Node’s bindings', () => {
    const code = (file: string) => readFileSync(join(root, 'src', file), 'utf8').replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '');
    const touching = files.filter(
      (file) => file !== 'main.ts' && file !== 'edge.ts' && /(?<![.\w'`-])process(\.(?=\w)| as )/.test(code(file)),
    );
    assert.deepEqual(touching, ['core/tcp-wrap.ts', 'core/udp-wrap.ts', 'proxy/stream-wrap.ts', 'proxy/tls-wrap.ts']);
  });
});

describe('the import check itself', () => {
  const refused: readonly (readonly [file: string, specifier: string])[] = [
    ['core/log.ts', '../http/chars.ts'],
    ['http/head.ts', 'node:net'],
    ['rules/compile.ts', '../config/lexer.ts'],
    ['backend/balance/first.ts', '../../proxy/session.ts'],
    ['discovery/docker/watch.ts', 'dockerode'],
    ['discovery/file/list.ts', 'yaml'],
    ['tls/certificates.ts', 'pkijs'],
    ['proxy/session.ts', '../app.ts'],
    ['sources.ts', './app.ts'],
    ['admin/api.ts', '../discovery/provider.ts'],
  ];
  for (const [file, specifier] of refused) {
    it(`refuses ${specifier} in ${file}`, () => assert.notEqual(objection(file, specifier), undefined));
  }

  it('reads every form of import', () => {
    const source =
      "import type {\n  A,\n} from './a.ts';\nimport './b.ts';\nexport { c } from './c.ts';\nconst d = await import('./d.ts');\n";
    assert.deepEqual(importsOf(source), ['./a.ts', './b.ts', './c.ts', './d.ts']);
  });
});
