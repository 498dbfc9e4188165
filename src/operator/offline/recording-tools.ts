/** Tools of a reconcile that record what it would write. */
import type { ProxyParams } from '../../core/render/proxy-pod.ts';
import type { ApplyOutcome } from '../../core/status/input.ts';
import type { KubeObject, ObjectWriter } from '../../kube/ports.ts';
import { AppError } from '../../platform/errors.ts';
import { createGatewayOutcomes, type GatewayOutcomes } from '../gateway/gateway-outcomes.ts';
import type { Caches } from '../gather/caches.ts';
import type { Translated } from '../translation/translation-store.ts';
import type { ReconcileTools } from '../workload/reconcile.ts';

export type Recorded = {
  /** By `KIND NAMESPACE/NAME`. */
  statuses: Record<string, object>;
  /** Objects that would be applied. */
  ensured: KubeObject[];
  /** By the key of the StickyWorkload. */
  outcomes: Map<string, ApplyOutcome>;
  gatewayOutcomes: GatewayOutcomes;
};

export const createRecord = (): Recorded => ({
  statuses: {},
  ensured: [],
  outcomes: new Map(),
  gatewayOutcomes: createGatewayOutcomes(),
});

export function createRecordingTools(
  { statuses, ensured, outcomes, gatewayOutcomes }: Recorded,
  { translated, caches, nowMs }: { translated: Translated; caches: Caches; nowMs: () => number },
): ReconcileTools {
  return {
    translations: {
      latest: () => translated,
      table: () => undefined,
      onTranslated: () => () => undefined,
      touch: () => undefined,
      stop: () => undefined,
    },
    caches,
    nowMs,
    proxy,
    owned: {
      ensure: async (_, object) => {
        ensured.push(object);
      },
    },
    statuses: {
      before: ({ status }) => status,
      write: async () => 'Unchanged',
      writeOther: async (_, { kind, metadata }, status) => {
        statuses[describeObject(kind, metadata)] = status;
      },
      writeShared: async (_, { kind, metadata }, status) => {
        statuses[describeObject(kind, metadata)] = status;
        return undefined;
      },
      isOwn: () => false,
      forget: () => undefined,
    },
    publisher: { settle: (key, outcome) => void outcomes.set(key, outcome), forget: () => undefined },
    gatewayOutcomes,
    refused: { of: () => [] },
    events: { emit: () => undefined },
    failures: { note: () => undefined, forget: () => undefined },
    reader: { get: () => Promise.resolve(undefined) },
    writer,
  };
}

export const describeObject = (kind: string, { namespace, name }: { namespace?: string; name: string }): string =>
  namespace === undefined || namespace === '' ? `${kind} ${name}` : `${kind} ${namespace}/${name}`;

const refused = (): Promise<never> =>
  Promise.reject(new AppError('INTERNAL', 'there is no cluster to write to', { source: 'internal', retryable: false }));
const writer: ObjectWriter = {
  apply: (_, object) => Promise.resolve(object),
  applyUnforced: (_, object) => Promise.resolve(object),
  create: (_, object) => Promise.resolve(object),
  update: refused,
  delete: () => Promise.resolve(),
};

/** Of no installation. */
const proxy: ProxyParams = {
  image: 'holdfast',
  imagePullPolicy: 'IfNotPresent',
  caPem: '',
  discoveryHost: 'holdfast-discovery.holdfast-system.svc',
  serverName: 'holdfast-operator.holdfast-system.svc',
};
