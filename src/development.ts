/** The authorities of `ssl self-signed`, for as long as the process lives: where they are kept, and whom they may vouch for. */

import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';
import type { RouteTable } from './backend/routes.ts';
import type { Config, Diagnostic, ProxyConfig } from './config/model.ts';
import { wall } from './core/clock.ts';
import { type EventLog, Level } from './core/log.ts';
import type { Environment } from './discovery/docker/endpoint.ts';
import { namedHosts } from './named-hosts.ts';
import type { Certificates } from './tls/certificates.ts';
import { DevelopmentAuthority } from './tls/development.ts';
import type { Routed } from './tls/development-listener.ts';
import { Damaged, readAuthority } from './tls/development-store.ts';

/** Of the image, and of services that have no home. */
const STATE = '/var/lib/fairlead';

/** The folder of the authority: `self-signed-dir`, else where this user may keep things. */
export function authorityFolder({ global }: Pick<Config, 'global'>, env: Environment): string {
  const { XDG_STATE_HOME: state = '', HOME: home = '' } = env;
  if (global.selfSignedDir !== undefined) return global.selfSignedDir;
  if (state !== '') return join(state, 'fairlead', 'tls');
  return home === '' || canWrite(STATE) ? join(STATE, 'tls') : join(home, '.local', 'state', 'fairlead', 'tls');
}

function canWrite(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** An authority that is damaged, at each line that wants it. What cannot be read or written is no reason not to start. */
export function checkAuthority(certificates: Certificates, config: Config, env: Environment): readonly Diagnostic[] {
  if (certificates.development.length === 0) return [];
  try {
    readAuthority(authorityFolder(config, env), wall());
    return [];
  } catch (error) {
    if (!(error instanceof Damaged)) return [];
    const message = `'bind' : 'self-signed' : ${error.message}`;
    return certificates.development.map(({ place }) => ({ severity: 'alert', place, message }));
  }
}

interface Parts {
  readonly env: Environment;
  /** Of this machine. */
  readonly hostname: string;
  readonly events: EventLog;
  /** What is discovered for a frontend now. */
  readonly routes: (frontend: string) => RouteTable | undefined;
}

export class Development {
  private readonly parts: Parts;
  /** By their folders: a reload makes no other one, and looks at what is kept. */
  private readonly authorities = new Map<string, Promise<DevelopmentAuthority>>();

  constructor(parts: Parts) {
    this.parts = parts;
  }

  /** Before its lines listen. */
  async arm({ development }: Certificates, config: Config): Promise<void> {
    if (development.length === 0) return;
    const authority = await this.authority(authorityFolder(config, this.parts.env));
    const proxies = new Map(config.proxies.flatMap((proxy) => (proxy.kind === 'backend' ? [] : [[proxy.name, proxy] as const])));
    for (const listener of development) {
      const proxy = proxies.get(listener.frontend);
      const named = proxy === undefined ? new Set<string>() : namedHosts(proxy);
      listener.use(authority, (host) => (proxy === undefined ? 'no' : named.has(host) ? 'named' : this.routed(proxy, host)), wall);
    }
  }

  private authority(folder: string): Promise<DevelopmentAuthority> {
    const known = this.authorities.get(folder);
    if (known !== undefined) {
      return known.then((authority) => {
        if (authority.reopen()) this.tell(authority);
        return authority;
      });
    }
    const opening = DevelopmentAuthority.open(folder, { hostname: this.parts.hostname, now: wall });
    this.authorities.set(folder, opening);
    return opening.then((authority) => {
      this.tell(authority);
      return authority;
    });
  }

  /** Once, and when it has become another one: people have to trust it by hand. */
  private tell({ file, folder, trouble, made, name, until, doubts }: DevelopmentAuthority): void {
    const { events } = this.parts;
    for (const doubt of doubts)
      events.event(Level.Warning, `self-signed: ${doubt}: whoever has the key can pretend to be any site to those who trust it`);
    if (file === undefined) {
      const message = `the development authority cannot be kept in ${folder} (${trouble}): there is one for this run alone, and whoever trusts it has to do so again. 'self-signed-dir' in 'global' names another folder`;
      events.event(Level.Warning, message);
      return;
    }
    const end = new Date(until).toISOString().slice(0, 10);
    const how = `curl --cacert ${file}, NODE_EXTRA_CA_CERTS=${file}; 'fairlead ca' tells how browsers and systems trust it`;
    events.event(
      Level.Notice,
      `self-signed: the development authority is in ${file} (${made ? 'new' : 'kept'}, until ${end}, ${name}). Trust it: ${how}`,
    );
  }

  /** Rules may take hosts that they do not name, so that with them, as with a default, any may be meant. */
  private routed({ name, kind, useBackends, defaultBackend, servers, dockerRoutes, consulRoutes }: ProxyConfig, host: string): Routed {
    const routes = this.parts.routes(name);
    const how = routes?.hostIs(host) ?? 'no';
    if (how !== 'no') return how;
    const discovers = dockerRoutes.length + consulRoutes.length > 0;
    const isOpen = useBackends.length > 0 || defaultBackend !== undefined || (kind === 'listen' && servers.length > 0);
    return isOpen || !discovers ? 'possible' : 'no';
  }
}
