/** What `--help`, `-v` and `-vv` print. */

import { compatibleVersion, features, missingFeatures, tlsLibrary } from './config/condition.ts';
import { ALGORITHMS } from './config/keywords/balance.ts';
import { bindParameters } from './config/keywords/bind.ts';
import { globalRows } from './config/keywords/global.ts';
import { proxyRows } from './config/keywords/proxy.ts';
import { serverParameters } from './config/keywords/server.ts';
import { ACTIONS } from './rules/compile.ts';
import { CONVERTERS } from './rules/converters.ts';
import { FETCHES } from './rules/expression.ts';

export const HELP = `Fairlead: an HTTP load balancer that reads haproxy.cfg and keeps its pools in step with Docker

  fairlead demo [--port N]          try it: balances over three built-in servers, on port 8080
  fairlead -f haproxy.cfg           run a configuration
  fairlead -c -f haproxy.cfg        only check it: every error with its line
  fairlead ctl COMMAND              ask a running one, or change it; --help says more
  fairlead explain [CONTAINER|URL]  why is it routed, or not? --help says more
  fairlead servers -l LISTENER ...  which containers a section balances over, by hand; --help says more
  fairlead render [-f haproxy.cfg]  the configuration in force with all servers found, as HAProxy reads it
  fairlead ca                       the development authority of 'ssl self-signed', and how to trust it
  fairlead                          no configuration: serve the labelled containers of the local Docker engine

Configuration
  -f FILE|DIR      read this file, or the *.cfg files of this directory; may be given again
  -- FILE...       all that follows are files
  -C DIR           change to this directory first
  -c               check and exit: 0 valid, 1 not
  -cc CONDITION    evaluate a condition as '.if' does and exit: 0 true, 1 false, 2 error
  -dW              treat warnings as errors
  -n MAXCONN       connections at once of the whole process; wins over 'global maxconn'
  -N MAXCONN       maxconn of frontends that have none
  -L NAME          value of $HAPROXY_LOCALPEER, default the host's name

Process
  -D               go to the background once it listens; -db keeps it in the foreground
  -p FILE          write the process id to this file
  -sf PID...       once it listens, ask these processes to finish (SIGUSR1)
  -st PID...       once it listens, end these processes (SIGTERM)
  -W, -Ws          accepted: there is one process, which reloads in place; SIGINT ends it with 130 also with -d
  -S ADDR[,...]    HAProxy's master CLI: reload, show proc, @1 COMMAND; parameters as of 'bind', behind commas
  -q, -V           print nothing; revert -q
  -d               stay in the foreground and print informational and debug events
  -v, -vv          version; version and what is supported
Accepted for HAProxy's sake and without effect: -x -m -de -dp -dk -dS -dG -dR -dr -dV -dL -dD -dM -dK (-d says why)

Signals
  SIGTERM            stop accepting, finish requests, end TCP sessions that are silent for a second; again: stop at once
  SIGUSR1            stop accepting and finish what is under way, TCP sessions too
  SIGINT             stop at once
  SIGHUP, SIGUSR2    read the configuration again, without dropping a connection
`;

/** HAProxy's version stands there because programs look for it. */
export function versionText(version: string, released: string): string {
  return `Fairlead version ${version} ${released}\nHAProxy version ${compatibleVersion} compatible configuration\n`;
}

/** `node` and `platform` as the runtime names them: `v20.20.2`, `linux x64`. Scripts read features from HAProxy's lines. */
export function detailedVersionText(version: string, released: string, node: string, platform: string): string {
  const list = [...missingFeatures.map((name) => `-${name}`), ...[...features].map((name) => `+${name}`)];
  return `${versionText(version, released)}Running on: Node.js ${node}, ${platform}
Build options :
  TARGET  = node-${node}

Feature list : ${list.sort((one, other) => (one.slice(1) < other.slice(1) ? -1 : 1)).join(' ')}

Running on OpenSSL version : ${tlsLibrary}

Default settings :
  bufsize = 16384, maxrewrite = 1024

Available multiplexer protocols :
         h2 : mode=HTTP  side=FE     mux=H2
         h1 : mode=HTTP  side=FE|BE  mux=H1

Available services : prometheus-exporter

Configuration:
  keywords: ${globalRows.length} in 'global', ${proxyRows.length} in proxies, ${bindParameters.length} of 'bind', ${serverParameters.length} of 'server'
  balance: ${ALGORITHMS.join(', ')}
  rules: ${ACTIONS.length} actions, ${FETCHES.length} sample fetches, ${CONVERTERS.length} converters
Sources of servers: configuration, consul, dns, docker, file
Protocols: HTTP/1.0, HTTP/1.1, HTTP/2, WebSocket
`;
}
