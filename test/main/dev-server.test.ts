/** examples/dev-server without Docker: what its README says of local processes. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { ask } from '../support/client.ts';
import { root } from '../support/paths.ts';
import { startUpstream } from '../support/upstream.ts';
import { until } from '../support/wait.ts';

describe('examples/dev-server', () => {
  it('sends to processes what a route takes, answers the rest itself, and ends when it is asked to', async (test) => {
    const [shop, blog] = await Promise.all([startUpstream('the shop'), startUpstream('the blog')]);
    const folder = mkdtempSync(join(tmpdir(), 'fairlead-dev-server-'));
    cpSync(join(root, 'examples', 'dev-server'), folder, { recursive: true });
    const module = join(folder, 'node_modules', 'fairlead');
    mkdirSync(module, { recursive: true });
    writeFileSync(join(module, 'package.json'), '{ "type": "module", "exports": "./index.js" }');
    writeFileSync(join(module, 'index.js'), `export * from '${new URL('../../src/embedding.js', import.meta.url)}';`);
    const env = { ...process.env, PORT: '0', SHOP_PORT: String(shop.port), BLOG_PORT: String(blog.port) };
    const server = spawn(process.execPath, ['server.mjs', 'local.cfg'], { cwd: folder, env });
    test.after(async () => {
      server.kill('SIGKILL');
      rmSync(folder, { recursive: true });
      await Promise.all([shop.stop(), blog.stop()]);
    });
    let output = '';
    server.stdout.on('data', (chunk) => {
      output += chunk;
    });
    server.stderr.on('data', (chunk) => {
      output += chunk;
    });
    const port = Number(await until('it listens', () => /http:\/\/localhost:(\d+)\//.exec(output)?.[1]));

    assert.equal((await ask(port, { path: '/shop/cart' })).body, 'the shop');
    assert.equal((await ask(port, { path: '/blog' })).body, 'the blog');
    const own = await ask(port, { path: '/other', method: 'POST', body: 'untouched' });
    assert.match(own.body, /^The development server's own page\.\n\nshop\/local\t(UP|no check).*\t1 requests\nblog\/local/);
    assert.match(own.body, /\/other is not routed/);

    const ended = once(server, 'exit');
    server.kill('SIGTERM');
    assert.deepEqual(await ended, [0, null], output);
  });
});
