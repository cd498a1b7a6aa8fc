/**
 * What a request cost when somebody last looked: for each scenario Fairlead's CPU time per request, divided by HAProxy's in the
 * same run. And what to say of a new figure beside it. No clock, no disk.
 */

export interface BenchRecord {
  readonly machine: string;
  readonly versions: Readonly<Record<string, string>>;
  /** By the scenario's name. */
  readonly ratios: Readonly<Record<string, number>>;
}

/** A ratio may be so many times the recorded one. */
export const tolerance = 1.1;

export type Verdict = 'as recorded' | 'better' | 'worse' | 'not recorded' | 'not measured';

export function judge(recorded: number | undefined, measured: number): Verdict {
  if (!Number.isFinite(measured)) return 'not measured';
  if (recorded === undefined) return 'not recorded';
  if (measured > recorded * tolerance) return 'worse';
  return measured * tolerance < recorded ? 'better' : 'as recorded';
}

/** Whether the check fails for this. */
export function fails(verdict: Verdict): boolean {
  return verdict !== 'as recorded' && verdict !== 'better';
}

/** Reads the file's text; throws an Error whose message is for the user. */
export function parseRecord(text: string): BenchRecord {
  const broken = 'bench/recorded.json is not what `npm run bench:check -- --record` writes; record anew';
  let value: Partial<BenchRecord> | null;
  try {
    value = JSON.parse(text) as Partial<BenchRecord> | null;
  } catch {
    throw new Error(broken);
  }
  const { machine, versions, ratios } = value ?? {};
  if (typeof machine !== 'string' || typeof versions !== 'object' || typeof ratios !== 'object') throw new Error(broken);
  if (!Object.values(ratios).every((ratio) => Number.isFinite(ratio) && ratio > 0)) throw new Error(broken);
  return { machine, versions, ratios };
}

/** Lines for what is not as it was when the record was made; a ratio may differ for that alone. */
export function differences(recorded: BenchRecord, now: Omit<BenchRecord, 'ratios'>): string[] {
  const names = new Set([...Object.keys(recorded.versions), ...Object.keys(now.versions)]);
  const pairs = [
    ['machine', recorded.machine, now.machine] as const,
    ...[...names].map((name) => [name, recorded.versions[name], now.versions[name]] as const),
  ];
  return pairs.flatMap(([what, then, today]) => (then === today ? [] : [`${what}: recorded on ${then ?? '-'}, now ${today ?? '-'}`]));
}
