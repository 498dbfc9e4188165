import { describe, expect, test } from '@jest/globals';
import {
  connectionPorts,
  type ContainerJson,
  type InjectParams,
  type PodJson,
} from '../../../../src/core/inject/pod.ts';
import { injectPod } from '../../../../src/core/inject/inject.ts';
import { parseAppPreStopHook, preStopVariable } from '../../../../src/wire/app-pre-stop-hook.ts';
import { ports } from '../../../../src/core/names/names.ts';
import { fc } from '../../../support/fast-check.ts';
import { applyPatch } from '../../../support/json-patch.ts';

// test/golden/inject shows single pods; these properties hold for all pods.
const params: InjectParams = {
  workload: 'cart',
  image: 'holdfast:1',
  imagePullPolicy: 'IfNotPresent',
  caPem: 'pem',
  discoveryHost: 'discovery',
  serverName: 'operator',
  probeKey: 'key-of-the-pod',
  imagePullSecrets: [],
  preferredPort: 15_999,
  discoveryAddresses: ['10.96.0.10'],
  drainTimeoutMs: 3_600_000,
  quietPeriodMs: 5000,
  shutdownMarginMs: 30_000,
  sessionSources: ['Proxy'],
  sessionThreshold: 0,
  connections: { excludeCIDRs: [] },
};

const probe = fc.record(
  { terminationGracePeriodSeconds: fc.integer({ min: 1, max: 90 }), periodSeconds: fc.integer({ min: 1, max: 9 }) },
  { requiredKeys: ['periodSeconds'] },
);
const preStop = fc.constantFrom(
  { httpGet: { path: '/bye', port: 8080 } },
  { httpGet: { path: '/bye', port: 'nowhere' } },
  { tcpSocket: { port: 8080 } },
  { exec: { command: ['sleep', '5'] } },
  { sleep: { seconds: 5 } },
);
const lifecycle = fc.record({ preStop, postStart: fc.constant({ exec: { command: ['true'] } }) }, { requiredKeys: [] });
const container: fc.Arbitrary<ContainerJson> = fc.record(
  {
    name: fc.stringMatching(/^[a-z]{1,8}$/),
    image: fc.constant('app:1'),
    lifecycle,
    livenessProbe: probe,
    startupProbe: probe,
    readinessProbe: probe,
  },
  { requiredKeys: ['name', 'image'] },
);
const pods: fc.Arbitrary<PodJson> = fc.record(
  {
    metadata: fc.record(
      { annotations: fc.dictionary(fc.stringMatching(/^[a-z./~]{1,9}$/), fc.string()) },
      { requiredKeys: [] },
    ),
    spec: fc.record(
      {
        terminationGracePeriodSeconds: fc.integer({ min: 0, max: 9000 }),
        containers: fc.uniqueArray(container, { minLength: 1, maxLength: 4, selector: ({ name }) => name }),
        initContainers: fc.array(container, { maxLength: 3 }),
        volumes: fc.array(fc.record({ name: fc.stringMatching(/^[a-z]{1,8}$/) }), { maxLength: 3 }),
      },
      { requiredKeys: ['containers'] },
    ),
  },
  { requiredKeys: ['spec', 'metadata'] },
);

function inject(pod: PodJson, { drainTimeoutMs } = params): { pod: PodJson; kept: string[] } {
  const injection = injectPod(pod, { ...params, drainTimeoutMs });
  if (injection.kind !== 'inject') throw new Error(`left unchanged: ${injection.reason}`);
  return {
    pod: applyPatch(pod, injection.patch),
    kept: injection.warnings.flatMap((warning) => (warning.kind === 'PreStopKept' ? [warning.container] : [])),
  };
}

/** Removes what injection may add to a container. */
function bare(one: ContainerJson): object {
  const { lifecycle: hooks, livenessProbe, startupProbe, ...rest } = one;
  const period = (check: object | undefined) => check && { ...check, terminationGracePeriodSeconds: undefined };
  return {
    ...rest,
    postStart: hooks && 'postStart' in hooks ? hooks.postStart : undefined,
    live: period(livenessProbe),
    start: period(startupProbe),
  };
}

describe('injection', () => {
  test('twice has the same result as once', () => {
    fc.assert(
      fc.property(pods, (pod) => {
        expect(injectPod(inject(pod).pod, params)).toEqual({ kind: 'unchanged', reason: 'AlreadyInjected' });
      }),
    );
  });

  test('keeps what the user wrote: containers, their order, volumes, annotations', () => {
    fc.assert(
      fc.property(pods, (pod) => {
        const after = inject(pod).pod;
        expect(after.spec.containers.map(bare)).toEqual(pod.spec.containers.map(bare));
        expect(after.spec.initContainers?.slice(1).map(bare)).toEqual((pod.spec.initContainers ?? []).map(bare));
        expect(after.spec.volumes?.slice(0, -1)).toEqual(pod.spec.volumes ?? []);
        expect(after.metadata?.annotations).toMatchObject(pod.metadata?.annotations ?? {});
      }),
    );
  });

  test('gives every app container the preStop hook, or reports that its own is kept', () => {
    fc.assert(
      fc.property(pods, (pod) => {
        const { pod: after, kept } = inject(pod);
        const waiting = after.spec.containers
          .filter((one) => one.lifecycle?.preStop?.httpGet?.port === ports.sidecar)
          .map(({ name }) => name);
        expect([...waiting, ...kept].toSorted()).toEqual(pod.spec.containers.map(({ name }) => name).toSorted());
        for (const [index, one] of after.spec.containers.entries()) {
          if (kept.includes(one.name)) {
            expect(one.lifecycle?.preStop).toEqual(pod.spec.containers[index]?.lifecycle?.preStop);
          }
        }
      }),
    );
  });

  test('replaces only httpGet hooks that the sidecar can parse and call', () => {
    fc.assert(
      fc.property(pods, (pod) => {
        const { pod: after, kept } = inject(pod);
        const env: { name: string; value?: string }[] = after.spec.initContainers?.[0]?.env ?? [];
        for (const { lifecycle, name } of pod.spec.containers.filter((one) => !kept.includes(one.name))) {
          const text = env.find((one) => one.name === preStopVariable(name))?.value;
          const hook = lifecycle?.preStop?.httpGet;
          if (hook) {
            expect(parseAppPreStopHook(text ?? '')).toMatchObject({
              value: { scheme: 'HTTP', port: hook.port, path: hook.path },
            });
          } else expect(text).toBe('');
        }
      }),
    );
  });

  test('replaces the hook of a container that was added later once, and then changes nothing', () => {
    const first = inject({ metadata: {}, spec: { containers: [{ name: 'app' }] } }).pod;
    const added: PodJson = {
      ...first,
      spec: {
        ...first.spec,
        containers: [...first.spec.containers, { name: 'late', lifecycle: { preStop: { httpGet: { port: '8080' } } } }],
      },
    };
    const second = inject(added);
    expect(second.kept).toEqual([]);
    expect(second.pod.spec.initContainers?.[0]?.env).toContainEqual({
      name: preStopVariable('late'),
      value: '{"scheme":"HTTP","port":8080,"path":"/","headers":[]}',
    });
    expect(injectPod(second.pod, params)).toEqual({ kind: 'unchanged', reason: 'AlreadyInjected' });
  });

  test('gives the sidecar the set port although a container declares it for UDP', () => {
    const app = { name: 'app', ports: [{ containerPort: 16_000, protocol: 'UDP' }] };
    expect(injectPod({ spec: { containers: [app] } }, { ...params, port: 16_000 })).toMatchObject({
      kind: 'inject',
      warnings: [],
    });
  });

  test('restores a hook that was removed after injection', () => {
    const { pod } = inject({ metadata: {}, spec: { containers: [{ name: 'app' }] } });
    const bared: PodJson = { ...pod, spec: { ...pod.spec, containers: [{ name: 'app' }] } };
    expect(inject(bared).pod).toEqual(pod);
  });

  test('gives the pod a token that is valid for the whole grace period, whenever the pod is deleted', () => {
    fc.assert(
      fc.property(pods, fc.integer({ min: 1000, max: 200 * 3_600_000 }), (pod, drainTimeoutMs) => {
        const { spec } = inject(pod, { ...params, drainTimeoutMs }).pod;
        const lifetimeSeconds =
          spec.volumes?.at(-1)?.projected?.sources?.[0]?.serviceAccountToken?.expirationSeconds ?? 0;
        // The kubelet renews it after four fifths or a day, checks every minute and a half, and does not renew it once the pod is being deleted.
        const oldestSeconds = Math.min(0.8 * lifetimeSeconds, 24 * 3600) + 90;
        expect(lifetimeSeconds - oldestSeconds).toBeGreaterThanOrEqual(spec.terminationGracePeriodSeconds ?? 0);
      }),
    );
  });

  test('sets a grace period for the longest drain, and never shortens the one of the template', () => {
    fc.assert(
      fc.property(pods, (pod) => {
        const grace = inject(pod).pod.spec.terminationGracePeriodSeconds ?? 0;
        expect(grace).toBeGreaterThanOrEqual(3640);
        expect(grace).toBeGreaterThanOrEqual(pod.spec.terminationGracePeriodSeconds ?? 30);
      }),
    );
  });

  test('rounds a fraction of a second up', () => {
    const injection = injectPod(
      { spec: { containers: [{ name: 'app' }] } },
      { ...params, drainTimeoutMs: 60_001, quietPeriodMs: 0, shutdownMarginMs: 0 },
    );
    expect(injection).toMatchObject({
      patch: expect.arrayContaining([{ op: 'add', path: '/spec/terminationGracePeriodSeconds', value: 66 }]),
    });
  });
});

describe('the ports whose connections count', () => {
  const pod: PodJson = {
    spec: {
      containers: [
        {
          name: 'app',
          ports: [
            { name: 'http', containerPort: 8080 },
            { name: 'dns', containerPort: 53, protocol: 'UDP' },
          ],
        },
        { name: 'mesh', ports: [{ containerPort: 9901, protocol: 'TCP' }] },
      ],
    },
  };
  const cases: [string, Partial<InjectParams>, number[]][] = [
    ['are those of the spec', { connections: { ports: [5222], excludeCIDRs: [] }, servicePort: 'http' }, [5222]],
    ['are that of the Service otherwise, by name', { servicePort: 'http' }, [8080]],
    ['are that of the Service otherwise, by a number that no container declares', { servicePort: 3000 }, [3000]],
    ['are none if no container declares the name', { servicePort: 'web' }, []],
    ['are all TCP ports otherwise, because an additional one only makes a drain longer', {}, [8080, 9901]],
  ];
  test.each(cases)('%s', (_, override, expected) => {
    expect(connectionPorts(pod, { ...params, ...override })).toEqual(expected);
  });
});
