/** Stories about the states of servers (state-rig.ts): what HAProxy 2.6 makes of them, Fairlead makes of them. */

import { DEFAULTS, type Stage, type Step, type Story } from './state-rig.ts';

/** Commands of the Runtime API, a step each. */
export function commands(...list: readonly string[]): Step[] {
  return list.map((command) => ({ name: command, act: (stage) => stage.run(command) }));
}

/** A server says something else, and the statistics come to say so. */
export function says(name: string, what: string, ...until: readonly string[]): Step {
  return { name: `${name} says ${what}`, act: (stage) => stage.says(name, what), until };
}

/** One action of the form after the other, for all servers of `be`. */
function posts(...actions: readonly string[]): Step[] {
  return actions.map((action) => ({
    name: action,
    act: (stage) => stage.post(`s=s1&s=s2&s=t1&action=${action}&b=be`),
  }));
}

const DUMP: Step = { name: 'show servers state', act: (stage) => stage.dump() };

export function start(...until: readonly string[]): Step {
  return { name: 'start', act: () => {}, until };
}

/** A line of a state file: what is said of it differs from a server that is well, and of weight 7 instead of 10. */
interface SavedLine {
  readonly op?: number;
  readonly admin?: number;
  readonly weight?: number | string;
  readonly configured?: number;
  readonly check?: readonly [status: number, result: number, health: number | string, state: number];
  readonly agent?: number;
  readonly port?: string;
  readonly checkPort?: string;
  readonly address?: string;
  /** Seconds. */
  readonly since?: string;
  readonly words?: string;
}

/** Each server is called by what its line is about; `words` are its parameters now. */
const SAVED: Readonly<Record<string, SavedLine>> = {
  first: { words: 'check inter 60s' },
  same: {},
  stopped: { op: 0, check: [8, 2, 0, 6] },
  rising: { op: 0, check: [15, 3, 1, 6] },
  failing: { check: [17, 2, 3, 6] },
  held: { op: 3 },
  maint: { op: 0, admin: 1, check: [15, 3, 0, 14] },
  was_disabled: { op: 0, admin: 5, check: [15, 3, 0, 14] },
  still_disabled: { op: 0, admin: 5, check: [15, 3, 0, 14], words: 'check inter 60s disabled' },
  enabled_by_hand: { admin: 4, words: 'check inter 60s disabled' },
  inherited: { op: 0, admin: 2, check: [15, 3, 0, 14] },
  unresolved: { op: 0, admin: 32, check: [15, 3, 0, 14] },
  drain: { admin: 8 },
  other_weight_now: { configured: 11 },
  no_weight: { weight: 0 },
  other_port: { port: '4' },
  other_address: { address: '127.0.0.7' },
  health_off: { check: [15, 3, 4, 2] },
  agent_off: { agent: 18, words: 'check inter 60s agent-check agent-inter 60s agent-port %a.port%' },
  unchecked: { check: [1, 0, 2, 0], words: '' },
  unchecked_down: { op: 0, check: [1, 0, 0, 0], words: '' },
  bad_op: { op: 9 },
  bad_admin: { admin: 73 },
  bad_weight: { weight: 300 },
  bad_weight_word: { weight: 'x' },
  bad_health: { check: [15, 3, 'x', 6] },
  bad_status: { check: [99, 3, 4, 6] },
  bad_port: { port: '99999' },
  bad_since: { since: 'x' },
  bad_long_since: { since: '99999999999999999999' },
  ahead_of_time: { since: '-5' },
  long_ago: { since: '99999999999' },
  check_port: { checkPort: '4' },
  bad_check_port: { checkPort: '99999' },
  bad_check_port_word: { checkPort: '80.5' },
};

const STATE_HEADER =
  '# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_iweight srv_time_since_last_change srv_check_status srv_check_result srv_check_health srv_check_state srv_agent_state bk_f_forced_id srv_f_forced_id srv_fqdn srv_port srvrecord srv_use_ssl srv_check_port srv_check_addr srv_agent_addr srv_agent_port';

function stateFile(backend: string, saved = SAVED): string {
  const lines = Object.entries(saved).map(([name, line]) => {
    const { op = 2, admin = 0, weight = 7, configured = 10, check = [15, 3, 4, 6], agent = 0, port = '%a.port%', address } = line;
    const { checkPort = '0', since = '100' } = line;
    // Numbers of backends and servers may differ from those of now.
    return `77 ${backend} 99 ${name} ${address ?? '127.0.0.1'} ${op} ${admin} ${weight} ${configured} ${since} ${check.join(' ')} ${agent} 0 0 - ${port} - 0 ${checkPort} - - 0`;
  });
  return `1\n${STATE_HEADER}\n${lines.join('\n')}\n# the end\n77 nobody 1 same 127.0.0.1 0 1 7 10 100 15 3 4 6 0 0 0 - 1 - 0 0 - - 0\n`;
}

function savedServers(saved: Readonly<Record<string, SavedLine>>): string {
  return Object.entries(saved)
    .map(([name, { words }]) => ` server ${name} %a% weight 10 ${words ?? 'check inter 60s'}\n`)
    .join('');
}

/** Who tracks whom, in which state they were, and what they are now. */
const CHAIN: Readonly<Record<string, SavedLine>> = {
  first: {},
  down: { op: 0, check: [8, 2, 0, 6] },
  follows_down: { op: 0, check: [1, 0, 0, 0], words: 'track down' },
  follows_follower: { op: 0, check: [1, 0, 0, 0], words: 'track follows_down' },
  held: { op: 3 },
  follows_held: { op: 3, check: [1, 0, 2, 0], words: 'track held' },
  maint: { op: 0, admin: 1, check: [15, 3, 0, 14] },
  follows_maint: { op: 0, admin: 2, check: [1, 0, 0, 0], words: 'track maint' },
  drain: { admin: 8 },
  follows_drain: { admin: 16, check: [1, 0, 4, 0], words: 'track drain' },
  drain_of_no_weight: { admin: 8, weight: 0, configured: 0 },
  up: {},
  maint_of_its_own: { op: 0, admin: 1, check: [1, 0, 0, 0], words: 'track up' },
  down_in_drain: { op: 0, admin: 8, check: [8, 2, 0, 6] },
  held_in_drain: { op: 3, admin: 8 },
  maint_while_up: { admin: 1 },
  enabled_by_hand: { admin: 4, words: 'check inter 60s disabled' },
  spare: { op: 0, check: [8, 2, 0, 6], words: 'check inter 60s backup' },
  warming: { op: 1, since: '5', check: [15, 3, 1, 6], words: 'check inter 60s slowstart 600s' },
  warm: { op: 1, since: '5000', words: 'check inter 60s slowstart 600s' },
  warming_unchecked: { op: 1, since: '5', check: [1, 0, 1, 0], words: 'slowstart 600s' },
  warming_at_once: { op: 1, since: '5', words: 'check inter 60s rise 1 slowstart 600s' },
  warming_no_more: { op: 1, since: '5', words: 'check inter 60s' },
  last: { op: 0, check: [8, 2, 0, 6] },
};

/** HAProxy keeps the configured weight as the effective one of servers in maintenance. */
const fromFile = {
  servers: { a: '200 OK' },
  without: ['weight'],
  steps: [start('be/first check_code=200'), { name: 'show servers state', act: (stage: Stage) => stage.dump() }],
};

export const STORIES: readonly Story[] = [
  {
    name: 'a check takes a server down and up, and those who track it follow',
    servers: { a: '200 OK', b: '200 OK' },
    config: `
backend be
 option httpchk
 server s1 %a% check inter 100ms
 server s2 %b%
 server t1 %b% track s1
 server t2 %b% track t1
 server b1 %b% backup track be/s1
backend other
 server t3 %b% track be/s1 weight 7
`,
    steps: [
      start('be/s1 status=UP'),
      says('a', '500 Internal Server Error', 'be/s1 status=DOWN', 'be/s1 check_code=500'),
      ...commands('set server be/t1 state drain'),
      says('a', '200 OK', 'be/s1 status=UP'),
      ...commands('set server be/t1 state ready', 'set server be/s2 state maint'),
      says('a', '503 Service Unavailable', 'be/s1 status=DOWN', 'be/s1 check_code=503'),
      ...commands('set server be/t1 health up'),
    ],
  },
  {
    name: 'maintenance and drain, in every order, with those who track',
    servers: { a: '200 OK' },
    config: `
backend be
 option httpchk
 server s1 %a% check inter 100ms
 server s2 %a% disabled check inter 100ms
 server s3 %a%
 server t1 %a% track s1
 server t2 %a% track s2
 server t3 %a% track t1
 server b1 %a% backup
`,
    steps: [
      start('be/s1 status=UP'),
      { name: 's2 ready', act: (stage) => stage.run('set server be/s2 state ready'), until: ['be/s2 status=UP'] },
      { name: 's1 maint', act: (stage) => stage.run('set server be/s1 state maint') },
      ...commands(
        'set server be/t1 state drain',
        'set server be/t1 state maint',
        'set server be/t1 state ready',
        'set server be/t1 state drain',
      ),
      { name: 's1 ready', act: (stage) => stage.run('set server be/s1 state ready'), until: ['be/s1 status=UP'] },
      ...commands('set server be/s1 state drain', 'set server be/t1 state ready', 'set server be/s1 state maint'),
      {
        name: 's1 from maint to drain',
        act: (stage) => stage.run('set server be/s1 state drain'),
        until: ['be/s1 status=DRAIN', 'be/s1 check_health=4'],
      },
      DUMP,
      ...commands(
        'set server be/s1 state ready',
        'set server be/s3 state drain',
        'set server be/s3 weight 5',
        'set server be/s3 state maint',
      ),
      ...commands('disable server be/s3', 'enable server be/s3', 'set server be/b1 state maint', 'set server be/s3 state maint'),
      { name: 's1 and s2 maint', act: (stage) => stage.run('set server be/s1 state maint', 'set server be/s2 state maint') },
      ...commands('set server be/b1 state ready', 'set server be/b1 state drain', 'set server be/b1 state ready'),
      {
        name: 'all ready',
        act: (stage) => stage.run('enable server be/s1', 'enable server be/s2', 'enable server be/s3'),
        until: ['be/s1 status=UP', 'be/s2 status=UP'],
      },
      DUMP,
    ],
  },
  {
    name: 'the states of checks of servers that are in maintenance, checked or not',
    servers: { a: '200 OK' },
    config: `
backend be
 option httpchk
 server s1 %a% check inter 60s
 server s2 %a% disabled check inter 60s
 server s3 %a% disabled
 server t1 %a% track s1
 server t2 %a% track s1 disabled
`,
    steps: [
      start('be/s1 check_code=200'),
      DUMP,
      ...['s1', 't1', 's2'].map((name) => ({
        name: `maint of ${name}`,
        act: (stage: Stage) => stage.run(`set server be/${name} state maint`),
      })),
      DUMP,
      {
        name: 'all ready',
        act: (stage) => stage.run(...['s3', 't1', 't2'].map((name) => `set server be/${name} state ready`)),
      },
      DUMP,
    ],
  },
  {
    name: 'health by hand',
    servers: { a: '200 OK' },
    config: `
backend be
 option httpchk
 server s1 %a% check inter 60s
 server s2 %a%
 server t1 %a% track s1
 server t2 %a% track s1 disabled
`,
    steps: [
      start('be/s1 status=UP'),
      ...commands(
        'set server be/s1 health down',
        'set server be/s1 health down',
        'set server be/s1 health stopping',
        'set server be/s1 health up',
      ),
      ...commands(
        'set server be/s1 state drain',
        'set server be/s1 health down',
        'set server be/s1 health stopping',
        'set server be/s1 health up',
      ),
      ...commands(
        'set server be/s1 state ready',
        'set server be/s2 health down',
        'set server be/s2 health stopping',
        'set server be/s2 health up',
      ),
      ...commands('set server be/t1 health up', 'disable health be/s1', 'set server be/s1 health down', 'enable health be/s1'),
      ...commands('set server be/s1 health up', 'set server be/s1 weight 0', 'set server be/s1 weight 50', 'set server be/s1 weight 300%'),
      ...commands('set server be/t2 state ready', 'set server be/s1 agent up', 'enable agent be/s1', 'disable agent be/s1'),
    ],
  },
  {
    name: 'an agent drains, stops, weighs and limits; health checks go on beside it',
    servers: { a: '200 OK', agent: 'agent:up' },
    config: `
backend be
 option httpchk
 server s1 %a% check inter 100ms weight 10 agent-check agent-port %agent.port% agent-inter 100ms
 server t1 %a% track s1
`,
    steps: [
      start('be/s1 status=UP', 'be/s1 agent_status=L7OK'),
      says('agent', 'agent:up 50%', 'be/s1 weight=5'),
      says('agent', 'agent:drain', 'be/s1 status=DRAIN (agent)'),
      says('agent', 'agent:ready', 'be/s1 status=UP', 'be/s1 agent_status=CHECKED'),
      says('agent', 'agent:maint', 'be/s1 status=MAINT'),
      says('agent', 'agent:ready', 'be/s1 status=UP', 'be/s1 check_health=4'),
      says('agent', 'agent:stopped', 'be/s1 status=DOWN (agent)'),
      says('agent', 'agent:up', 'be/s1 status=UP'),
      says('agent', 'agent:fail', 'be/s1 status=DOWN (agent)'),
      ...commands('set server be/s1 state maint'),
      { name: 'ready', act: (stage) => stage.run('set server be/s1 state ready'), until: ['be/s1 check_health=4'] },
      says('agent', 'agent:down', 'be/s1 last_agt=via agent : down'),
      says('agent', 'agent:maxconn:30', 'be/s1 slim=30'),
      says('agent', 'agent:garbage', 'be/s1 last_agt=agent reports an error : garbage'),
      says('agent', 'agent:300%', 'be/s1 weight=30'),
      says('agent', 'agent:up ready 100%', 'be/s1 status=UP', 'be/s1 weight=10'),
      says('a', '500 Broken', 'be/s1 status=DOWN'),
      says('agent', 'agent:down', 'be/s1 status=DOWN (agent)'),
      says('agent', 'agent:up', 'be/s1 status=DOWN'),
      // Or HAProxy may say that it was the agent who brought it back, between the check's answer and the end of its connection.
      says('agent', 'agent:nothing', 'be/s1 agent_status=CHECKED'),
      says('a', '200 OK', 'be/s1 status=UP'),
      ...commands('disable agent be/s1'),
      DUMP,
    ],
  },
  {
    name: 'an agent alone, in a backend whose weights are fixed, with every check in the log',
    servers: { agent: 'agent:up' },
    config: `
backend be
 balance static-rr
 option log-health-checks
 server s1 127.0.0.1:1 weight 10 agent-check agent-port %agent.port% agent-inter 100ms
`,
    // HAProxy ends a warning with a line feed, inside of a cell.
    without: ['last_agt'],
    steps: [
      start('be/s1 agent_status=L7OK'),
      says('agent', 'agent:50%', 'be/s1 agent_status=CHECKED'),
      says('agent', 'agent:up 0%', 'be/s1 weight=0'),
      says('agent', 'agent:up 100%', 'be/s1 weight=10'),
      says('agent', 'agent:down', 'be/s1 status=DOWN (agent)'),
      says('agent', 'agent:ready', 'be/s1 agent_status=CHECKED'),
      says('agent', 'agent:up', 'be/s1 status=no check'),
      ...commands('set server be/s1 agent down'),
    ],
  },
  {
    name: 'a share of a fixed weight that comes to 0 or to the weight itself is one of both',
    servers: { agent: 'agent:up' },
    config: `
backend be
 balance static-rr
 server s1 127.0.0.1:1 weight 1 agent-check agent-port %agent.port% agent-inter 100ms
 server full 127.0.0.1:1 weight 256
`,
    without: ['last_agt'],
    steps: [
      start('be/s1 agent_status=L7OK'),
      says('agent', 'agent:up 75%', 'be/s1 weight=0'),
      says('agent', 'agent:up 150%', 'be/s1 weight=1'),
      says('agent', 'agent:up 0%', 'be/s1 weight=0'),
      says('agent', 'agent:ready', 'be/s1 agent_status=CHECKED'),
      ...commands(
        'set weight be/s1 199%',
        'set weight be/s1 99%',
        'set weight be/s1 200%',
        'set weight be/full 300%',
        'set weight be/full 99%',
      ),
    ],
  },
  {
    name: 'every step of a check in the log, with what it makes of the health',
    servers: { a: '200 OK' },
    config: `
backend be
 option httpchk
 option log-health-checks
 default-server check inter 100ms rise 3 fall 4
 server s1 %a% backup
`,
    steps: [
      start('be/s1 status=UP'),
      says('a', '500 Broken', 'be/s1 status=DOWN'),
      says('a', '200 OK', 'be/s1 status=UP'),
      ...commands('set server be/s1 weight 0'),
      says('a', '404 Nothing', 'be/s1 status=DOWN'),
      says('a', '204 Empty', 'be/s1 status=UP'),
      ...commands('set server be/s1 state maint'),
      { name: 'ready', act: (stage) => stage.run('set server be/s1 state ready'), until: ['be/s1 status=UP', 'be/s1 check_health=6'] },
    ],
  },
  {
    name: 'a 404 holds a server back, where disable-on-404 says so',
    servers: { a: '200 OK' },
    config: `
backend be
 option httpchk
 http-check disable-on-404
 server s1 %a% check inter 100ms
 server t1 %a% track s1
 server s2 %a%
`,
    steps: [
      start('be/s1 status=UP'),
      says('a', '404 Not Found', 'be/s1 status=NOLB'),
      ...commands('set server be/s1 state drain', 'set server be/s1 state ready'),
      says('a', '200 OK', 'be/s1 status=UP'),
      says('a', '404 Not Found', 'be/s1 status=NOLB'),
      says('a', '500 Broken', 'be/s1 status=DOWN'),
      says('a', '404 Not Found', 'be/s1 check_code=404'),
      says('a', '200 OK', 'be/s1 status=UP'),
      says('a', '404 Not Found', 'be/s1 status=NOLB'),
      { name: 'maint', act: (stage) => stage.run('set server be/s1 state maint') },
      { name: 'ready', act: (stage) => stage.run('set server be/s1 state ready'), until: ['be/s1 status=NOLB'] },
    ],
  },
  {
    name: 'every action of the form of the statistics page',
    // A server that is down by hand never comes up by its checks, but they count.
    without: ['check_health', 'status'],
    servers: { a: '200 OK', agent: 'agent:nothing' },
    config: `
frontend www
 bind unix@%DIR%/www
 stats enable
 stats uri /
 stats admin if TRUE
backend be
 option httpchk
 server s1 %a% check inter 100ms rise 1000000 agent-check agent-port %agent.port% agent-inter 100ms
 server s2 %a%
 server t1 %a% track s1
`,
    steps: [
      start('be/s1 status=UP', 'be/s1 agent_status=CHECKED'),
      ...posts('disable', 'disable', 'enable', 'enable', 'stop', 'stop', 'start', 'start'),
      ...posts('maint', 'start', 'drain', 'enable', 'stop', 'ready', 'ready'),
      ...posts('dhlth', 'dhlth', 'hdown', 'hnolb', 'hrunn', 'ehlth', 'ehlth', 'hrunn'),
      ...posts('adown', 'adown', 'arunn', 'dagent', 'adown', 'dagent', 'eagent', 'eagent', 'shutdown'),
      ...['s=s1', 's=t1', 's=s1&s=nobody', 's=s2&s=nobody', 's=nobody'].flatMap((servers) =>
        ['dhlth', 'enable', 'hdown', 'hrunn', 'adown', 'arunn'].map((action) => ({
          name: `${servers} ${action}`,
          act: (stage: Stage) => stage.post(`${servers}&action=${action}&b=be`),
        })),
      ),
    ],
  },
  {
    ...fromFile,
    name: 'servers start as the global state file says',
    global: ' server-state-file %DIR%/states',
    files: { states: stateFile('be') },
    config: `
${DEFAULTS}
 load-server-state-from-file global
 option httpchk
backend be
${savedServers(SAVED)}
backend unsaved
 server same %a%
backend own
 load-server-state-from-file none
 server same %a%
`,
  },
  {
    ...fromFile,
    name: 'servers start as the state file of their backend says, below the base',
    global: ' server-state-base %DIR%\n server-state-file states',
    files: { be: stateFile('be'), named: stateFile('two'), states: stateFile('three') },
    config: `
${DEFAULTS}
 load-server-state-from-file local
 option httpchk
backend be
 server-state-file-name use-backend-name
${savedServers(SAVED)}
backend two
 server-state-file-name named
 server stopped %a% weight 10
 server other %a%
backend three
 load-server-state-from-file global
 server drain %a% weight 10
 server other %a%
backend missing
 server drain %a% weight 10
`,
  },
  {
    ...fromFile,
    name: 'servers that track others, and those that were starting, start as the state file says',
    global: ' server-state-file %DIR%/states',
    files: { states: stateFile('be', CHAIN) },
    steps: [start('be/first check_code=200'), DUMP],
    config: ` load-server-state-from-file global\n option httpchk\nbackend be\n${savedServers(CHAIN)}`,
  },
  {
    ...fromFile,
    steps: [{ name: 'show servers state', act: (stage) => stage.dump() }],
    name: 'a state file that is cut is no state file',
    global: ' server-state-file %DIR%/states',
    files: { states: `${stateFile('be')}1 be 1 same 127.0.0.1 2 0\n` },
    config: ` load-server-state-from-file global\nbackend be\n server stopped %a% weight 10\n`,
  },
  ...Object.entries({
    'a last line without its end': stateFile('be').trimEnd(),
    'a line of 19 fields': stateFile('be').replace(/( same (\S+ ){14}\S+) .*\n/, '$1\n'),
  }).map(([what, states]) => ({
    ...fromFile,
    steps: [DUMP],
    name: `a state file with ${what} is no state file`,
    global: ' server-state-file %DIR%/states',
    files: { states },
    config: ` load-server-state-from-file global\nbackend be\n server stopped %a% weight 10\n`,
  })),
  {
    ...fromFile,
    steps: [DUMP],
    name: 'of two lines for one server the first one counts; a line of 20 fields is one',
    global: ' server-state-file %DIR%/states',
    files: {
      states: `1
  # indented
2 be 1 s1 127.0.0.1 2 0 3 10 5 15 3 4 6 0 0 0 - %a.port% -
2 be 1 s1 127.0.0.1 2 0 4 10 5 15 3 4 6 0 0 0 - %a.port% -
2 be 2 s2 127.0.0.1 2 0 999 10 5 15 3 4 6 0 0 0 - %a.port% -
2 be 2 s2 127.0.0.1 2 0 4 10 5 15 3 4 6 0 0 0 - %a.port% -
`,
    },
    config: ` load-server-state-from-file global\nbackend be\n server s1 %a% weight 10\n server s2 %a% weight 10\n`,
  },
];
