/** Pools that discovery has made, as the request path sees them: labels may have given them rules, a cookie or a stick table. */

import type { Config, Diagnostic, ProxyConfig, RawRule } from './config/model.ts';
import { Program } from './proxy/program.ts';
import { compileRules } from './rules/compile.ts';
import type { DesiredState } from './state/types.ts';

/** Compiles what is new, and keeps what is the same under the same configuration. */
export class PoolPrograms {
  private readonly report: (diagnostic: Diagnostic) => void;
  private config: Config | undefined;
  private known: ReadonlyMap<number, Program> = new Map();

  /** `report` is told of what should not be: labels give no rule that does not compile. */
  constructor(report: (diagnostic: Diagnostic) => void) {
    this.report = report;
  }

  /** By the pool's id; of those alone that need one. The same object as before where nothing has changed. */
  of(state: DesiredState, config: Config): ReadonlyMap<number, Program> {
    // Another configuration may have other users.
    if (config !== this.config) this.known = new Map();
    this.config = config;
    const { known } = this;
    const programs = new Map<number, Program>();
    for (const { routed, config: pool } of state.backends.values()) {
      if (routed && hasRules(pool)) programs.set(pool.id, this.programOf(pool, config));
    }
    const isSame = programs.size === known.size && [...programs].every(([id, program]) => known.get(id) === program);
    if (!isSame) this.known = programs;
    return this.known;
  }

  private programOf(pool: ProxyConfig, config: Config): Program {
    const known = this.known.get(pool.id);
    if (known?.config === pool) return known;
    let broken = false;
    const report = (diagnostic: Diagnostic) => {
      broken ||= diagnostic.severity === 'alert';
      this.report(diagnostic);
    };
    const rules = compileRules(pool, report, undefined, config);
    // A rule that is left out may be one that keeps people out.
    const safe = broken ? compileRules({ ...pool, httpRequest: NOBODY }, this.report, undefined, config) : rules;
    return new Program(pool, safe, config.global.maxurilen);
  }
}

const NOBODY: readonly RawRule[] = [{ place: { file: '', line: 0 }, words: ['deny'] }];

function hasRules({ cookie, httpRequest, stickRules }: ProxyConfig): boolean {
  return cookie !== undefined || httpRequest.length > 0 || stickRules.length > 0;
}
