/** The package as somebody installs it: what is in it, that it can be imported, and what its types let pass. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { program, root } from '../support/paths.ts';

const CONFIG = `'frontend www\\n mode http\\n http-request return status 200 content-type text/plain string hello\\n'`;

const USE = `
const balancer = await createBalancer({ config: ${CONFIG} });
const server = createServer(balancer.web).listen(0, '127.0.0.1', async () => {
  const answer = await fetch('http://127.0.0.1:' + server.address().port);
  process.stdout.write(await answer.text());
  server.close();
  server.closeAllConnections();
  await balancer.close();
});
`;

const TYPED = `
import express from 'node:http';
import http2 from 'node:http2';
import { type Balancer, type BalancerOptions, ConfigurationError, createBalancer, type StatsRow } from 'fairlead';

const options: BalancerOptions = { configFile: ['a.cfg', 'b.cfg'], frontend: 'www', fallthrough: true, log: (line: string) => void line };
const balancer: Balancer = await createBalancer(options);
express.createServer((request, response) => balancer.web(request, response)).on('upgrade', balancer.ws);
http2.createSecureServer({}, (request, response) => balancer.web(request, response));
http2.createServer(balancer.web);
balancer.web({} as express.IncomingMessage, {} as express.ServerResponse, (error?: unknown) => void error, { body: Buffer.alloc(0) });
balancer.on('log', (line) => line.length);
const rows: readonly StatsRow[] = balancer.stats();
await balancer.reload({ config: String(rows[0]?.['pxname']) });
await balancer.close({ drainMs: 1000 });
try {
  await balancer.reload();
} catch (error) {
  if (error instanceof ConfigurationError) error.diagnostics.map(({ severity, file, line, message }) => [severity, file, line, message]);
}
// @ts-expect-error: one of the two
await createBalancer({});
// @ts-expect-error: not both
await createBalancer({ config: '', configFile: '' });
// @ts-expect-error: no such event
balancer.on('lag', () => {});
`;

/** The sources of the build under test, packed as package.json says; dependencies are those of this folder. */
function install(consumer: string): readonly string[] {
  const source = join(consumer, 'source');
  for (const name of ['package.json', 'bin', 'docs', 'examples', 'README.md', 'LICENSE'])
    cpSync(join(root, name), join(source, name), { recursive: true });
  cpSync(dirname(program), join(source, 'dist', 'src'), { recursive: true });
  const packed = spawnSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], { cwd: source, encoding: 'utf8', timeout: 60_000 });
  const [{ files }] = JSON.parse(packed.stdout) as [{ readonly files: readonly { readonly path: string }[] }];
  const modules = join(consumer, 'node_modules');
  for (const { path } of files) {
    mkdirSync(dirname(join(modules, 'fairlead', path)), { recursive: true });
    cpSync(join(source, path), join(modules, 'fairlead', path));
  }
  const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    readonly dependencies: Readonly<Record<string, string>>;
  };
  mkdirSync(join(modules, '@types'));
  for (const name of [...Object.keys(dependencies), '@types/node']) symlinkSync(join(root, 'node_modules', name), join(modules, name));
  return files.map(({ path }) => path);
}

describe('the package', () => {
  const consumer = mkdtempSync(join(tmpdir(), 'fairlead-package-'));
  let files: readonly string[] = [];
  const run = (name: string, text: string, command: readonly string[] = []) => {
    writeFileSync(join(consumer, name), text);
    const { status, stdout, stderr } = spawnSync(process.execPath, [...command, name], {
      cwd: consumer,
      encoding: 'utf8',
      timeout: 60_000,
    });
    return { status, output: stdout, said: stdout + stderr };
  };

  before(() => {
    files = install(consumer);
  });
  after(() => rmSync(consumer, { recursive: true, force: true }));

  it('has the program, the library with its types, documents and examples, and nothing else', () => {
    for (const path of ['bin/fairlead', 'dist/src/main.js', 'dist/src/embedding.js', 'dist/src/embedding.d.ts', 'docs/embedding.md']) {
      assert.ok(files.includes(path), `${path} is missing`);
    }
    const others = files.filter((path) => !/^(bin|docs|examples|dist\/src)\/|^(package\.json|README\.md|LICENSE)$/.test(path));
    assert.deepEqual(others, []);
    assert.deepEqual(
      files.filter((path) => path.endsWith('.d.ts')),
      ['dist/src/embedding.d.ts'],
    );
  });

  it('is imported by modules', () => {
    const { status, output, said } = run(
      'use.mjs',
      `import { createServer } from 'node:http';\nimport { createBalancer } from 'fairlead';\n${USE}`,
    );
    assert.equal(status, 0, said);
    assert.equal(output, 'hello');
  });

  it('is imported by CommonJS, and required where Node can do that', () => {
    const body = (importing: string) =>
      `const { createServer } = require('node:http');\n(async () => {\nconst { createBalancer } = ${importing};\n${USE}\n})();`;
    for (const importing of ["await import('fairlead')", ...('require_module' in process.features ? ["require('fairlead')"] : [])]) {
      const { status, output, said } = run('use.cjs', body(importing));
      assert.equal(status, 0, said);
      assert.equal(output, 'hello');
    }
  });

  it('has types that a strict compiler takes, and that refuse what is wrong', () => {
    writeFileSync(join(consumer, 'package.json'), '{ "type": "module" }');
    const options = [
      '--noEmit',
      '--strict',
      '--exactOptionalPropertyTypes',
      '--module',
      'nodenext',
      '--target',
      'es2023',
      '--types',
      'node',
    ];
    const { status, said } = run('typed.ts', TYPED, [join(root, 'node_modules', 'typescript', 'bin', 'tsc'), ...options]);
    assert.equal(status, 0, said);
  });

  it('keeps everything else to itself', () => {
    const { said } = run('inside.mjs', `import 'fairlead/dist/src/app.js';`);
    assert.match(said, /ERR_PACKAGE_PATH_NOT_EXPORTED/);
  });
});
