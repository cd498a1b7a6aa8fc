/** The configuration for whoever gives none: every labelled container of the local engine behind one port. */

/** What a configuration that nobody wrote begins with: the demo's and the built-in one. */
export const COMMON_TEXT = `global
    maxconn 2000

defaults
    mode http
    timeout connect 5s
    timeout client 50s
    timeout server 50s
    timeout queue 30s
    timeout http-request 10s
    timeout http-keep-alive 10s
    timeout tunnel 1h
    option forwardfor
    option redispatch
`;

/**
 * Text of the built-in configuration; `password` protects `/admin?stats` and `/metrics` for the user `admin`.
 *
 * `/metrics` is a path that containers have, too, and anybody may come to this port: who sends the password is answered by
 * us, everybody else by the container, and is not asked for one. Clients of this machine are no exception: there a container
 * is tried out, and behind Docker's port forwarding everybody may look like one.
 */
export function builtinText(options: { readonly port: number; readonly password: string; readonly socket?: string | undefined }): string {
  const { port, password, socket } = options;
  const api = socket === undefined ? '' : `\nglobal\n    stats socket "${quote(socket)}" mode 600 level admin\n`;
  return `${COMMON_TEXT}${api}
listen http-in
    bind :${port}
    docker-routes compat traefik,caddy,easyhaproxy,nginx-proxy
    stats enable
    stats uri /admin?stats
    stats auth "admin:${quote(password)}"
    acl is-admin req.fhdr(authorization) -m str "Basic ${Buffer.from(`admin:${password}`).toString('base64')}"
    http-request use-service prometheus-exporter if { path /metrics } is-admin
`;
}

/**
 * Where the Runtime API of the built-in configuration may be: the first whose folder can be written to. In the image that is the
 * second, so that `docker exec lb fairlead explain` finds it.
 */
export function builtinSockets({ XDG_RUNTIME_DIR: own = '' }: Readonly<Record<string, string | undefined>>): readonly string[] {
  return ['/run', '/run/haproxy', ...(own === '' ? [] : [own])].map((folder) => `${folder}/fairlead-builtin.sock`);
}

/** For use between double quotes. */
function quote(text: string): string {
  return text.replace(/[\\"$]/g, '\\$&');
}
