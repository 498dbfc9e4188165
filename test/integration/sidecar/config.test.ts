import { describe, expect, test } from '@jest/globals';
import { parseConfig } from '../../../sidecar/config.ts';
import type { SidecarConfig } from '../../../sidecar/config.ts';
import { injectPod } from '../../../src/core/inject/inject.ts';
import type { InjectParams, JsonPatchOperation, PodJson } from '../../../src/core/inject/pod.ts';

const pem = '-----BEGIN CERTIFICATE-----';
const env = {
  HOLDFAST_CA: pem,
  HOLDFAST_DRAIN_TIMEOUT_MS: '60000',
  HOLDFAST_QUIET_PERIOD_MS: '300',
  HOLDFAST_SHUTDOWN_MARGIN_MS: '1000',
};

function configOf(extra: Record<string, string | undefined>): SidecarConfig {
  const parsed = parseConfig({ ...env, ...extra });
  if ('problems' in parsed) throw new Error(parsed.problems.join('\n'));
  return parsed.config;
}

test.each([
  ['HOLDFAST_DRAIN_TIMEOUT_MS', undefined],
  ['HOLDFAST_QUIET_PERIOD_MS', '5s'],
  ['HOLDFAST_SHUTDOWN_MARGIN_MS', '-1'],
  ['HOLDFAST_SIDECAR_PORT', '70000'],
  ['HOLDFAST_CA', undefined],
  ['HOLDFAST_SESSION_SOURCES', 'Proxy,Tea'],
  ['HOLDFAST_SESSION_THRESHOLD', 'none'],
  ['HOLDFAST_RESTART_GRACE_MS', ''],
])('the sidecar does not start with %s %s, and names the variable', (name, value) => {
  expect(parseConfig({ ...env, [name]: value })).toEqual({ problems: [expect.stringContaining(name)] });
});

test('an invalid optional setting is a warning, and the sidecar starts without it', () => {
  const parsed = parseConfig({
    ...env,
    HOLDFAST_EXCLUDE_CIDRS: '10.0.0.0/8,999.0.0.0/8',
    HOLDFAST_APPLICATION_PORT: 'admin',
    HOLDFAST_APPLICATION_PATH: '/sessions',
    HOLDFAST_PRE_STOP_app: '{"scheme":"HTTP"}',
    HOLDFAST_PRE_STOP_worker: 'save',
  });
  expect(parsed).toMatchObject({
    config: { connections: { excluded: [{ hex: '0A000000', prefix: 8 }] }, hooks: new Map() },
  });
  expect(parsed).toHaveProperty('warnings', [
    expect.stringMatching(/HOLDFAST_APPLICATION_PORT: no container declares a port "admin"/),
    expect.stringMatching(/HOLDFAST_EXCLUDE_CIDRS: "999.0.0.0\/8" is not a valid CIDR/),
    expect.stringMatching(/HOLDFAST_PRE_STOP_app: hook\.port: must be .*container app will not be called/),
    expect.stringMatching(/HOLDFAST_PRE_STOP_worker: .*container worker will not be called/),
  ]);
  expect(parsed).not.toHaveProperty('config.application');
});

test('the default source is Proxy, with a threshold of 0', () => {
  expect(configOf({})).toMatchObject({
    policy: { sources: ['Proxy'], sessionThreshold: 0 },
    restartGraceMs: 30_000,
    podIp: '127.0.0.1',
  });
});

describe('the settings that injection writes', () => {
  const params: InjectParams = {
    workload: 'chat',
    image: 'holdfast:1',
    imagePullPolicy: 'IfNotPresent',
    caPem: pem,
    discoveryHost: 'discovery',
    serverName: 'operator',
    probeKey: 'key-of-the-pod',
    imagePullSecrets: [],
    preferredPort: 15_999,
    discoveryAddresses: ['10.96.0.10'],
    drainTimeoutMs: 60_000,
    quietPeriodMs: 5000,
    shutdownMarginMs: 30_000,
    sessionSources: ['Proxy', 'Connections', 'Application'],
    sessionThreshold: 3,
    connections: { ports: [8080, 5222], excludeCIDRs: ['10.1.0.0/16', 'fd00::/8'] },
    application: { path: '/sessions?of=$HOSTNAME&in=$(HOME)', port: 'admin' },
  };
  const preStop = {
    httpGet: {
      scheme: 'HTTPS',
      path: '/save?$(HOME)',
      port: 'admin',
      httpHeaders: [{ name: 'X-Price', value: '5$$' }],
    },
  };
  const pod: PodJson = {
    spec: { containers: [{ name: 'app', ports: [{ name: 'admin', containerPort: 9000 }], lifecycle: { preStop } }] },
  };

  /** Expands values like the kubelet: `$(NAME)` of an earlier variable, and `$$` for a dollar. */
  const expand = (value: string): string =>
    value.replaceAll(/\$\$|\$\(HOME\)/g, (found) => (found === '$$' ? '$' : '/root'));

  function environmentOf(patch: JsonPatchOperation[]): Record<string, string> {
    const value = patch.find(({ path }) => path === '/spec/initContainers')?.value as
      | { env: { name: string; value?: string }[] }[]
      | undefined;
    return Object.fromEntries(
      (value?.[0]?.env ?? []).map(({ name, value: text }) => [name, expand(text ?? '10.0.0.9')]),
    );
  }

  test('are read unchanged by the sidecar', () => {
    const injection = injectPod(pod, params);
    expect(injection).toMatchObject({ kind: 'inject', warnings: [] });
    const parsed = parseConfig(environmentOf(injection.kind === 'inject' ? injection.patch : []));
    expect(parsed).toEqual({
      warnings: [],
      config: {
        port: 15_999,
        probeKey: 'key-of-the-pod',
        operatorAddresses: ['10.96.0.10'],
        policy: {
          drainTimeoutMs: 60_000,
          quietPeriodMs: 5000,
          shutdownMarginMs: 30_000,
          sources: ['Proxy', 'Connections', 'Application'],
          sessionThreshold: 3,
        },
        operator: {
          host: 'discovery',
          port: 9444,
          serverName: 'operator',
          ca: pem,
          tokenFile: '/var/run/secrets/holdfast/token',
        },
        podIp: '10.0.0.9',
        connections: {
          ports: [8080, 5222],
          excluded: [
            { hex: '0A010000', prefix: 16 },
            { hex: 'FD00'.padEnd(32, '0'), prefix: 8 },
          ],
          hostIps: ['10.0.0.9'],
        },
        application: { port: 9000, path: '/sessions?of=$HOSTNAME&in=$(HOME)' },
        hooks: new Map([
          ['app', { scheme: 'HTTPS', port: 9000, path: '/save?$(HOME)', headers: [{ name: 'X-Price', value: '5$$' }] }],
        ]),
        restartGraceMs: 30_000,
      },
    });
  });
});
