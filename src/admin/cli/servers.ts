/** Commands that change servers: `set server`, `enable`, `disable`, weights and limits (manual 9.3). */

import { isIP } from 'node:net';
import type { Server } from '../../backend/server.ts';
import { MAX_WEIGHT, STATIC_WEIGHTS, shareOfWeight, takesWeight } from '../../backend/weights.ts';
import { isHostName } from '../../config/address.ts';
import { bytesOf } from '../../core/bytes.ts';
import { monotonic } from '../../core/clock.ts';
import { Level } from '../../core/log.ts';
import { type Answer, type Call, type Command, DONE, data, message, refuse, refuseUnended } from './command.ts';
import { withServer } from './find.ts';
import { behindInteger, leadingInteger } from './numbers.ts';

/** `words` are those behind the property's name. */
type Setter = (server: Server, words: readonly string[], call: Call) => Answer | Promise<Answer>;

const SETTERS: Readonly<Record<string, Setter>> = {
  addr: setAddress,
  agent: setAgent,
  'agent-addr': setAgentAddress,
  'agent-port': setAgentPort,
  'agent-send': setAgentSend,
  'check-addr': setCheckAddress,
  'check-port': setCheckPort,
  fqdn: setHost,
  health: setHealth,
  ssl: setSsl,
  state: setState,
  weight: (server, [text]) => changeWeight(server, text),
};

const USAGE = refuse(`usage: set server <backend>/<server> ${Object.keys(SETTERS).join(' | ')}`);

function setServer(server: Server, call: Call): Answer | Promise<Answer> {
  const [property = '', ...words] = call.args;
  return (Object.hasOwn(SETTERS, property) ? SETTERS[property] : undefined)?.(server, words, call) ?? USAGE;
}

function setState(server: Server, [state]: readonly string[]): Answer {
  if (state !== 'ready' && state !== 'drain' && state !== 'maint') {
    return refuse("'set server <srv> state' expects 'ready', 'drain' and 'maint'.");
  }
  server.setAdmin(state, monotonic());
  return DONE;
}

function setSsl(server: Server, [on]: readonly string[]): Answer {
  if (server.config.dynamic === true) return refuse("'set server <srv> ssl' not supported on dynamic servers");
  if (!server.speaksTls) return refuse("'set server <srv> ssl' cannot be set.  default-server should define ssl settings");
  if (on !== 'on' && on !== 'off') return refuse("'set server <srv> ssl' expects 'on' or 'off'.");
  server.setSsl(on === 'on');
  return message(Level.Notice, 'server ssl setting updated.');
}

function setHealth(server: Server, [health]: readonly string[]): Answer {
  if (server.config.track !== undefined) return refuse('cannot change health on a tracking server.');
  if (health !== 'up' && health !== 'stopping' && health !== 'down') {
    return refuse("'set server <srv> health' expects 'up', 'stopping', or 'down'.");
  }
  server.forceHealth(health, monotonic());
  return DONE;
}

// --- weight and limit -----------------------------------------------------------------------------------------------

/** A number from 0 to 256, or a percentage of the configured weight. */
function changeWeight(server: Server, text: string | undefined): Answer {
  if (text === undefined) return refuse('Require <weight> or <weight%>.');
  const number = leadingInteger(text);
  if (number === undefined) return refuseUnended('Empty weight string empty or preceded by garbage');
  let weight = number;
  if (behindInteger(text) === '%') {
    if (number < 0) return refuse('Relative weight must be positive.');
    weight = shareOfWeight(server, number);
  } else if (number < 0 || number > MAX_WEIGHT) {
    return refuse('Absolute weight can only be between 0 and 256 inclusive.');
  } else if (behindInteger(text) !== '') {
    return refuseUnended('Trailing garbage in weight string');
  }
  if (!takesWeight(server, weight)) return refuse(STATIC_WEIGHTS);
  server.setWeight(weight, monotonic());
  return DONE;
}

function getWeight(server: Server): Answer {
  return data(`${server.weight} (initial ${server.config.weight})\n`);
}

/** A negative number is unlimited: HAProxy takes it for one beyond any other. */
function setMaxconn(server: Server, { args: [text] }: Call): Answer {
  if (text === undefined) return refuse('Require <maxconn>.');
  const number = leadingInteger(text);
  if (number === undefined) return refuseUnended('maxconn string empty or preceded by garbage');
  if (behindInteger(text) !== '') return refuseUnended('Trailing garbage in maxconn string');
  server.setMaxconn(Math.max(0, number), monotonic());
  return DONE;
}

// --- checks ---------------------------------------------------------------------------------------------------------

/** What HAProxy refuses of an address of checks, it says as a warning. */
function refuseCheck(text: string): Answer {
  return { kind: 'message', severity: Level.Warning, text };
}

const NO_CHECK = refuseCheck('health checks are not enabled on this server');
const NO_AGENT = refuseCheck('agent checks are not enabled on this server');

function setAgent(server: Server, [health]: readonly string[]): Answer {
  if (!server.agentEnabled) return refuse('agent checks are not enabled on this server.');
  if (health !== 'up' && health !== 'down') return refuse("'set server <srv> agent' expects 'up' or 'down'.");
  server.forceAgent(health, monotonic());
  return DONE;
}

function setAgentSend(server: Server, [send = '']: readonly string[]): Answer {
  if (!server.agentEnabled) return refuse('agent checks are not enabled on this server.');
  server.setAgentSend(bytesOf(send));
  return DONE;
}

function setAgentAddress(server: Server, [address, ...more]: readonly string[]): Answer {
  if (address === undefined) return missing('agent-addr', 'an address and optionally a port');
  if (server.config.agent === undefined) return NO_AGENT;
  const read = readTarget(address, more);
  if ('refused' in read) return read.refused;
  server.redirectAgent(read);
  return DONE;
}

function setAgentPort(server: Server, [text]: readonly string[]): Answer {
  if (text === undefined) return missing('agent-port', 'a port');
  if (server.config.agent === undefined) return NO_AGENT;
  const port = readPort(text);
  if (typeof port !== 'number') return port;
  server.redirectAgent({ port });
  return DONE;
}

function setCheckAddress(server: Server, [address, ...more]: readonly string[]): Answer {
  if (address === undefined) return missing('check-addr', 'an address and optionally a port');
  if (server.config.check === undefined) return NO_CHECK;
  const read = readTarget(address, more);
  if ('refused' in read) return read.refused;
  server.redirectCheck(read);
  return DONE;
}

function setCheckPort(server: Server, [text]: readonly string[]): Answer {
  if (text === undefined) return missing('check-port', 'a port');
  if (server.config.check === undefined) return NO_CHECK;
  const port = readPort(text);
  if (typeof port !== 'number') return port;
  server.redirectCheck({ port });
  return DONE;
}

function missing(property: string, what: string): Answer {
  return refuse(`set server <b>/<s> ${property} requires ${what}.`);
}

/** `<addr> [port <port>]` */
function readTarget(
  address: string,
  [word, text]: readonly string[],
): { readonly address: string; readonly port?: number } | { readonly refused: Answer } {
  if (isIP(address) === 0) return { refused: refuseCheck(`invalid addr '${address}'`) };
  if (word !== 'port') return { address };
  const port = readPort(text ?? '');
  return typeof port === 'number' ? { address, port } : { refused: port };
}

function readPort(text: string): number | Answer {
  const port = leadingInteger(text);
  if (port === undefined || behindInteger(text) !== '') return refuseCheck('provided port is not an integer');
  return port < 0 || port > 65535 ? refuseCheck('provided port is invalid') : port;
}

function enableChecks(kind: 'check' | 'agent', on: boolean, missing: string): (server: Server) => Answer {
  return (server) => {
    if (server.config[kind] === undefined) return on ? refuse(missing) : DONE;
    if (kind === 'check') server.enableCheck(on);
    else server.enableAgent(on);
    return DONE;
  };
}

// --- address --------------------------------------------------------------------------------------------------------

const BY = "by 'stats socket command'";

/** Answers what has changed, as HAProxy does: the address first, then the port. */
function setAddress(server: Server, [address, word, text]: readonly string[]): Answer {
  if (address === undefined) return refuse('set server <b>/<s> addr requires an address and optionally a port.');
  if (isIP(address) === 0) return message(Level.Warning, `Invalid addr '${address}' ${BY}`);
  const { address: oldAddress, port: oldPort } = server.config;
  const same = address === oldAddress;
  const said = [same ? 'no need to change the addr' : `IP changed from '${oldAddress ?? ''}' to '${address}'`];
  let port = oldPort;
  if (word === 'port') {
    const wanted = readServerPort(text ?? '', oldPort);
    if (typeof wanted === 'number') port = wanted;
    if (typeof wanted === 'string') said.push(wanted);
    else said.push(port === oldPort ? 'no need to change the port' : `port changed from '${oldPort}' to '${port}'`);
  }
  if (!same || port !== oldPort) server.setAddress(address, port, monotonic());
  return message(Level.Warning, `${said.join(', ')} ${BY}`);
}

/** `80`; `+1` and `-1` are relative to the port that clients connect to, which we do not do. Text is what is wrong. */
function readServerPort(text: string, old: number): number | string {
  const port = leadingInteger(text);
  if (port === undefined || behindInteger(text) !== '') return `problem converting port '${text}' to an int`;
  if (/^[+-]/.test(text)) return `ports relative to the client's ('${text}') are not done by Fairlead; it stays '${old}'`;
  return port < 1 || port > 65535 ? 'provided port is not valid' : port;
}

/** Of servers that are configured with a name: others have none that would be resolved. */
function setHost(server: Server, [fqdn]: readonly string[], { runtime }: Call): Answer | Promise<Answer> {
  if (fqdn === undefined) return refuse('set server <b>/<s> fqdn requires a FQDN.');
  const { backend, config } = server;
  const lines = runtime.config.proxies.find(({ name, kind }) => name === backend.name && kind !== 'frontend')?.servers ?? [];
  if (config.fqdn === undefined || !lines.some(({ name, fqdn: host }) => name === config.name && host !== undefined)) {
    return refuse('set server <b>/<s> fqdn failed because no resolution is configured.');
  }
  if (!isHostName(fqdn)) return message(Level.Warning, `invalid fqdn '${fqdn}' ${BY}`);
  if (fqdn === config.fqdn) return message(Level.Warning, `no need to change the FDQN ${BY}`);
  const said = `${backend.name}/${config.name} changed its FQDN from ${config.fqdn} to ${fqdn} ${BY}`;
  return runtime.setHost(server, fqdn).then(() => message(Level.Warning, said));
}

// --- the commands ---------------------------------------------------------------------------------------------------

function shutdownSessions(server: Server, { runtime }: Call): Answer {
  runtime.shutdown(server, 'K');
  return DONE;
}

/** HAProxy looks for the server first, then for what to do with it. */
function admin(name: string, syntax: string, help: string, act: Parameters<typeof withServer>[0]): Command {
  return { name, syntax, help, level: 'admin', run: withServer(act) };
}

const SERVER = '<backend>/<server>';

export const serverCommands: readonly Command[] = [
  admin('set server', `${SERVER} <property> <value>`, 'change the state, weight, health or address of a server', setServer),
  admin('enable server', SERVER, "as 'set server state ready'", (server) => setState(server, ['ready'])),
  admin('disable server', SERVER, "as 'set server state maint'", (server) => setState(server, ['maint'])),
  admin(
    'enable health',
    SERVER,
    'check the server again',
    enableChecks('check', true, 'Health check was not configured on this server, cannot enable.'),
  ),
  admin('disable health', SERVER, 'stop checking the server', enableChecks('check', false, '')),
  admin(
    'enable agent',
    SERVER,
    'ask the agent again',
    enableChecks('agent', true, 'Agent was not configured on this server, cannot enable.'),
  ),
  admin('disable agent', SERVER, 'stop asking the agent', enableChecks('agent', false, '')),
  admin('set weight', `${SERVER} <weight>[%]`, "as 'set server weight'", (server, { args: [text] }) => changeWeight(server, text)),
  admin('set maxconn server', `${SERVER} <number>`, 'how many sessions a server may have', setMaxconn),
  admin('shutdown sessions server', SERVER, 'end all sessions with a server', shutdownSessions),
  { name: 'get weight', syntax: SERVER, help: 'the weight of a server', run: withServer(getWeight) },
];
