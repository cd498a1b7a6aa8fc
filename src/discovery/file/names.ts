/** What the snapshots of files are called. */

/** The source's name: `file:/etc/fairlead/servers.yaml`. */
export function fileSource(path: string): string {
  return `file:${path}`;
}
