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
