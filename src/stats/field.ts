/** What a column of the statistics is, and the ways to make one. */

import type { Backend } from '../backend/backend.ts';
import type { Server } from '../backend/server.ts';
import { monotonic } from '../core/clock.ts';
import type { BackendCounters, FrontendCounters, ListenerCounters, ResponseClasses, ServerCounters } from '../core/counters.ts';
import type { Frontend } from '../proxy/frontend.ts';
import type { Listener } from '../proxy/listener.ts';
import type { Metric } from './metric.ts';

/** What a reader may want to know besides its object. */
export interface Reading {
  /** Monotonic ms: the moment that is told of. */
  readonly now: number;
  /** `stats show-legends`: addresses and algorithms may be shown. */
  readonly legends: boolean;
  /** `;up` and `;no-maint` add `(usable/all)` to a backend's status. */
  readonly counts: boolean;
}

/** For a report that is made while its reader takes it: each row is of the moment it is made. */
export function readingNow(wanted: Omit<Reading, 'now'>): Reading {
  return {
    ...wanted,
    get now() {
      return monotonic();
    },
  };
}

/** undefined is an empty cell, which clients tell apart from 0. */
export type Value = string | number | undefined;

type Reader<Of> = (of: Of, at: Reading) => Value;

/** One reader per side that the column applies to: F frontend, L listener, S server, B backend. */
export interface Readers {
  readonly F?: Reader<Frontend>;
  readonly L?: Reader<Listener>;
  readonly S?: Reader<Server>;
  readonly B?: Reader<Backend>;
}

export interface Field extends Readers {
  /** HAProxy's name of the column. */
  readonly name: string;
  /** HAProxy's tags of `show stat typed`: origin, nature, scope, then the value's type. */
  readonly tags: string;
  readonly help: string;
  readonly metric?: Metric;
}

type ClientCounters = FrontendCounters | ListenerCounters;
type TargetCounters = ServerCounters | BackendCounters;

/** Without readers: a column of a feature that there is not, empty everywhere. */
export function field(name: string, tags: string, help: string, readers: Readers = {}): Field {
  return { name, tags, help, ...readers };
}

export function frontend(name: string, tags: string, help: string, read: Reader<Frontend>): Field {
  return field(name, tags, help, { F: read });
}

export function server(name: string, tags: string, help: string, read: Reader<Server>): Field {
  return field(name, tags, help, { S: read });
}

export function backend(name: string, tags: string, help: string, read: Reader<Backend>): Field {
  return field(name, tags, help, { B: read });
}

/** A counter that all sides have. */
export function all(name: string, tags: string, help: string, read: (counters: ClientCounters | TargetCounters) => number): Field {
  const reader = (of: { readonly counters: ClientCounters | TargetCounters }): number => read(of.counters);
  return field(name, tags, help, { F: reader, L: reader, S: reader, B: reader });
}

/** A counter of the client side. */
export function client(name: string, tags: string, help: string, read: (counters: ClientCounters) => number): Field {
  return field(name, tags, help, { F: (of) => read(of.counters), L: (of) => read(of.counters) });
}

/** A counter of the server side. */
export function target(name: string, tags: string, help: string, read: (counters: TargetCounters, at: Reading) => number): Field {
  return field(name, tags, help, { S: (of, at) => read(of.counters, at), B: (of, at) => read(of.counters, at) });
}

/** A time of the server side: of all requests, in mode tcp of all sessions. */
export function average(name: 'qtime' | 'ctime' | 'rtime' | 'ttime', help: string): Field {
  return field(name, 'MaP:u32', help, {
    S: ({ counters, backend }) => counters[name].read(isHttp(backend) ? counters.reqTot : counters.lbtot),
    B: ({ counters, config }) => counters[name].read(config.mode === 'http' ? counters.reqTot : counters.lbtot),
  });
}

/** Responses of one class; what is no HTTP has none. */
export function classes(name: string, tags: string, help: string, read: (hrsp: ResponseClasses) => number): Field {
  const reader = (of: { readonly counters: { readonly hrsp: ResponseClasses } }): number => read(of.counters.hrsp);
  return field(name, tags, help, { F: ifHttp(reader), S: (of) => (isHttp(of.backend) ? reader(of) : undefined), B: ifHttp(reader) });
}

interface OfMode {
  readonly config: { readonly mode: string };
}

function isHttp({ config }: OfMode): boolean {
  return config.mode === 'http';
}

/** Proxies that speak HTTP. */
export function ifHttp<Of>(read: Reader<Of>): Reader<Of & OfMode> {
  return (of, at) => (isHttp(of) ? read(of, at) : undefined);
}

/** Servers that are checked. */
export function checked(name: string, tags: string, help: string, read: Reader<Server>): Field {
  return server(name, tags, help, ifChecked(read));
}

/** Servers whose checks are running: maintenance stops them, and the result of the last one means nothing then. */
export function probed(name: string, tags: string, help: string, read: Reader<Server>): Field {
  return checked(name, tags, help, (of, at) => (of.inMaintenance ? undefined : read(of, at)));
}

/** Servers whose agent is asked, in maintenance too. */
export function agent(name: string, tags: string, help: string, read: Reader<Server>): Field {
  return server(name, tags, help, (of, at) => (of.agentEnabled ? read(of, at) : undefined));
}

export function ifChecked(read: Reader<Server>): Reader<Server> {
  return (of, at) => (of.checkEnabled ? read(of, at) : undefined);
}
