/** What the engines' snapshots are called. */

/** The source's name: `docker`, or `docker/<section>`. The unnamed engine's name is empty. */
export function dockerSource(engine: string): string {
  return engine === '' ? 'docker' : `docker/${engine}`;
}
