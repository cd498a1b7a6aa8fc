/** The sockets of this process, whoever opened them: clients, servers and the balancer between them. */

/** TCP sockets that are open or listening. */
export function openSockets(): number {
  return process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap' || name === 'TCPServerWrap').length;
}
