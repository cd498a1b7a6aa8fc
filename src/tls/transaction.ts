/** A certificate that an operator has handed in and not yet put into force (management 9.3 `set ssl cert`): one at a time, as in HAProxy. */

import type { Certificates } from './certificates.ts';
import { type Bundle, type Parts, parseParts, whole } from './pem.ts';

export class CertificateTransaction {
  private readonly certificates: Certificates;
  private pending: { readonly file: string; readonly parts: Parts } | undefined = undefined;

  constructor(certificates: Certificates) {
    this.certificates = certificates;
  }

  /** Whose it is. */
  get file(): string | undefined {
    return this.pending?.file;
  }

  /** What is handed in, without a look at whether its key fits. */
  get parts(): Parts | undefined {
    return this.pending?.parts;
  }

  /** Throws an Error for a text without a certificate. */
  set(file: string, text: string): 'created' | 'updated' {
    const parts = parseParts(text, file);
    if (parts.certificate === undefined) throw new Error(`unable to load certificate from file '${file}'.`);
    const before = this.pending;
    this.pending = { file, parts };
    return before === undefined ? 'created' : 'updated';
  }

  /** It counts from the next handshake on, until its file changes or the configuration is read again. Throws an Error; then nothing has changed. */
  commit(): void {
    if (this.pending === undefined) return;
    const { file, parts } = this.pending;
    const { library } = this.certificates;
    const before = library.bundles.get(file) as Bundle;
    library.bundles.set(file, library.completed(whole(parts, file, before.key)));
    const [problem] = this.certificates.rebuild();
    if (problem !== undefined) {
      library.bundles.set(file, before);
      this.certificates.rebuild();
      throw new Error(problem);
    }
    this.pending = undefined;
  }

  abort(): void {
    this.pending = undefined;
  }
}
