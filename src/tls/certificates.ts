/** The certificates of one configuration: read while it is prepared, so that `-c`, the start and a reload agree on them. */

import type { BindConfig, BindSslConfig, Diagnostic, ProxyConfig } from '../config/model.ts';
import { listenerContext } from './contexts.ts';
import { readBundle } from './pem.ts';
import type { ListenerTls, Presented } from './types.ts';

export class Certificates {
  private readonly listeners = new Map<BindSslConfig, ListenerTls>();

  /** Reads those of all listeners; what is wrong is handed to `report`, at the line of the `bind`. */
  constructor(proxies: readonly ProxyConfig[], report: (diagnostic: Diagnostic) => void) {
    for (const bind of proxies.flatMap((proxy) => proxy.binds)) {
      if (bind.ssl === undefined) continue;
      try {
        this.listeners.set(bind.ssl, listenerOf(bind.ssl));
      } catch (error) {
        report({ severity: 'alert', place: bind.place, message: (error as Error).message });
      }
    }
  }

  /** Undefined for clear text. */
  of({ ssl }: BindConfig): ListenerTls | undefined {
    return ssl === undefined ? undefined : this.listeners.get(ssl);
  }
}

function listenerOf(ssl: BindSslConfig): ListenerTls {
  const all = ssl.crt.map((file): Presented => {
    const bundle = readBundle(file);
    return {
      context: listenerContext(ssl, bundle),
      certificate: bundle.certificate.raw,
      verify: ssl.verify,
      alpn: ssl.alpn,
      forgives: () => false,
    };
  });
  const [usual] = all;
  if (usual === undefined) throw new Error("'ssl' needs a certificate: 'crt' or 'crt-list'.");
  return { usual, only: true, choose: () => usual };
}
