/** `monitor-uri`: answers that this proxy is well, before any rule is asked (manual 4.2). */

import type { Head } from '../http/head.ts';
import { rawTarget } from '../http/target.ts';
import type { Condition, RuleContext } from '../rules/types.ts';

export class Monitor {
  private readonly uri: string;
  private readonly fails: Condition | undefined;

  /** `fails`: the `monitor fail` lines. */
  constructor(uri: string, fails: Condition | undefined) {
    this.uri = uri;
    this.fails = fails;
  }

  /** One that begins with a slash is a path and query, as they are whatever form the target has. */
  asked(request: Head): boolean {
    return (this.uri.startsWith('/') ? request.target : rawTarget(request)) === this.uri;
  }

  status(context: RuleContext): 200 | 503 {
    return this.fails?.(context) === true ? 503 : 200;
  }
}
