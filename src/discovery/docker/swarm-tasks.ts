/**
 * A Swarm's tasks as containers, so that everything which holds for a container holds for a task, wherever it runs:
 *
 *     a container of this engine that is a task's   what the engine says of it, and the labels and ports of its service
 *     a task on another node                        a container made of what the manager says
 *     a service without any                         one that does not run: its hosts stay known
 *
 * Traffic goes to the tasks themselves, never to the service's virtual address: behind that the kernel balances
 * connections by its own lights, so that one server could neither be checked, drained nor tried a second time.
 */

import { Memo } from '../memo.ts';
import { type Binding, type Container, isLive, type SwarmTask } from './container.ts';
import { byAge, type KnownContainer } from './known.ts';
import { SIGTERM } from './signals.ts';
import type { Node, Service, SwarmView, Task } from './swarm.ts';

const SERVICE_ID = 'com.docker.swarm.service.id';
const NODE_ID = 'com.docker.swarm.node.id';

/** A service's labels count more than those of its containers. */
function labelsOf(container: ReadonlyMap<string, string>, service: Service): ReadonlyMap<string, string> {
  return new Map([...container, ...service.labels]);
}

/** Swarm's own way to a published port: at every node, to any task. */
function meshPorts(service: Service, hostIp: string): readonly Binding[] {
  const ports = service.ports.filter(({ mode }) => mode === 'ingress');
  return ports.map(({ target, published }) => ({ port: target, hostIp, hostPort: published }));
}

function portsOf(...lists: readonly (readonly number[])[]): readonly number[] {
  return [...new Set(lists.flat())].sort((a, b) => a - b);
}

function targets(service: Service): readonly number[] {
  return service.ports.map(({ target }) => target);
}

function localTask(known: KnownContainer, service: Service, task: Task | undefined, node: Node | undefined, unwanted: boolean) {
  const { container, leaving } = known;
  const facts: SwarmTask = {
    node: container.labels.get(NODE_ID) ?? '',
    address: node?.address,
    remote: false,
    serviceCreated: service.created,
  };
  const joined: Container = {
    ...container,
    labels: labelsOf(container.labels, service),
    // Swarm's ingress network may have any name; among the task's networks it is not.
    networks: container.networks.filter(
      ({ network, overlay }) => !overlay || task?.networks.some((own) => own.network === network) !== false,
    ),
    exposed: portsOf(container.exposed, targets(service)),
    published: [...container.published, ...meshPorts(service, '')],
    task: facts,
  };
  return { container: joined, leaving: leaving === '' && unwanted ? 'is not wanted by the Swarm any more' : leaving };
}

function remoteTask(task: Task, service: Service, node: Node | undefined, image: Image): KnownContainer {
  const address = node?.address;
  const name = `${service.name}.${task.slot === 0 ? task.node : task.slot}.${task.id}`;
  const labels = new Map([
    ...labelsOf(task.labels, service),
    [NODE_ID, task.node],
    [SERVICE_ID, service.id],
    ['com.docker.swarm.service.name', service.name],
    ['com.docker.swarm.task.id', task.id],
    ['com.docker.swarm.task.name', name],
  ]);
  const own = address === undefined ? [] : task.published.map((binding) => ({ ...binding, hostIp: address }));
  const container: Container = {
    id: task.container,
    name,
    image: task.image,
    imageId: image.id,
    created: task.created,
    started: task.created,
    state: 'running',
    health: task.state === 'running' ? 'none' : 'starting',
    labels,
    env: task.env,
    hostname: task.hostname,
    networkMode: task.hostNetwork ? 'host' : 'default',
    networks: task.networks,
    exposed: portsOf(
      image.exposed,
      targets(service),
      task.published.map(({ port }) => port),
    ),
    published: [...own, ...meshPorts(service, address ?? '')],
    stopSignal: task.stopSignal,
    stopTimeout: task.stopTimeout,
    task: { node: task.node, address, remote: true, serviceCreated: service.created },
  };
  return { container, leaving: node?.down === true ? `is on node ${node.name}, which is down` : '' };
}

/** Claims what its tasks would. */
function idleService(service: Service): KnownContainer {
  const labels = new Map([...service.labels, [SERVICE_ID, service.id], ['com.docker.swarm.service.name', service.name]]);
  const container: Container = {
    id: service.id,
    name: service.name,
    image: '',
    imageId: '',
    created: service.created,
    started: 0,
    state: 'created',
    health: 'none',
    labels,
    env: new Map(),
    hostname: '',
    networkMode: 'default',
    networks: [],
    exposed: targets(service),
    published: [],
    stopSignal: SIGTERM,
    stopTimeout: 0,
    task: { node: '', address: undefined, remote: true, serviceCreated: service.created },
  };
  return { container, leaving: '' };
}

/** `running`, or on its way to it with a container at work. */
function isAtWork({ state }: Task): boolean {
  return state === 'running' || state === 'starting';
}

/** What only the engine that has it knows of an image. */
interface Image {
  readonly id: string;
  readonly exposed: readonly number[];
}

const UNKNOWN: Image = { id: '', exposed: [] };

/** A service may expose more of an image than another one does. */
function imageOf(service: string, image: string): string {
  return `${service} ${image}`;
}

export class SwarmTasks {
  private readonly locals = new Memo<KnownContainer, Service, KnownContainer>();
  private readonly remotes = new Memo<Task, Service, KnownContainer>();
  private readonly idle = new Memo<Service, Service, KnownContainer>();
  /** By service and name, as its tasks on this engine have shown: a manager does not know it of those on other nodes. */
  private images: ReadonlyMap<string, Image> = new Map();
  /**
   * Nodes that this engine has been, by id: what runs there it tells of itself. The manager has said so of its containers,
   * whose labels anybody may write.
   */
  private readonly own = new Set<string>();

  /**
   * The engine's containers with what the Swarm adds, oldest first. `strangers`: some are tasks of a service that the
   * manager had not told of yet; they are left out until it does.
   */
  join(
    containers: readonly KnownContainer[],
    swarm: SwarmView,
  ): { readonly containers: readonly KnownContainer[]; readonly strangers: boolean } {
    const { services, tasks, nodes, unwanted } = swarm;
    const joined: KnownContainer[] = [];
    const ids = new Set<string>();
    const served = new Set<string>();
    let strangers = false;
    for (const known of containers) {
      const { id, labels, state } = known.container;
      ids.add(id);
      const of = labels.get(SERVICE_ID);
      const service = of === undefined ? undefined : services.get(of);
      if (of === undefined) joined.push(known);
      else if (service === undefined) strangers ||= isLive(state);
      else if (!service.job) {
        const task = tasks.get(id);
        const node = nodes.get(labels.get(NODE_ID) ?? '');
        const inputs = [task, node, unwanted.has(id)];
        joined.push(this.locals.of(known, service, inputs, () => localTask(known, service, task, node, unwanted.has(id))));
        served.add(service.id);
      }
    }
    this.learn(containers, swarm);
    for (const task of tasks.values()) {
      const service = services.get(task.service);
      if (ids.has(task.container) || this.own.has(task.node) || service === undefined || service.job || !isAtWork(task)) continue;
      const node = nodes.get(task.node);
      const image = this.images.get(imageOf(service.id, task.image)) ?? UNKNOWN;
      joined.push(this.remotes.of(task, service, [node, image], () => remoteTask(task, service, node, image)));
      served.add(service.id);
    }
    for (const service of services.values()) {
      if (!service.job && !served.has(service.id)) joined.push(this.idle.of(service, service, [], () => idleService(service)));
    }
    return { containers: joined.sort(byAge), strangers };
  }

  private learn(containers: readonly KnownContainer[], { tasks }: SwarmView): void {
    const used = new Set([...tasks.values()].map(({ service, image }) => imageOf(service, image)));
    const images = new Map([...this.images].filter(([image]) => used.has(image)));
    for (const { container } of containers) {
      const { labels, imageId, exposed } = container;
      const node = tasks.get(container.id)?.node;
      if (node !== undefined) this.own.add(node);
      const image = imageOf(labels.get(SERVICE_ID) ?? '', container.image);
      if (used.has(image) && !images.has(image)) images.set(image, { id: imageId, exposed });
    }
    this.images = images;
  }
}
