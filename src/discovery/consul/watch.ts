/**
 * Keeps what one agent says of services and their instances current.
 *
 *     catalogue   which services there are, for lines that route all of them
 *     service     its instances with their checks, for each service that some line means
 *
 * Each is a question of its own that the agent holds until something changes. Few services have all their questions with the
 * agent at once; many take turns, because an agent takes no more than 200 connections of one client.
 *
 * Invariants: nothing is told before everything that is wanted has been answered or refused; an agent that is away keeps what it
 * has said last; a question that is refused, or fails alone, keeps its last answer, and the others are not concerned.
 */

import type { ConsulAgentConfig } from '../../config/model.ts';
import type { EventLog } from '../../core/log.ts';
import { Paced } from '../paced.ts';
import type { Answer, ConsulClient, ConsulError, Query } from './client.ts';
import { Contact } from './contact.ts';
import { type Instance, readInstances, readServices } from './instance.ts';
import { type Asker, QUESTION_TIMINGS, Question, type QuestionTimings } from './question.ts';
import { Questions } from './questions.ts';
import { Slots } from './slots.ts';

/** All services of one data center, undefined for the section's; `near` orders their instances. */
export type CatalogueQuery = {
  readonly datacenter: string | undefined;
  readonly near: string | undefined;
};

export type ServiceQuery = CatalogueQuery & { readonly service: string };

export interface Wanted {
  readonly catalogues: readonly CatalogueQuery[];
  readonly services: readonly ServiceQuery[];
}

/** Something about a question that people should know. */
export interface Problem {
  /** `service web`, `catalogue` */
  readonly subject: string;
  readonly message: string;
}

/** What is known; undefined where nothing is yet. */
export interface ConsulView {
  /** Names, sorted; without Consul's own servers. */
  services(query: CatalogueQuery): readonly string[] | undefined;
  instances(query: ServiceQuery): readonly Instance[] | undefined;
  readonly problems: readonly Problem[];
}

/** Questions that the agent holds at the same time, and those that it answers at once. */
const HELD = 100;
const IMMEDIATE = 16;
/** Beyond so many they are held for so long only that each has its turn in time, but not less than so many ms. */
const FEW = HELD / 2;
const SHORTEST = 100;

/** Consul's own servers register a port that speaks no HTTP. */
const OWN_SERVICE = 'consul';

type Ask = Pick<Query, 'path' | 'parameters'>;

export class ConsulWatch {
  /** Answers that differed from the one before, and questions that failed. */
  readonly counts = { events: 0, failures: 0 };
  private readonly client: ConsulClient;
  private readonly agent: ConsulAgentConfig;
  private readonly contact: Contact;
  private readonly onChange: (view: ConsulView) => void;
  private readonly timings: QuestionTimings;
  private readonly held = new Slots(HELD);
  private readonly immediate = new Slots(IMMEDIATE);
  private readonly catalogues = new Questions((query: CatalogueQuery) => this.askCatalogue(query));
  private readonly services = new Questions((query: ServiceQuery) => this.askService(query));
  /** Refusals that have been told before anything was published. */
  private readonly told = new Set<string>();
  /** Called when a question has been answered or refused. */
  private readonly onSettled: (() => void)[] = [];
  private wanted: Wanted = { catalogues: [], services: [] };
  private running = false;
  private complete = false;
  /** Tells the listener once for everything that one turn of the event loop brings, and more rarely in a flood. */
  private readonly announcing = new Paced(() => this.announce());

  constructor(
    client: ConsulClient,
    agent: ConsulAgentConfig,
    log: EventLog,
    onChange: (view: ConsulView) => void,
    timings: QuestionTimings = QUESTION_TIMINGS,
  ) {
    this.client = client;
    this.agent = agent;
    this.contact = new Contact(client.label, log);
    this.onChange = onChange;
    this.timings = timings;
  }

  /** Why nothing is answered; empty while something is. */
  get trouble(): string {
    const questions = this.questions();
    const refused = questions.filter(({ question }) => question.problem !== '');
    return this.contact.away === '' && refused.length === questions.length ? (refused[0]?.question.problem ?? '') : this.contact.away;
  }

  get view(): ConsulView {
    return {
      services: (query) => this.catalogues.valueOf(query),
      instances: (query) => this.services.valueOf(query),
      problems: this.questions().flatMap(({ subject, question }): readonly Problem[] => {
        const message = question.problem || question.caveat;
        return message === '' ? [] : [{ subject, message }];
      }),
    };
  }

  /** Asks until `signal` aborts. Never rejects: an agent that is away is waited for. */
  async run(signal: AbortSignal): Promise<void> {
    this.running = true;
    this.follow(this.wanted);
    if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
    this.running = false;
    this.announcing.stop();
    for (const settled of this.onSettled.splice(0)) settled();
    this.catalogues.keep([]);
    this.services.keep([]);
    await Promise.all([this.catalogues.ended(), this.services.ended()]);
    this.client.close();
  }

  /** What is to be known from now on; what is not wanted any more is forgotten. */
  follow(wanted: Wanted): void {
    this.wanted = wanted;
    if (!this.running) return;
    this.catalogues.keep(wanted.catalogues);
    const listed = wanted.catalogues.flatMap((query) => {
      return (this.catalogues.valueOf(query) ?? []).map((service): ServiceQuery => ({ ...query, service }));
    });
    this.services.keep([...wanted.services, ...listed]);
  }

  /** Asks these, too. Resolves when everything that is asked has been answered or refused. */
  async prepare({ catalogues, services }: Wanted): Promise<void> {
    this.follow({ catalogues: [...this.wanted.catalogues, ...catalogues], services: [...this.wanted.services, ...services] });
    while (this.running && !this.isSettled()) await new Promise<void>((resolve) => this.onSettled.push(resolve));
  }

  private questions(): readonly { readonly subject: string; readonly question: Question<unknown> }[] {
    return [
      ...this.catalogues.all.map(({ question }) => ({ subject: 'catalogue', question })),
      ...this.services.all.map(({ query, question }) => ({ subject: `service ${query.service}`, question })),
    ];
  }

  // --- what is asked ----------------------------------------------------------------------------------------------

  private askCatalogue(query: CatalogueQuery): Question<readonly string[]> {
    const ask = { path: '/catalog/services', parameters: this.parameters({ ...query, near: undefined }) };
    const changed = () => this.follow(this.wanted);
    return new Question(this.asker('catalogue', ask, changed), (body) => readServices(body).filter((name) => name !== OWN_SERVICE));
  }

  private askService(query: ServiceQuery): Question<readonly Instance[]> {
    const ask = { path: `/health/service/${encodeURIComponent(query.service)}`, parameters: this.parameters(query) };
    return new Question(
      this.asker(`service ${query.service}`, ask, () => {}),
      readInstances,
    );
  }

  private parameters({ datacenter, near }: CatalogueQuery): Query['parameters'] {
    return { dc: datacenter ?? this.agent.datacenter, near, stale: this.agent.stale ? '' : undefined };
  }

  private asker(subject: string, ask: Ask, changed: () => void): Asker {
    return {
      timings: this.timings,
      ask: (index, signal) => this.ask({ ...ask, index, wait: this.wait() }, signal),
      answers: () => this.contact.answers,
      changed: () => {
        this.counts.events++;
        changed();
      },
      reached: () => this.contact.reached(this.complete),
      settled: (differs) => {
        for (const settled of this.onSettled.splice(0)) settled();
        if (differs || !this.complete) this.announcing.soon();
      },
      failed: (error, alone) => this.failed(subject, ask, error, alone),
      pause: (ms, signal) => this.contact.pause(ms, signal),
    };
  }

  /** Milliseconds that a question may be held. */
  private wait(): number {
    const questions = this.services.size;
    return questions <= FEW ? this.agent.wait : Math.min(this.agent.wait, Math.max(SHORTEST, (this.timings.round * HELD) / questions));
  }

  private async ask(query: Query, signal: AbortSignal): Promise<Answer> {
    const slots = query.index === 0 ? this.immediate : this.held;
    await slots.take();
    try {
      signal.throwIfAborted();
      return await this.client.ask(query, signal);
    } finally {
      slots.give();
    }
  }

  // --- what is told -----------------------------------------------------------------------------------------------

  private failed(subject: string, ask: Ask, { message }: ConsulError, alone: boolean): void {
    this.counts.failures++;
    const refusal = `${subject}: ${message}`;
    if (!alone) {
      const well = () => this.questions().filter(({ question }) => question.problem === '').length;
      this.contact.lost(JSON.stringify(ask), well, message, this.complete);
    }
    // Once something is published, its notes say it.
    else if (!this.complete && !this.told.has(refusal)) {
      this.told.add(refusal);
      this.contact.warn(`${refusal}; trying again`);
    }
  }

  private announce(): void {
    if (this.running && this.isComplete()) this.onChange(this.view);
  }

  private isComplete(): boolean {
    if (this.complete) return true;
    this.complete = this.isSettled() && this.questions().some(({ question }) => question.value !== undefined);
    if (this.complete) this.contact.say(`connected, ${this.services.size} services are watched`);
    return this.complete;
  }

  private isSettled(): boolean {
    return this.questions().every(({ question }) => question.settled);
  }
}
