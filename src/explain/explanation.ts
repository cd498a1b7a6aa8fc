/**
 * The answer to "why is it not routed?" as data: what the command line, the Runtime API and the statistics page tell of
 * containers, hosts and paths. All of it can be written as JSON.
 */

import type { Report, Use } from '../discovery/report.ts';

export interface Explanation {
  /** As it was asked for; empty for everything. */
  readonly asked: string;
  /** False: the configuration and its sources were asked, and no balancer: what Fairlead's own checks find is not known. */
  readonly running: boolean;
  readonly sources: readonly SourceState[];
  /** Containers, tasks, instances, entries of files: all of them, or those that were asked for. */
  readonly containers: readonly Told[];
  /** What becomes of a request for the host and path that were asked for, frontend by frontend. */
  readonly paths: readonly Path[];
  /** What may have been meant, or be missing. */
  readonly hints: readonly string[];
  /** What was asked for gets traffic; true where nothing in particular was. */
  readonly routed: boolean;
}

export interface SourceState {
  readonly name: string;
  /** It has said what it knows. */
  readonly spoken: boolean;
  /** Why it is away now; empty while it is there. */
  readonly trouble: string;
}

/** `waiting`: it is a server, but gets no traffic now. */
export type Verdict = 'routed' | 'waiting' | 'refused';

/** A source's report, and what has come of it. */
export interface Told extends Omit<Report, 'uses'> {
  readonly verdict: Verdict;
  /** Why, in a line. */
  readonly summary: string;
  readonly uses: readonly ToldUse[];
}

export interface ToldUse extends Use {
  /** Who leads to its backend: `www.example.test/ in 'www'`, `default_backend of 'www'`. */
  readonly reached: readonly string[];
  readonly member: Member;
}

/** A server as it is now. */
export interface Member {
  readonly name: string;
  /** The container's name; empty for a server of the configuration. */
  readonly container: string;
  /** `172.18.0.3:80`, or empty. */
  readonly address: string;
  /** HAProxy's word (`UP 1/3`, `DRAIN`); `unknown` where nothing serves and its checks would decide. */
  readonly status: string;
  readonly why: string;
  /** It gets new traffic; while nothing serves: it would, as far as its source knows. */
  readonly usable: boolean;
  /** The next client that is bound to nobody goes there. */
  readonly next: boolean;
}

export interface Pool {
  readonly name: string;
  /** `haproxy.cfg:20`, or the source. */
  readonly origin: string;
  /** `roundrobin` */
  readonly algorithm: string;
  /** What binds a client to a server besides: `cookie SRV`. */
  readonly bound: readonly string[];
  readonly members: readonly Member[];
}

/** A request's way through one frontend. */
export interface Path {
  readonly frontend: string;
  readonly place: string;
  readonly binds: readonly string[];
  readonly steps: readonly Step[];
  readonly outcome: Outcome;
  /** What of the client or the moment would have to be known, because rules ask for it: `its address (src)`. */
  readonly unknown: readonly string[];
}

/** A line of the configuration, or a route, that was asked about the request. */
export interface Step {
  /** `haproxy.cfg:12`; empty for a route that was discovered. */
  readonly place: string;
  readonly text: string;
  readonly result: 'yes' | 'no' | 'unknown';
  /** What follows, or what is not known. */
  readonly note: string;
}

export interface Outcome {
  /** A server gets it. */
  readonly routed: boolean;
  /** What Fairlead answers itself; 0 where a server does, or nobody. */
  readonly status: number;
  readonly text: string;
  readonly pool: Pool | undefined;
}
