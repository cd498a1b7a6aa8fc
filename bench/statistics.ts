/** Of numbers: where their middle is, and where a share of them ends. */

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** Between two values, a share of the way from one to the other; NaN of nothing. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const place = (sorted.length - 1) * share;
  const below = sorted[Math.floor(place)] ?? Number.NaN;
  const above = sorted[Math.ceil(place)] ?? Number.NaN;
  return below + (above - below) * (place - Math.floor(place));
}
