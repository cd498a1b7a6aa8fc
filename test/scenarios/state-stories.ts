/** Stories about the states of servers (state-rig.ts): what HAProxy 2.6 makes of them, Fairlead makes of them. */

import type { Stage, Step, Story } from './state-rig.ts';

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

export function start(...until: readonly string[]): Step {
  return { name: 'start', act: () => {}, until };
}

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
      ...commands(
        'set server be/s1 state drain',
        'set server be/t1 state ready',
        'set server be/s1 state maint',
        'set server be/s1 state drain',
      ),
      { name: 's1 is whole', act: () => {}, until: ['be/s1 status=DRAIN', 'be/s1 check_health=4'] },
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
      ...commands('set server be/s1 state maint', 'set server be/s1 state ready'),
      says('agent', 'agent:down', 'be/s1 last_agt=via agent : down'),
      says('agent', 'agent:maxconn:30', 'be/s1 slim=30'),
      says('agent', 'agent:garbage', 'be/s1 last_agt=agent reports an error : garbage'),
      says('agent', 'agent:300%', 'be/s1 weight=30'),
      says('agent', 'agent:up ready 100%', 'be/s1 status=UP', 'be/s1 weight=10'),
      says('a', '500 Broken', 'be/s1 status=DOWN'),
      says('agent', 'agent:down', 'be/s1 status=DOWN (agent)'),
      says('agent', 'agent:up', 'be/s1 status=DOWN'),
      says('a', '200 OK', 'be/s1 status=UP'),
      ...commands('disable agent be/s1'),
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
    name: 'a start that is slow, step by step',
    servers: { a: '200 OK' },
    config: `
backend be
 server s1 %a% weight 50 check inter 100ms slowstart 3s
 server s2 %a% weight 50
backend fixed
 balance static-rr
 server s1 %a% weight 50 slowstart 2s
`,
    steps: [
      start('be/s1 status=UP'),
      { name: 'maint', act: (stage) => stage.run('set server be/s1 state maint', 'set server fixed/s1 state maint') },
      {
        name: 'ready',
        act: (stage) => stage.run('set server be/s1 state ready', 'set server fixed/s1 state ready'),
        until: ['be/s1 throttle=6', 'fixed/s1 throttle=100', 'be/s1 check_health=4'],
      },
      { name: 'first', act: () => {}, until: ['be/s1 throttle=37'] },
      ...commands('set server be/s1 weight 100'),
      { name: 'second', act: () => {}, until: ['be/s1 throttle=68', 'fixed/s1 throttle='] },
      ...commands('set server be/s1 state drain', 'set server be/s1 state ready'),
      { name: 'first again', act: () => {}, until: ['be/s1 throttle=37'] },
      { name: 'all of it', act: () => {}, until: ['be/s1 throttle='] },
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
];
