/**
 * What operators have changed by the Runtime API in the configuration of the client side, until the next configuration:
 * limits, and which frontends listen. (What they change of servers, those remember.)
 */

import type { Config, ProxyConfig } from './config/model.ts';
import type { FrontendState } from './proxy/frontend.ts';

/** What could not be had again once it is closed. Who connects to it while it is paused waits (`proxy/admission.ts`). */
export function inherited({ binds }: ProxyConfig): ProxyConfig['binds'] {
  return binds.filter(({ address }) => address.kind === 'fd');
}

export class Changes {
  /** `set maxconn global` */
  maxconn: number | undefined = undefined;
  /** By the frontend's name. */
  private readonly limits: Map<string, number> = new Map();
  private readonly states: Map<string, FrontendState> = new Map();

  /** `set maxconn frontend` */
  limit(frontend: string, maxconn: number): void {
    this.limits.set(frontend, maxconn);
  }

  stateOf(frontend: string): FrontendState {
    return this.states.get(frontend) ?? 'OPEN';
  }

  /** `enable frontend`, `disable frontend`, `shutdown frontend` */
  setState(frontend: string, state: FrontendState): void {
    this.states.set(frontend, state);
  }

  forget(): void {
    this.maxconn = undefined;
    this.limits.clear();
    this.states.clear();
  }

  /** The configuration with the changes in it. */
  over(config: Config): Config {
    const { global } = config;
    const proxies = config.proxies.map((proxy) => this.overProxy(proxy));
    return { ...config, global: { ...global, maxconn: this.maxconn ?? global.maxconn }, proxies };
  }

  private overProxy(proxy: ProxyConfig): ProxyConfig {
    const { name, kind } = proxy;
    const state = this.stateOf(name);
    if (kind === 'backend' || (state === 'OPEN' && !this.limits.has(name))) return proxy;
    const binds = state === 'OPEN' ? proxy.binds : state === 'PAUSED' ? inherited(proxy) : [];
    return { ...proxy, maxconn: this.limits.get(name) ?? proxy.maxconn, binds };
  }
}
