import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { DockerEngineConfig } from '../../../src/config/model.ts';
import { isLocal, resolveEndpoint } from '../../../src/discovery/docker/endpoint.ts';
import { engineConfig } from '../make.ts';

const at = (endpoint: string | undefined, more: Partial<DockerEngineConfig> = {}) => ({ ...engineConfig, endpoint, ...more });
const noTls = { ca: undefined, cert: undefined, key: undefined };

describe('the endpoint of an engine', () => {
  it('is the local socket where nobody says otherwise', () => {
    const endpoint = resolveEndpoint(engineConfig, {});
    assert.equal(endpoint.kind === 'unix' && endpoint.path, '/var/run/docker.sock');
  });

  it('is DOCKER_HOST where the configuration names none', () => {
    const endpoint = resolveEndpoint(engineConfig, { DOCKER_HOST: 'tcp://192.0.2.1:2375' });
    assert.deepEqual(endpoint, { kind: 'tcp', host: '192.0.2.1', port: 2375, tls: undefined, text: 'tcp://192.0.2.1:2375' });
  });

  it('of the configuration goes before DOCKER_HOST', () => {
    const endpoint = resolveEndpoint(at('unix:///run/other.sock'), { DOCKER_HOST: 'tcp://192.0.2.1:2375' });
    assert.equal(endpoint.kind === 'unix' && endpoint.path, '/run/other.sock');
  });

  it('takes TLS from the environment only with the endpoint', () => {
    const env = { DOCKER_HOST: 'tcp://192.0.2.1:2376', DOCKER_TLS_VERIFY: '1', DOCKER_CERT_PATH: '/certs' };
    const theirs = resolveEndpoint(engineConfig, env);
    assert.deepEqual(theirs.kind === 'tcp' && theirs.tls, { ca: '/certs/ca.pem', cert: '/certs/cert.pem', key: '/certs/key.pem' });
    const ours = resolveEndpoint(at('tcp://192.0.2.1:2375'), env);
    assert.equal(ours.kind === 'tcp' && ours.tls, undefined);
  });

  it('takes TLS and its port from the section', () => {
    const endpoint = resolveEndpoint(at('tcp://docker.test', { tlsCa: '/ca.pem' }), {});
    assert.deepEqual(endpoint.kind === 'tcp' && [endpoint.port, endpoint.tls], [2376, { ...noTls, ca: '/ca.pem' }]);
  });

  it('understands ssh', () => {
    const endpoint = resolveEndpoint(at('ssh://ops@host.test'), { SSH_AUTH_SOCK: '/agent' });
    assert.deepEqual(endpoint, { kind: 'ssh', host: 'host.test', port: 22, user: 'ops', agent: '/agent', text: 'ssh://ops@host.test' });
  });

  it('understands IPv6', () => {
    const endpoint = resolveEndpoint(at('tcp://[2001:db8::1]:2375'), {});
    assert.equal(endpoint.kind === 'tcp' && endpoint.host, '2001:db8::1');
  });

  for (const text of ['npipe:////./pipe/docker_engine', 'tcp://', 'ftp://x']) {
    it(`refuses ${text}`, () => assert.throws(() => resolveEndpoint(at(text), {}), /endpoint|names no host/));
  }

  it('is local on a socket and on loopback', () => {
    assert.equal(isLocal(resolveEndpoint(at('unix:///x'), {})), true);
    assert.equal(isLocal(resolveEndpoint(at('tcp://127.0.0.1:2375'), {})), true);
    assert.equal(isLocal(resolveEndpoint(at('tcp://192.0.2.1:2375'), {})), false);
  });
});
