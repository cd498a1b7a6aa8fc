/** Stories about the states of servers in which traffic plays a part (state-rig.ts). */

import { DEFAULTS, type Step, type Story } from './state-rig.ts';
import { says, start } from './state-stories.ts';

/** One request after the other, to servers that say that. */
function traffic(what: string, ...paths: readonly string[]): Step[] {
  return paths.map((path) => ({
    name: `${path} while servers say ${what}`,
    act: async (stage) => {
      stage.says('a', what);
      stage.said.push(await stage.get(path));
    },
  }));
}

/** Three requests while it is in maintenance. */
function without(server: string): Step[] {
  const away: Step = { name: `${server} maint`, act: (stage) => stage.run(`set server ${server} state maint`) };
  return [away, ...traffic('200 OK', '/', '/', '/')];
}

export const TRAFFIC_STORIES: readonly Story[] = [
  {
    name: 'what is under way ends with its server, or with the backup',
    servers: { a: '200 OK', b: '200 OK', c: '200 OK' },
    config: `
frontend www
 bind unix@%DIR%/www
 use_backend %[path,field(2,/)]
backend be
 option httpchk
 server s1 %a% check inter 100ms on-marked-down shutdown-sessions
 server s2 %b% disabled
backend up
 option httpchk
 server s1 %c% check inter 100ms on-marked-up shutdown-backup-sessions
 server b1 %b% backup
`,
    steps: [
      start('be/s1 status=UP', 'up/s1 status=UP'),
      { name: 'two under way', act: (stage) => stage.hold('/be/hold', 'be/s1', 2) },
      { name: 's1 drain', act: (stage) => stage.run('set server be/s1 state drain', 'set server be/s1 state ready') },
      { name: 's1 maint', act: (stage) => stage.run('set server be/s1 state maint').then(() => stage.ended()) },
      { name: 's1 ready', act: (stage) => stage.run('set server be/s1 state ready'), until: ['be/s1 status=UP', 'be/s1 check_health=4'] },
      { name: 'one under way', act: (stage) => stage.hold('/be/hold', 'be/s1', 1) },
      {
        name: 's1 down',
        act: async (stage) => {
          stage.says('a', '500 Broken');
          await stage.ended();
        },
        until: ['be/s1 status=DOWN'],
      },
      says('c', '500 Broken', 'up/s1 status=DOWN'),
      { name: 'one on the backup', act: (stage) => stage.hold('/up/hold', 'up/b1', 1) },
      {
        name: 's1 up',
        act: async (stage) => {
          stage.says('c', '200 OK');
          await stage.ended();
        },
        until: ['up/s1 status=UP'],
      },
      { name: 'maint', act: (stage) => stage.run('set server up/s1 state maint') },
      { name: 'one more on the backup', act: (stage) => stage.hold('/up/hold', 'up/b1', 1) },
      {
        name: 'ready',
        act: (stage) => stage.run('set server up/s1 state ready').then(() => stage.ended()),
        until: ['up/s1 check_health=4'],
      },
    ],
  },
  {
    name: 'errors of traffic count as checks',
    sessionsVary: true,
    servers: { a: '200 OK', b: '200 OK' },
    config: `
${DEFAULTS}
 retries 0
 default-server check inter 60s fastinter 60s
frontend www
 bind unix@%DIR%/www
 use_backend %[path,field(2,/)]
backend checked
 server s1 %b%
backend fail
 server s1 %a% observe layer7 error-limit 2
backend sudden
 server s1 %a% observe layer7 error-limit 2 on-error sudden-death
backend down
 server s1 %a% observe layer7 error-limit 2 on-error mark-down
backend fast
 server s1 %a% observe layer7 error-limit 3 on-error fastinter
backend told
 option log-health-checks
 server s1 %a% observe layer7 error-limit 1
backend four
 server s1 127.0.0.1:1 check port %b.port% observe layer4 error-limit 2 on-error mark-down
`,
    steps: [
      start('checked/s1 check_status=L4OK'),
      {
        name: 'whole',
        act: (stage) => stage.run(...['fail', 'sudden', 'down', 'fast', 'told', 'four'].map((be) => `set server ${be}/s1 health up`)),
      },
      ...traffic(
        '500 Broken',
        '/fail',
        '/fail',
        '/fail',
        '/sudden',
        '/sudden',
        '/down',
        '/down',
        '/fast',
        '/fast',
        '/fast',
        '/fast',
        '/fast',
      ),
      ...traffic('404 Nothing', '/fail', '/sudden', '/told'),
      ...traffic('200 OK', '/fail', '/fast'),
      ...traffic('501 Never', '/fail', '/sudden', '/fast', '/four', '/four'),
      ...traffic('505 Old', '/fail', '/sudden'),
      ...traffic('500 Broken', '/fail', '/sudden', '/fail', '/sudden', '/fast'),
      ...traffic('nothing', '/fail', '/fail'),
    ],
  },
  ...['', ' option allbackups\n'].map(
    (allbackups): Story => ({
      name: `backup servers get traffic while nobody else does${allbackups}`.trimEnd(),
      servers: { a: '200 OK', b: '200 OK' },
      also: ['stot', 'lbtot'],
      // Of the backend it depends on how many files a process may open.
      without: ['slim'],
      config: `
frontend www
 bind unix@%DIR%/www
 default_backend be
backend be
${allbackups} server s1 %a%
 server b1 %b% backup weight 2
 server s2 %a% disabled
 server b2 %b% backup
 server b3 %b% backup disabled
`,
      steps: [
        ...traffic('200 OK', '/', '/'),
        ...without('be/s1'),
        ...without('be/b1'),
        ...['be/b3', 'be/b1', 'be/s2', 'be/s1'].flatMap((server) => [
          { name: `${server} ready`, act: (stage) => stage.run(`set server ${server} state ready`) } satisfies Step,
          ...traffic('200 OK', '/', '/', '/'),
        ]),
        { name: 'drain and weights', act: (stage) => stage.run('set server be/s1 state drain', 'set server be/s2 weight 0') },
        ...traffic('200 OK', '/', '/', '/'),
      ],
    }),
  ),
];
