/** Servers that a file lists: Fairlead's own words in the configuration. */

import type { Place, ServerConfig } from './model.ts';

/** `file-servers FILE <server parameters>`: what the file lists are this backend's servers, for as long as it does. */
export interface FileServersConfig {
  readonly place: Place;
  /** As it stands in the text. */
  readonly file: string;
  /** Absolute. */
  readonly path: string;
  /** Server parameters of the line over `default-server`; the file's words go over them. */
  readonly template: ServerConfig;
}
