/** `add server`, `del server`: servers that come and go without the text (management manual 9.3). A reload forgets them. */

import type { Backend } from '../../backend/backend.ts';
import type { Server } from '../../backend/server.ts';
import { readServerAddress } from '../../config/address.ts';
import { readDynamicServer } from '../../config/dynamic-server.ts';
import type { ServerConfig } from '../../config/model.ts';
import { Level } from '../../core/log.ts';
import { findBackend } from '../names.ts';
import { type Answer, type Call, type Command, message, refuse, refuseUnended } from './command.ts';
import { findServer } from './find.ts';
import type { Runtime } from './runtime.ts';

function add({ args: [word = '', ...words], runtime }: Call): Answer | Promise<Answer> {
  const [, backendName = '', name = ''] = /^([^/]+)\/(.+)$/.exec(word) ?? [];
  if (name === '') return refuseUnended("Require 'backend/server'.");
  const backend = findBackend(runtime.proxies, backendName);
  if (backend === undefined) return refuseUnended('No such backend.');
  if (backend.routed) return refuseUnended('Its servers are containers: label one to add it.');
  if (backend.config.disabled || !backend.dynamic) {
    return refuseUnended('Backend must use a dynamic load balancing to support dynamic servers.');
  }
  if (words.length === 0) return refuse("'server' expects <name> and <addr>[:<port>] as arguments.");
  const read = readDynamicServer(backend.config, backend.servers, name, words, runtime.tls);
  const taken = backend.servers.some(({ config }) => config.name === name);
  if ('error' in read) return taken && isAddressToHaproxy(words[0]) ? TAKEN : refuse(read.error);
  const wrong = runtime.refusal(read.value) ?? trackError(runtime, backend, read.value);
  if (wrong !== undefined) return refuse(wrong);
  if (taken) return TAKEN;
  return runtime.addServer(backend, read.value).then((done) => (done ? message(Level.Info, 'New server registered.') : TAKEN));
}

/** HAProxy takes more of them, and so gets as far as the name. */
function isAddressToHaproxy(text = ''): boolean {
  const read = readServerAddress(text, '');
  return 'error' in read && !/^(invalid (character|port) |port range)/.test(read.error);
}

const TAKEN = refuse('Already exists a server with the same name in backend.');

function trackError({ proxies }: Runtime, own: Backend, { track }: ServerConfig): string | undefined {
  if (track === undefined) return undefined;
  const backend = track.backend === '' ? own : findBackend(proxies, track.backend);
  if (backend === undefined) return `unable to find required proxy '${track.backend}' for tracking.`;
  const target = backend.servers.find((server) => server.config.name === track.server && !server.removed);
  if (target === undefined) return `unable to find required server '${track.server}' for tracking.`;
  const { check, agent, track: further, dynamic } = target.config;
  const unable = `unable to use ${backend.name}/${track.server} for tracking as it`;
  if (dynamic === true) return `${unable} is a dynamic server.`;
  return check === undefined && agent === undefined && further === undefined
    ? `${unable} does not have any check nor agent enabled.`
    : undefined;
}

function del({ args: [word], runtime }: Call): Answer | Promise<Answer> {
  const server = findServer(runtime, word);
  // No sentence of this command has an empty line behind it.
  if ('kind' in server) return 'text' in server ? { ...server, text: server.text.trimEnd() } : server;
  if (isPointedTo(server)) {
    return refuseUnended('This server cannot be removed at runtime due to other configuration elements pointing to it.');
  }
  if (!server.inMaintenance) return refuseUnended('Only servers in maintenance mode can be deleted.');
  if (!server.deletable) return IN_USE;
  return runtime.removeServer(server).then((done) => (done ? DELETED : IN_USE));
}

const IN_USE = refuseUnended('Server still has connections attached to it, cannot remove it.');
const DELETED: Answer = { kind: 'message', severity: Level.Info, text: 'Server deleted.' };

/** Those that follow it, rules that name it; and what would bring it back at once: a template, a container. */
function isPointedTo({ backend, trackers, config: { name } }: Server): boolean {
  const { servers, useServers } = backend.config;
  return trackers.length > 0 || useServers.some((rule) => rule.server === name) || !servers.some((server) => server.name === name);
}

export const dynamicCommands: readonly Command[] = [
  {
    name: 'add server',
    syntax: '<bk>/<srv> <addr>[:<port>] ...',
    help: 'add a server, with the words of a server line; it starts in maintenance',
    level: 'admin',
    run: add,
  },
  { name: 'del server', syntax: '<bk>/<srv>', help: 'remove a server that is in maintenance', level: 'admin', run: del },
];
