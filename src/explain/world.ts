/** What there is to explain: a configuration, what its sources have said, and, where a balancer runs, how things are now. */

import type { Backend } from '../backend/backend.ts';
import type { BindConfig, Config, ProxyConfig } from '../config/model.ts';
import type { Report } from '../discovery/report.ts';
import type { Frontend } from '../proxy/frontend.ts';
import type { CompiledRules } from '../rules/types.ts';
import type { VariableValue } from '../rules/variables.ts';
import type { DesiredState } from '../state/types.ts';
import type { SourceState } from './explanation.ts';

export interface World {
  readonly config: Config;
  /** Of a section, or of a pool that labels have given some. */
  rulesOf(proxy: ProxyConfig): CompiledRules | undefined;
  /** What the `bind` line shows who asks for `name`: undefined is clear text, `made` what `self-signed` makes, `none` the end of it. */
  certificateOf(bind: BindConfig, name: string | undefined): KnownCertificate | 'made' | 'none' | undefined;
  readonly state: DesiredState;
  readonly sources: readonly SourceState[];
  readonly reports: readonly Report[];
  /** Undefined where nothing serves. */
  readonly live: LiveWorld | undefined;
}

export interface KnownCertificate {
  readonly file: string;
  readonly names: readonly string[];
  /** Whether clients take it for this name or address. */
  isFor(host: string): boolean;
}

export interface LiveWorld {
  backend(name: string): Backend | undefined;
  frontend(name: string): Frontend | undefined;
  /** The frontend gets requests from inside of this process, with or without a `bind` line. */
  isEmbedded(name: string): boolean;
  /** Of the process: `proc.x`. */
  variable(name: string): VariableValue | undefined;
}
