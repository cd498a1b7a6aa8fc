/** What there is to explain: a configuration, what its sources have said, and, where a balancer runs, how things are now. */

import type { Backend } from '../backend/backend.ts';
import type { Config, ProxyConfig } from '../config/model.ts';
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
  readonly state: DesiredState;
  readonly sources: readonly SourceState[];
  readonly reports: readonly Report[];
  /** Undefined where nothing serves. */
  readonly live: LiveWorld | undefined;
}

export interface LiveWorld {
  backend(name: string): Backend | undefined;
  frontend(name: string): Frontend | undefined;
  /** The frontend gets requests from inside of this process, with or without a `bind` line. */
  isEmbedded(name: string): boolean;
  /** Of the process: `proc.x`. */
  variable(name: string): VariableValue | undefined;
}
