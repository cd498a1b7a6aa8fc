/** What `fairlead ctl --help` prints. */

export const CTL_HELP = `fairlead ctl: asks the Runtime API of a running Fairlead (or HAProxy)

  fairlead ctl show stat                      a table; columns without values are left out
  fairlead ctl set server app/s1 state drain  one command: every word is a word of it
  fairlead ctl 'show info; show backend'      a single word is a line, with ; between commands
  fairlead ctl add map hosts.map '<<' < file  a payload from standard input
  fairlead ctl < commands                     a line of commands each
  fairlead ctl                                at a terminal: completion with TAB, history, quit

  --socket, -s ADDRESS   a path, unix@PATH, HOST:PORT or a port of this machine; else $FAIRLEAD_SOCKET
  -f FILE                the socket of this configuration whose users may do most
  --json                 records: an array for a table, an object for names and values,
                         {"answer": ...} for a message, {"error": ...} for a refusal
  --raw                  answers as they come
  --timeout SECONDS      how long to wait while nothing comes, default 10

  fairlead ctl completion bash|zsh|fish       what a shell loads to complete commands and names

Exit codes: 0 answered, 1 refused, 2 nobody answered, or the answer cannot be written
`;

/** What `fairlead servers --help` prints; the options are those of haproxy-docker-config. */
export const SERVERS_HELP = `fairlead servers: which containers a section balances over, changed while it runs

The section has a line with a file, which keeps the list, and the parameters of its servers:

  listen dockerha-app1
      bind 0.0.0.0:8380
      balance roundrobin
      docker-servers members=/var/lib/fairlead/app1 address=published check inter 2000 rise 2 fall 5

  -l, --listen LISTENER          the section, a listen or backend. Mandatory
  -a, --add ID[:PORT][,...]      take containers into balancing, by their id or how it begins and, where they have
                                 several, their own (private) port. The public one is looked up
  -d, --delete ID[,...]          take them out again; what is under way is finished
  -c, --check [ID[,...]]         are they balanced? Without ids: which ones are
      --verify                   is each that is balanced a container that runs?
  -s, --show                     servers with their addresses and parameters
      --yaml, --json             another form of what is answered
  -r, --restart                  accepted: nothing has to be restarted
  -h, --hot-restart [PIDFILE]    the same
  -v, --verbose                  say more

  -S, --socket ADDRESS           the Runtime API: a path, unix@PATH, HOST:PORT; else $FAIRLEAD_SOCKET
  -f FILE                        the socket of this configuration whose users may do most (admin is needed)

Exit codes: 0 all are, 1 some are not balanced, not found or were refused, 2 nobody answered, or wrong usage
`;

/** What `fairlead render --help` prints. */
export const RENDER_HELP = `fairlead render: the configuration in force, with all servers and routes that were found, as a haproxy.cfg

  fairlead render                       of the balancer that runs
  fairlead render -f haproxy.cfg        the same; where none runs, Docker and the other sources are asked once
      | haproxy -c -f /dev/stdin        HAProxy takes it

  --socket, -s ADDRESS   the Runtime API: a path, unix@PATH, HOST:PORT; else $FAIRLEAD_SOCKET
  -f FILE                the socket of this configuration whose users may do most (admin is needed: passwords are printed)

  docker inspect ID... | fairlead render --image NAME --template FILE
                         prints FILE, then a 'server' line for each container of that image that runs
      --port PORT        the container's port; else the only one that it has
      --parameters TEXT  behind each address, default "maxconn 32"

Exit codes: 0 printed, 1 nothing to print, 2 nobody answered, or wrong usage
`;
