/** One proxy's configuration, compiled for the request path: rules, what `option forwardfor` adds, what heads may be. */

import net from 'node:net';
import type { ForwardForConfig, ProxyConfig } from '../config/model.ts';
import type { HeadRules } from '../http/parse.ts';
import type { CompiledRules } from '../rules/types.ts';
import { Monitor } from './monitor.ts';
import { Persistence } from './persistence.ts';
import { Recorder } from './recorder.ts';

export class Program {
  readonly config: ProxyConfig;
  readonly rules: CompiledRules;
  readonly forwardFor: ForwardFor | undefined;
  readonly monitor: Monitor | undefined;
  /** What binds clients to this backend's servers; undefined where nothing does. */
  readonly persistence: Persistence | undefined;
  /** Its log tells of our own end of connections to servers: to be asked for while they are open. */
  readonly logsSource: boolean;
  /** Undefined for a frontend that writes nothing down. */
  readonly recorder: Recorder | undefined;
  /** Of the requests that a frontend takes, and of the responses that a backend takes. */
  readonly requestHeads: HeadRules;
  readonly responseHeads: HeadRules;
  /** Of requests that came by HTTP/2. */
  readonly streamHeads: HeadRules;

  /** `maxTarget`: `tune.http.maxurilen`. */
  constructor(config: ProxyConfig, rules: CompiledRules, maxTarget: number) {
    this.config = config;
    this.rules = rules;
    this.logsSource = rules.log?.source === true;
    this.recorder = Recorder.of(config);
    this.persistence = Persistence.of(config, rules.persistence);
    this.requestHeads = { lenient: config.acceptInvalidRequest, maxTarget, h2: false };
    this.responseHeads = { lenient: config.acceptInvalidResponse, maxTarget, h2: false };
    this.streamHeads = { ...this.requestHeads, h2: true };
    this.monitor = config.monitor === undefined ? undefined : new Monitor(config.monitor.uri, rules.monitorFail);
    this.forwardFor = config.forwardfor === undefined ? undefined : new ForwardFor(config.forwardfor);
  }
}

/** `option forwardfor` (manual 4.2). */
export class ForwardFor {
  /** As it is sent. */
  readonly header: string;
  /** As it is looked up. */
  readonly name: string;
  readonly ifNone: boolean;
  private readonly except: net.BlockList | undefined;

  constructor(config: ForwardForConfig) {
    this.header = config.header;
    this.name = config.header.toLowerCase();
    this.ifNone = config.ifNone;
    this.except = config.except.length === 0 ? undefined : blockList(config.except);
  }

  /** Whether this client's address is not to be told. */
  excepts(address: string): boolean {
    return this.except !== undefined && address !== '' && this.except.check(address, net.isIPv6(address) ? 'ipv6' : 'ipv4');
  }
}

function blockList(networks: readonly string[]): net.BlockList {
  const list = new net.BlockList();
  for (const network of networks) {
    const [address = '', prefix] = network.split('/');
    const family = net.isIPv6(address) ? 'ipv6' : 'ipv4';
    if (prefix === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(prefix), family);
  }
  return list;
}
