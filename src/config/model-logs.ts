/** What is logged, where and in which words (manual 8; chapters 3.1 and 4.2 for `log`, 4.2 for captures). */

import type { Place } from './model.ts';

/** `sample <ranges>:<size>`: of so many lines in turn, those with a number in one of the ranges, which rise; from 1. */
interface LogSample {
  readonly ranges: readonly { readonly low: number; readonly high: number }[];
  readonly size: number;
}

/** `log <target> [len <length>] [format <format>] [sample <ranges>:<size>] <facility> [<max level> [<min level>]]` */
export interface LogTarget {
  readonly place: Place;
  readonly target:
    | { readonly kind: 'udp'; readonly host: string; readonly port: number; readonly family: 0 | 4 | 6 }
    | { readonly kind: 'unix'; readonly path: string }
    | { readonly kind: 'fd'; readonly fd: number };
  readonly sample: LogSample | undefined;
  readonly format: 'local' | 'rfc3164' | 'rfc5424' | 'priority' | 'short' | 'timed' | 'iso' | 'raw';
  /** 0 (`kern`) .. 23 (`local7`). */
  readonly facility: number;
  /** Lines less severe than this are dropped: 0 `emerg` .. 7 `debug`. */
  readonly level: number;
  /** Lines more severe than this are sent as this. */
  readonly minLevel: number;
  /** Longest line in bytes. */
  readonly length: number;
}

/** A log-format string: bytes, one character each. `rules/` owns its grammar. */
export interface FormatText {
  readonly place: Place;
  readonly text: string;
}

/** What the log lines of a frontend look like, and which are written (manual 4.2, 8.2, 8.3). */
export interface LogStyle {
  /** `log-format`, or that of an option which is no more than one; only where `logFormat` is `custom`. */
  readonly format: FormatText | undefined;
  /** `log-format-sd` */
  readonly structured: FormatText | undefined;
  /** `error-log-format` */
  readonly error: FormatText | undefined;
  /** `unique-id-format`, `unique-id-header` */
  readonly uniqueId: FormatText | undefined;
  readonly uniqueIdHeader: string | undefined;
  readonly dontlogNormal: boolean;
  readonly separateErrors: boolean;
  readonly asap: boolean;
  /** `log-tag` of the proxy. */
  readonly tag: string | undefined;
}

/** A captured header, or room for what rules capture: so much of a value is kept. */
export interface CaptureConfig {
  /** In lower case, bytes. */
  readonly name: string | undefined;
  readonly length: number;
}

/** What a frontend keeps of requests and responses for its log, by number. */
export interface CapturesConfig {
  readonly request: readonly CaptureConfig[];
  readonly response: readonly CaptureConfig[];
  /** Cookies whose name begins so. */
  readonly cookie: { readonly place: Place; readonly name: string; readonly length: number } | undefined;
}
