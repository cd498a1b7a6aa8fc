/** Whether memory grows: a straight line through the samples (least squares), and how much it climbs over their time. */

export interface Sample {
  /** Since the load began. */
  readonly seconds: number;
  readonly mebibytes: number;
}

/** MiB that the line climbs from the first to the last sample; NaN of fewer than three. */
export function growth(samples: readonly Sample[]): number {
  if (samples.length < 3) return Number.NaN;
  const mean = (read: (sample: Sample) => number) => samples.reduce((sum, sample) => sum + read(sample), 0) / samples.length;
  const meanSeconds = mean(({ seconds }) => seconds);
  const meanSize = mean(({ mebibytes }) => mebibytes);
  let together = 0;
  let spread = 0;
  for (const { seconds, mebibytes } of samples) {
    together += (seconds - meanSeconds) * (mebibytes - meanSize);
    spread += (seconds - meanSeconds) ** 2;
  }
  const first = samples[0] as Sample;
  const last = samples.at(-1) as Sample;
  return (together / spread) * (last.seconds - first.seconds);
}
