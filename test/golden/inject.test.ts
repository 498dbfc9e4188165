import { injectPod } from '../../src/core/inject/inject.ts';
import type { InjectParams, PodJson } from '../../src/core/inject/pod.ts';
import { goldenCases } from '../support/golden.ts';
import { applyPatch } from '../support/json-patch.ts';

const params = {
  workload: 'cart',
  image: 'registry.example.com/holdfast:1',
  imagePullPolicy: 'IfNotPresent' as const,
  caPem: 'PEM of the authority\n',
  discoveryHost: 'holdfast-discovery.holdfast-system.svc',
  serverName: 'holdfast-discovery.holdfast-system.svc',
  probeKey: 'key-of-the-pod',
  imagePullSecrets: [],
  preferredPort: 15_999,
  discoveryAddresses: ['10.96.0.10'],
  drainTimeoutMs: 3_600_000,
  quietPeriodMs: 5_000,
  shutdownMarginMs: 30_000,
  sessionSources: ['Proxy' as const],
  sessionThreshold: 0,
  connections: { excludeCIDRs: [] },
} satisfies InjectParams;

// The pod before, and the pod after the API server has applied the patch. `settings`: those that the StickyWorkload sets.
goldenCases(new URL('inject/', import.meta.url), (input) => {
  const { settings, ...pod } = input as PodJson & { settings?: Partial<InjectParams> };
  const injection = injectPod(pod, { ...params, ...settings });
  return injection.kind === 'unchanged'
    ? injection
    : { kind: injection.kind, warnings: injection.warnings, pod: applyPatch(pod, injection.patch) };
});
