import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { demoHelp, demoText, startDemoServers } from '../../src/demo.ts';
import { prepare } from '../../src/prepare.ts';
import { ask } from '../support/client.ts';

describe('the demo', () => {
  it('has servers that count their requests and say their name, but not for checks', async () => {
    const servers = await startDemoServers();
    try {
      const port = servers.ports[1] ?? 0;
      assert.equal((await ask(port, { path: '/health' })).status, 200);
      await ask(port);
      assert.deepEqual(JSON.parse((await ask(port)).body), { requestCounter: 2, hostname: 'demo-2' });
    } finally {
      servers.close();
    }
  });

  it('runs a configuration without a warning', () => {
    const text = demoText({ port: 8080, servers: [9001, 9002, 9003], password: 'secret' });
    const { prepared, diagnostics } = prepare({ kind: 'text', text, name: 'demo' }, { env: {} });
    assert.deepEqual(diagnostics, []);
    const backend = prepared?.config.proxies.find((proxy) => proxy.name === 'demo');
    assert.deepEqual(
      backend?.servers.map((server) => [server.name, server.port, server.check !== undefined]),
      [
        ['demo-1', 9001, true],
        ['demo-2', 9002, true],
        ['demo-3', 9003, true],
      ],
    );
  });

  it('says where it is and how to get in', () => {
    const help = demoHelp('127.0.0.1:8081', 'secret');
    assert.match(help, /curl http:\/\/127\.0\.0\.1:8081\//);
    assert.match(help, /admin:secret/);
  });
});
