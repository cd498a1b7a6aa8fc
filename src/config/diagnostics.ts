/** What is wrong or remarkable about a text, gathered until the whole text is read: one mistake must not hide the next. */

import type { Diagnostic, Place, Severity } from './model.ts';

export class Reporter {
  private readonly found: Diagnostic[] = [];

  get diagnostics(): readonly Diagnostic[] {
    return this.found;
  }

  /** True when something makes the configuration invalid. */
  get failed(): boolean {
    return this.found.some((diagnostic) => diagnostic.severity === 'alert');
  }

  alert(place: Place | undefined, message: string): void {
    this.add('alert', place, message);
  }

  warning(place: Place | undefined, message: string): void {
    this.add('warning', place, message);
  }

  notice(place: Place | undefined, message: string): void {
    this.add('notice', place, message);
  }

  private add(severity: Severity, place: Place | undefined, message: string): void {
    this.found.push({ severity, place, message });
  }
}

/** By file and line; what has no line, because it concerns the whole, comes last. */
export function inOrder(diagnostics: readonly Diagnostic[], files: readonly string[]): readonly Diagnostic[] {
  const fileOf = ({ place }: Diagnostic): number => (place === undefined ? files.length : files.indexOf(place.file));
  return diagnostics.toSorted((a, b) => fileOf(a) - fileOf(b) || (a.place?.line ?? 0) - (b.place?.line ?? 0));
}

/** HAProxy's form without its `[ALERT] (pid) : `, which the process edge puts in front. */
export function formatDiagnostic(diagnostic: Diagnostic): string {
  const { place, message } = diagnostic;
  return place === undefined ? `config : ${message}` : `config : parsing [${place.file}:${place.line}] : ${message}`;
}

/** The severity as HAProxy prints it, padded to one width: `[ALERT]    `, `[WARNING]  `, `[NOTICE]   `. */
export function severityTag(severity: Severity): string {
  return `[${severity.toUpperCase()}]`.padEnd(11);
}
