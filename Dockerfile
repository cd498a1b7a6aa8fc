# Fairlead as an image that can stand where the `haproxy` image stood: same place for the configuration, same ways to start it.
#
#   docker build -t fairlead .
#   docker run -d -p 80:80 -v "$PWD/haproxy.cfg:/usr/local/etc/haproxy/haproxy.cfg:ro" fairlead
#
# To follow containers it reads the engine's socket, for which it needs the socket's group (it does not run as root). The
# socket's directory is mounted, because a mounted socket file is dead after the engine has been restarted:
#
#   docker run -d -p 80:80 -v /var/run:/host/run:ro -e DOCKER_HOST=unix:///host/run/docker.sock \
#     --group-add "$(stat -c %g /var/run/docker.sock)" fairlead
#
# Port 80 is open to every user in a container since Docker 20.10. Elsewhere (host networking, Kubernetes, older engines)
# give it --sysctl net.ipv4.ip_unprivileged_port_start=0, or bind above 1023. File capabilities on the node binary would
# do too, but such a binary cannot start at all under --cap-drop ALL.

ARG NODE_IMAGE=node:24-bookworm-slim

FROM ${NODE_IMAGE} AS build
WORKDIR /build
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts
COPY tsconfig.json ./
COPY src ./src
RUN npm run build

FROM ${NODE_IMAGE} AS dependencies
WORKDIR /build
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --ignore-scripts

FROM ${NODE_IMAGE}
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Fairlead" \
      org.opencontainers.image.description="An HTTP load balancer that reads haproxy.cfg and keeps its pools in step with Docker" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
# V8's young generation is three times 16 MiB otherwise, and a balancer's objects die young: 20 MiB less, at no cost in speed.
ENV NODE_ENV=production NODE_OPTIONS=--max-semi-space-size=4
WORKDIR /opt/fairlead
COPY --from=dependencies /build/node_modules ./node_modules
COPY --from=build /build/dist/src ./dist/src
COPY package.json LICENSE ./
COPY bin ./bin
COPY scripts/entrypoint.sh scripts/healthcheck.mjs ./scripts/
# `haproxy` as a second name: `docker exec lb haproxy -c -f ...` and `docker run IMAGE haproxy -f ...` go on working.
RUN ln -s /opt/fairlead/bin/fairlead /usr/local/bin/fairlead \
 && ln -s /opt/fairlead/bin/fairlead /usr/local/bin/haproxy \
 && mkdir -p /usr/local/etc/haproxy /var/lib/haproxy /var/lib/fairlead /run/haproxy \
 && chown 1000:1000 /var/lib/haproxy /var/lib/fairlead /run/haproxy
# The user `node` of the base image, by number so that Kubernetes' runAsNonRoot can see it.
USER 1000:1000
WORKDIR /var/lib/haproxy
EXPOSE 80
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s CMD ["node", "/opt/fairlead/scripts/healthcheck.mjs"]
ENTRYPOINT ["/opt/fairlead/scripts/entrypoint.sh"]
CMD []
