/** The servers of a backend, as they are, or as their sources say where nothing serves. */

import type { Server } from '../backend/server.ts';
import { statusText } from '../backend/status.ts';
import type { ProxyConfig, ServerConfig } from '../config/model.ts';
import type { DiscoveredServer } from '../discovery/provider.ts';
import { whyOf } from '../stats/page/why.ts';
import type { Member, Pool } from './explanation.ts';
import type { World } from './world.ts';

/** Undefined: there is no such backend. */
export function poolOf(world: World, name: string): Pool | undefined {
  const desired = world.state.backends.get(name);
  if (desired === undefined) return undefined;
  const { config, origin } = desired;
  return { name, origin, algorithm: config.balance.algorithm, bound: bindingsOf(config), members: membersOf(world, name) };
}

/** What sends a client to a server before its turn counts. */
function bindingsOf({ cookie, stickRules, useServers }: ProxyConfig): readonly string[] {
  return [
    ...(cookie === undefined ? [] : [`cookie ${cookie.name}`]),
    ...(stickRules.length === 0 ? [] : ['a stick table']),
    ...(useServers.length === 0 ? [] : ['use-server']),
  ];
}

function membersOf({ live, state }: World, name: string): readonly Member[] {
  const backend = live?.backend(name);
  if (backend === undefined) return live === undefined ? (state.backends.get(name)?.servers.map(foretold) ?? []) : [];
  const { next } = backend;
  return backend.servers.filter(({ removed }) => !removed).map((server) => memberOf(server, server === next));
}

/** The member that one of the reported things is. */
export type MemberFinder = (backend: string, identity: string) => Member | undefined;

export function memberFinder({ live, state }: World): MemberFinder {
  if (live !== undefined) {
    return (backend, identity) => {
      const server = live.backend(backend)?.find(identity);
      return server === undefined || server.removed ? undefined : memberOf(server, false);
    };
  }
  const pools = new Map<string, ReadonlyMap<string, DiscoveredServer>>();
  return (backend, identity) => {
    const servers = state.backends.get(backend)?.servers ?? [];
    const known = pools.get(backend) ?? new Map(servers.map((server) => [server.config.identity, server]));
    pools.set(backend, known);
    const server = known.get(identity);
    return server === undefined ? undefined : foretold(server);
  };
}

function memberOf(server: Server, next: boolean): Member {
  return { ...named(server.config), status: statusText(server), why: whyOf(server, undefined), usable: server.usable, next };
}

/** Nobody has checked it. */
function foretold({ config, state, reason }: DiscoveredServer): Member {
  const disabled = config.disabled || config.address === undefined;
  const ready = config.check === undefined ? 'no check' : 'unknown';
  const status = disabled ? 'MAINT' : state === 'ready' ? ready : state === 'drain' ? 'DRAIN' : 'DOWN';
  return { ...named(config), status, why: reason, usable: state === 'ready' && !disabled, next: false };
}

function named({ name, address, port, container }: ServerConfig): Pick<Member, 'name' | 'container' | 'address'> {
  const host = address?.includes(':') === true ? `[${address}]` : address;
  return { name, container: container?.name ?? '', address: host === undefined ? '' : `${host}:${port}` };
}
