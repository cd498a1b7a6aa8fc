import assert from 'node:assert/strict';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import type { TlsFilesConfig } from '../../src/config/model.ts';
import { Library } from '../../src/tls/library.ts';
import { tlsFile } from '../support/tls.ts';

it('a crl-file that comes to be without any list is no good, and the one before counts', () => {
  const folder = mkdtempSync(join(tmpdir(), 'fairlead-'));
  const file = join(folder, 'crl.pem');
  const library = new Library({} as TlsFilesConfig, { crt: folder, ca: folder, cwd: folder });
  try {
    copyFileSync(tlsFile('client-ca.crl'), file);
    const before = library.authoritiesOf('crl-file', file);
    copyFileSync(tlsFile('client-ca'), file);
    assert.throws(() => library.reread(file, undefined), /no list of revoked certificates/);
    assert.equal(library.authoritiesOf('crl-file', file), before);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
