/** Containers of the test's own behind a balancer: real servers, and what an engine would say of them. */

import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Container } from '../../src/discovery/docker/container.ts';
import type { KnownContainer } from '../../src/discovery/docker/known.ts';
import { dockerSnapshot } from '../../src/discovery/docker/snapshot.ts';
import type { Note } from '../../src/discovery/provider.ts';
import { container, id, net, view } from '../discovery/docker/make.ts';
import { startUpstream, type Upstream } from '../support/upstream.ts';
import { type Balancer, withBalancer } from './balancer.ts';

export type Facts = Partial<Pick<Container, 'state' | 'health' | 'created' | 'imageId' | 'stopTimeout'>> & {
  /** Under `fairlead.`, but for those with a colon: `:com.docker.compose.service`. */
  readonly labels?: Readonly<Record<string, string>>;
};

interface Member {
  readonly upstream: Upstream;
  facts: Facts;
  leaving: string;
}

export class Fleet {
  readonly balancer: Balancer;
  private readonly members = new Map<string, Member>();
  /** What was said about the containers last. */
  notes: readonly Note[] = [];

  constructor(balancer: Balancer) {
    this.balancer = balancer;
  }

  /** A container that answers with its name, or as it wants. */
  async run(name: string, facts: Facts = {}, answer?: RequestListener): Promise<void> {
    const upstream = await startUpstream(name, answer ?? named(name));
    this.members.set(name, { upstream, facts, leaving: '' });
    this.say();
  }

  /** What has become of it. */
  change(name: string, facts: Facts): void {
    const member = this.members.get(name) as Member;
    member.facts = { ...member.facts, ...facts };
    this.say();
  }

  /** It is told to stop. */
  leave(name: string): void {
    (this.members.get(name) as Member).leaving = 'is stopping';
    this.say();
  }

  /** It is gone, and its server with it. */
  async remove(name: string): Promise<void> {
    const member = this.members.get(name) as Member;
    this.members.delete(name);
    this.say();
    await member.upstream.stop();
  }

  async stop(): Promise<void> {
    for (const { upstream } of this.members.values()) await upstream.stop();
  }

  /** The names of servers are ids. */
  serverName(name: string): string {
    return idOf(name).slice(0, 12);
  }

  notesOf(name: string): string {
    return this.notes
      .filter(({ subject }) => subject === name)
      .map(({ level, message }) => `${level}: ${message}`)
      .join('\n');
  }

  private say(): void {
    const snapshot = dockerSnapshot({
      source: 'docker',
      view: view([...this.members].map(([name, member]) => containerOf(name, member))),
      config: this.balancer.configuration,
      self: { hostname: 'elsewhere', mountinfo: undefined },
      platform: 'linux',
    });
    this.notes = snapshot.notes;
    this.balancer.publish(snapshot);
  }
}

function named(name: string): RequestListener {
  return (_request: IncomingMessage, response: ServerResponse) => response.end(name);
}

function idOf(name: string): string {
  return id(Buffer.from(name).toString('hex'));
}

function containerOf(name: string, { upstream, facts, leaving }: Member): KnownContainer {
  const { labels = {}, ...more } = facts;
  const all = Object.entries(labels).map(([key, value]) => [key.startsWith(':') ? key.slice(1) : `fairlead.${key}`, value]);
  return {
    container: container(name, {
      id: idOf(name),
      networks: [net('bridge', '127.0.0.1')],
      labels: { 'fairlead.port': `${upstream.port}`, ...Object.fromEntries(all) },
      created: 1,
      ...more,
    }),
    leaving,
  };
}

/** Runs `story` with containers behind `text`, and ends all of it. */
export async function withFleet(text: string, story: (fleet: Fleet) => Promise<void>): Promise<void> {
  await withBalancer(text, async (balancer) => {
    const fleet = new Fleet(balancer);
    try {
      await story(fleet);
    } finally {
      await fleet.stop();
    }
  });
}
