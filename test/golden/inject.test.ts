import { injectPod } from '../../src/core/inject/inject.ts';
import type { PodJson } from '../../src/core/inject/pod.ts';
import { goldenCases } from '../support/golden.ts';
import { applyAdditions } from '../support/json-patch.ts';

const params = {
  workload: 'cart',
  image: 'registry.example.com/holdfast:1',
  imagePullPolicy: 'IfNotPresent',
  caPem: 'PEM of the authority\n',
  discoveryHost: 'holdfast-discovery.holdfast-system.svc',
  serverName: 'holdfast-discovery.holdfast-system.svc',
  drainTimeoutMs: 3_600_000,
  quietPeriodMs: 5_000,
  shutdownMarginMs: 30_000,
} as const;

// The pod before, and the pod after the API server has applied our patch.
goldenCases(new URL('inject/', import.meta.url), (input) => {
  const pod = input as PodJson;
  const injection = injectPod(pod, params);
  return injection.kind === 'unchanged' ? injection : { kind: injection.kind, kept: injection.kept, pod: applyAdditions(pod, injection.patch) };
});
