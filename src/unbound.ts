/** A configuration inside of another program: that listens, and hands over what has come. */

import { withoutBind } from './config/link-proxies.ts';
import type { Loaded } from './config/load.ts';
import type { ProxyConfig } from './config/model.ts';

/** Nothing of it listens, no certificate is needed for that, and a frontend without a `bind` line is as it should be. */
export function unbound(loaded: Loaded): Loaded {
  const { config, proxies, diagnostics } = loaded;
  const needless = new Set(proxies.map(withoutBind));
  return {
    ...loaded,
    config: config && { ...config, global: { ...config.global, statsSockets: [] }, proxies: config.proxies.map(withoutSockets) },
    proxies: proxies.map(withoutSockets),
    diagnostics: diagnostics.filter(({ message }) => !needless.has(message)),
  };
}

function withoutSockets(proxy: ProxyConfig): ProxyConfig {
  return { ...proxy, binds: [] };
}
