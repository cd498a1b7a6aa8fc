/** Which engine each `docker-servers` and `docker-routes` line means. */

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
  /** The engine of a line that names none: the only section there is, else the unnamed engine. */
  engineOf(engine: string | undefined): string | undefined;
}

function checkTls({ place, tlsCert, tlsKey }: DockerEngineConfig, reporter: Reporter): void {
  if ((tlsCert === undefined) === (tlsKey === undefined)) return;
  const [given, missing] = tlsCert === undefined ? ['tls-key', 'tls-cert'] : ['tls-cert', 'tls-key'];
  reporter.alert(place, `'${given}' needs a '${missing}': a certificate is of no use without its key.`);
}

export function linkDockers(draft: Draft, reporter: Reporter): LinkedDockers {
  const { dockers } = draft;
  const [only] = dockers;
  const single = dockers.length === 1 ? only?.name : undefined;
  const engineOf = (engine: string | undefined): string | undefined => engine ?? (single === '' ? undefined : single);
  const lines = draft.proxies.flatMap((proxy): { place: Place; engine: string | undefined }[] => [
    ...proxy.dockerServers.map(({ place, selector }) => ({ place, engine: selector.engine })),
    ...proxy.dockerRoutes.map(({ place, engine }) => ({ place, engine })),
  ]);
  for (const docker of dockers) checkTls(docker, reporter);
  const names = dockers.map((docker) => docker.name);
  for (const { place, engine } of lines) {
    if (engine !== undefined && !names.includes(engine))
      reporter.alert(place, `unable to find docker section '${engine}'${didYouMean(engine, names) || '.'}`);
    else if (engineOf(engine) === undefined && names.length > 1 && !names.includes('')) {
      reporter.alert(place, `there are several docker sections: say which one with engine=<name> (${names.join(', ')}).`);
    }
  }
  const implicit = lines.length > 0 && dockers.length === 0;
  return { engines: implicit ? [unnamed] : dockers.map((docker) => ({ ...docker })), engineOf };
}
