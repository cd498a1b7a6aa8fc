#!/bin/sh
# Starts as the `haproxy` image does: options alone, `haproxy` with options, or any other program.
set -e
config=/usr/local/etc/haproxy/haproxy.cfg

case "${1-}" in
  '' | -* | demo) ;;
  haproxy | fairlead) shift ;;
  *) exec "$@" ;;
esac

# Without a configuration Fairlead runs its built-in one, which serves labelled containers.
if [ $# = 0 ] && [ -e "$config" ]; then
  set -- -f "$config"
fi
exec fairlead "$@"
