/** The certificates of one configuration: read while it is prepared, so that `-c`, the start and a reload agree on them. */

import type { BindConfig, BindSslConfig, Diagnostic, ProxyConfig } from '../config/model.ts';
import { listenerContext } from './contexts.ts';
import { DevelopmentListener } from './development-listener.ts';
import { type Bundle, readBundle } from './pem.ts';
import type { ListenerTls, Presented } from './types.ts';

export class Certificates {
  /** Of lines with `self-signed`: they are given the authority before they listen. */
  readonly development: DevelopmentListener[] = [];
  private readonly listeners = new Map<BindSslConfig, ListenerTls>();

  /** Reads those of all listeners; what is wrong is handed to `report`, at the line of the `bind`. */
  constructor(proxies: readonly ProxyConfig[], report: (diagnostic: Diagnostic) => void) {
    for (const { name, binds } of proxies) {
      for (const bind of binds) {
        if (bind.ssl === undefined) continue;
        try {
          this.listeners.set(bind.ssl, this.listenerOf(name, bind, bind.ssl));
        } catch (error) {
          report({ severity: 'alert', place: bind.place, message: (error as Error).message });
        }
      }
    }
  }

  /** Undefined for clear text. */
  of({ ssl }: BindConfig): ListenerTls | undefined {
    return ssl === undefined ? undefined : this.listeners.get(ssl);
  }

  private listenerOf(frontend: string, bind: BindConfig, ssl: BindSslConfig): ListenerTls {
    const [usual] = ssl.crt.map((file) => presentedOf(ssl, readBundle(file)));
    if (usual !== undefined) return { usual, only: true, choose: () => usual };
    if (!ssl.selfSigned) throw new Error("'ssl' needs a certificate: 'crt' or 'crt-list'.");
    const development = new DevelopmentListener(frontend, bind, (bundle) => presentedOf(ssl, bundle));
    this.development.push(development);
    return {
      get usual() {
        return development.usual;
      },
      only: false,
      choose: (name) => (name === undefined ? undefined : development.find(name)) ?? development.usual,
    };
  }
}

function presentedOf(ssl: BindSslConfig, bundle: Bundle): Presented {
  return {
    context: listenerContext(ssl, bundle),
    certificate: bundle.certificate.raw,
    verify: ssl.verify,
    alpn: ssl.alpn,
    forgives: () => false,
  };
}
