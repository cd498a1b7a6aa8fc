/** Which engines each `docker-servers` and `docker-routes` line means. */

import { didYouMean } from '../core/suggest.ts';
import type { Reporter } from './diagnostics.ts';
import type { Draft } from './draft.ts';
import type { DockerEngineConfig, Place } from './model.ts';

/** The engine that is used where the text names none: DOCKER_HOST or the usual socket. */
const unnamed: DockerEngineConfig = {
  place: undefined,
  name: '',
  endpoint: undefined,
  tlsCa: undefined,
  tlsCert: undefined,
  tlsKey: undefined,
};

export interface LinkedDockers {
  readonly engines: readonly DockerEngineConfig[];
  /** The engines of a line that names these: all there are when it names none. */
  enginesOf(named: readonly string[]): readonly string[];
}

function checkTls({ place, tlsCert, tlsKey }: DockerEngineConfig, reporter: Reporter): void {
  if ((tlsCert === undefined) === (tlsKey === undefined)) return;
  const [given, missing] = tlsCert === undefined ? ['tls-key', 'tls-cert'] : ['tls-cert', 'tls-key'];
  reporter.alert(place, `'${given}' needs a '${missing}': a certificate is of no use without its key.`);
}

export function linkDockers(draft: Draft, reporter: Reporter): LinkedDockers {
  const lines = draft.proxies.flatMap((proxy): { place: Place; engines: readonly string[] }[] => [
    ...proxy.dockerServers.map(({ place, selector }) => ({ place, engines: selector.engines })),
    ...proxy.dockerRoutes,
  ]);
  for (const docker of draft.dockers) checkTls(docker, reporter);
  const names = draft.dockers.map((docker) => docker.name);
  for (const { place, engines } of lines) {
    for (const engine of engines) {
      if (!names.includes(engine)) reporter.alert(place, `unable to find docker section '${engine}'${didYouMean(engine, names) || '.'}`);
    }
  }
  const implicit = lines.length > 0 && draft.dockers.length === 0;
  const engines = implicit ? [unnamed] : draft.dockers.map((docker) => ({ ...docker }));
  const all = engines.map(({ name }) => name);
  return { engines, enginesOf: (named) => (named.length > 0 ? named : all) };
}
