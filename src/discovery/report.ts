/**
 * What a source makes of each thing that it knows, and why: the source's part of every answer to "why is it not routed?".
 *
 * Reports are made when somebody asks, by the same mapping that makes the snapshots, and are not kept: an explanation cannot
 * differ from what is done, and costs nothing while nobody wants one. Everything in them can be written as JSON.
 */

import type { CompatName } from '../config/model.ts';

/** Whose labels: `fairlead` for our own. */
export type ReaderName = 'fairlead' | CompatName;

export interface Report {
  /** Of whose snapshots. */
  readonly source: string;
  readonly kind: 'container' | 'task' | 'instance' | 'entry';
  /** Whole; people are shown how it begins. The identity of its servers. */
  readonly id: string;
  readonly name: string;
  /** A container's image; the service of a task or an instance. */
  readonly what: string;
  /** In its source's word: `running`, `exited`, `passing`. */
  readonly state: string;
  /** What its source's own check says: `healthy`, `starting`; empty where there is none. */
  readonly health: string;
  /** Labels and environment that were read, in the order of their names. */
  readonly words: readonly ReadWord[];
  readonly networks: readonly ReportedNetwork[];
  /** TCP ports that it exposes, ascending. */
  readonly ports: readonly number[];
  /** As which servers it serves, or would if it were ready: in the order of the configuration. */
  readonly uses: readonly Use[];
  /** Why it does not serve, or not as somebody may have meant. */
  readonly reasons: readonly Reason[];
}

/** A word of somebody's who speaks by labels. */
export interface ReadWord {
  readonly reader: ReaderName;
  readonly from: 'label' | 'environment';
  readonly name: string;
  readonly value: string;
}

export interface ReportedNetwork {
  readonly name: string;
  readonly addresses: readonly string[];
}

/** A line of the configuration that asks for servers or routes. */
export interface AskingLine {
  /** `haproxy.cfg:12` */
  readonly place: string;
  /** `docker-servers` */
  readonly keyword: string;
  /** The section that it stands in. */
  readonly section: string;
}

/** One way in which something serves. */
export interface Use {
  readonly line: AskingLine;
  /** The section, or the pool that was made for its routes. */
  readonly backend: string;
  readonly server: {
    readonly name: string;
    readonly identity: string;
    /** Undefined: there is no way to it, and `where` says why. */
    readonly address: string | undefined;
    readonly port: number;
    /** For people: `172.18.0.3:80 (network front)`. */
    readonly where: string;
  };
  /** As in a snapshot, with the reason; Fairlead's own checks decide besides. */
  readonly state: 'ready' | 'drain' | 'down';
  readonly reason: string;
  /** Empty where the section is chosen by the configuration. */
  readonly routes: readonly RouteUse[];
}

export interface RouteUse {
  readonly frontend: string;
  /** `www.example.test/api` */
  readonly text: string;
  readonly priority: number;
  readonly rewrite: string | undefined;
  /** Who has it instead, and why; empty where it stands, as far as its source knows. */
  readonly lost: string;
}

export interface Reason {
  /** The line that would have taken it; undefined where it is no line's business. */
  readonly line: AskingLine | undefined;
  /** `hint`: what may have been meant. */
  readonly level: 'info' | 'warning' | 'error' | 'hint';
  readonly message: string;
  /** The line asks for it, and would have it but for this. */
  readonly meant?: boolean;
}
