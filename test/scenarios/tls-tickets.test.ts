/** `tls-ticket-keys`: listeners with the same keys know each other's sessions, and others do not. */

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { RawClient } from '../support/client.ts';
import { tlsFile } from '../support/tls.ts';
import { withBalancer } from './balancer.ts';

const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';

describe('keys of tickets', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tls-tickets-'));
  after(() => rmSync(folder, { recursive: true }));

  /** Lines of as many bytes each, which differ by `seed`. */
  function keyFile(seed: number, bytes: number): string {
    const path = join(folder, `${seed}-${bytes}.keys`);
    writeFileSync(path, [0, 1, 2].map((line) => `${Buffer.alloc(bytes, seed + line).toString('base64')}\n`).join(''));
    return path;
  }

  const site = (keys: string): string =>
    `frontend www\n bind 127.0.0.1:0 ssl crt ${tlsFile('server')} tls-ticket-keys ${keys}\n http-request return status 200\n`;

  /** Whether a session of a listener with `first` goes on at one with `second`. */
  async function goesOn(first: string, second: string, maxVersion: 'TLSv1.2' | 'TLSv1.3'): Promise<boolean> {
    let session: Buffer | undefined;
    await withBalancer(site(first), async (balancer) => {
      const client = await RawClient.secure(balancer.port('www'), { maxVersion });
      client.send(GET);
      await client.readResponse();
      session = client.socket.getSession();
      client.close();
    });
    assert.ok(session);
    let reused = false;
    await withBalancer(site(second), async (balancer) => {
      const client = await RawClient.secure(balancer.port('www'), { maxVersion, session });
      reused = client.socket.isSessionReused();
      client.close();
    });
    return reused;
  }

  for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
    for (const bytes of [48, 80]) {
      it(`of ${bytes} bytes, ${maxVersion}`, async () => {
        assert.equal(await goesOn(keyFile(1, bytes), keyFile(1, bytes), maxVersion), true);
        assert.equal(await goesOn(keyFile(1, bytes), keyFile(11, bytes), maxVersion), false);
      });
    }
  }
});
