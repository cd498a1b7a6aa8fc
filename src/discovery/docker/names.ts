/** What the engines' snapshots are called. */

/** The source's name: `docker`, or `docker/<section>`. The unnamed engine is undefined in a line and empty in a section. */
export function dockerSource(engine: string | undefined): string {
  return engine === undefined || engine === '' ? 'docker' : `docker/${engine}`;
}
