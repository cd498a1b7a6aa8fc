/** What the agents' snapshots are called. */

/** The source's name: `consul`, or `consul/<section>`. The unnamed agent's name is empty. */
export function consulSource(agent: string): string {
  return agent === '' ? 'consul' : `consul/${agent}`;
}
