/** All controllers on the devcluster's API, and functions that act as the kubelet and the user. No server listens; the test advances the clock. */
import { createApiServer, type ApiServer } from '../../../apiserver/server.ts';
import type { ClusterApi } from '../../../cluster-api.ts';
import { StatusError } from '../../../status-error.ts';
import type { KubeObject, Resource } from '../../../../../src/kube/ports.ts';
import * as kinds from '../../../../../src/kube/resources.ts';
import type { Pod } from '../../../controllers/objects.ts';
import { formatTime } from '../../../controllers/objects.ts';
import { startControllers } from '../../../controllers/start.ts';
import { createManualClock, settle } from '../../../../../test/support/manual-clock.ts';

export type World = Awaited<ReturnType<typeof startWorld>>;

export async function startWorld(options: { nodes?: string[] } = {}) {
  const clock = createManualClock();
  const server = await createApiServer({ clock });
  const { api, refuse } = refusing(server.api);
  const writes = countWrites(server);
  await api.create(kinds.namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } });
  const warnings: object[] = [];
  const silent = () => {};
  const logger = { debug: silent, info: silent, error: silent, warn: (fields: object) => warnings.push(fields) };
  for (const name of options.nodes ?? ['node']) {
    await api.create(kinds.nodes, { apiVersion: 'v1', kind: 'Node', metadata: { name } });
  }
  const controllers = startControllers({
    api,
    clock,
    logger,
    served: () => server.resources(),
    rootCertificate: 'PEM',
  });
  await settle();

  const find = (resource: Resource, name: string) => api.get(resource, { namespace: 'shop', name });
  const all = (resource: Resource) => api.list(resource, 'shop');
  const podsNow = () => all(kinds.pods) as Pod[];

  let addresses = 0;
  const nextAddress = (): string => {
    addresses += 1;
    return `127.64.0.${addresses}`;
  };

  async function setStatus(pod: KubeObject, status: object): Promise<void> {
    await api.patch(kinds.pods, pod.metadata, { status }, 'status');
  }

  return {
    api,
    clock,
    warnings,
    writes,
    refuse,
    find,
    all,
    pods: podsNow,
    stop: () => controllers.stop(),
    settle,
    async create(resource: Resource, object: KubeObject) {
      const created = await api.create(resource, object);
      await settle();
      return created;
    },
    async patch(resource: Resource, name: string, patch: object) {
      await api.patch(resource, { namespace: 'shop', name }, patch);
      await settle();
    },
    async remove(resource: Resource, name: string) {
      await api.delete(resource, { namespace: 'shop', name });
      await settle();
    },
    /** As the kubelet: these pods, or all that do not terminate, are running and ready. */
    async makeReady(
      pods: readonly KubeObject[] = podsNow().filter(({ metadata }) => metadata.deletionTimestamp === undefined),
    ) {
      for (const pod of pods) {
        const { conditions, podIP = nextAddress() } = (pod as Pod).status ?? {};
        if (conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') === true) continue;
        const since = formatTime(clock.nowMs());
        const ready = { type: 'Ready', status: 'True', lastTransitionTime: since };
        await setStatus(pod, {
          phase: 'Running',
          startTime: since,
          podIP,
          podIPs: [{ ip: podIP }],
          conditions: [ready],
        });
      }
      await settle();
    },
    async makeUnready(pod: KubeObject) {
      await setStatus(pod, {
        conditions: [{ type: 'Ready', status: 'False', lastTransitionTime: formatTime(clock.nowMs()) }],
      });
      await settle();
    },
    /** As the kubelet: terminating pods have terminated. */
    async finish(
      pods: readonly KubeObject[] = podsNow().filter(({ metadata }) => metadata.deletionTimestamp !== undefined),
    ) {
      for (const pod of pods) await api.delete(kinds.pods, pod.metadata, { gracePeriodSeconds: 0 });
      await settle();
    },
  };
}

/** The API, and a function that makes it refuse to create objects of a kind, as a quota would. */
function refusing(api: ClusterApi): { api: ClusterApi; refuse: (kind: string | undefined) => void } {
  let refused: string | undefined;
  return {
    api: {
      ...api,
      create: async (resource, object) => {
        if (resource.kind === refused) {
          throw new StatusError('Forbidden', `${resource.plural} is forbidden: exceeded quota`);
        }
        return api.create(resource, object);
      },
    },
    refuse: (kind) => {
      refused = kind;
    },
  };
}

/** Returns a function that returns the number of writes so far. */
function countWrites({ api, resources }: ApiServer): () => number {
  let count = 0;
  for (const resource of resources()) {
    api.observe(resource, () => {
      count += 1;
    });
  }
  return () => count;
}

export function deployment(replicas: number, spec: object = {}): KubeObject {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web', namespace: 'shop' },
    spec: {
      replicas,
      progressDeadlineSeconds: 600,
      selector: { matchLabels: { app: 'web' } },
      template: template('1'),
      ...spec,
    },
  };
}

export const template = (version: string) => ({
  metadata: { labels: { app: 'web' } },
  spec: { containers: [{ name: 'app', image: `shop:${version}`, ports: [{ name: 'http', containerPort: 8080 }] }] },
});
