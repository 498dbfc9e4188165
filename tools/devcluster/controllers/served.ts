/** The kinds that the API serves, including those of CustomResourceDefinitions. */
import type { Resource } from '../../../src/kube/ports.ts';
import { customResourceDefinitions } from '../../../src/kube/resources.ts';
import type { ClusterApi, ClusterChange } from '../cluster-api.ts';

/** Returns the kinds that are currently served. */
export type ServedResources = () => readonly Resource[];

/** The served kind that an owner reference names. */
export function findResource(
  served: readonly Resource[],
  { apiVersion, kind }: { apiVersion: string; kind: string },
): Resource | undefined {
  const group = apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : '';
  return served.find((candidate) => candidate.group === group && candidate.kind === kind);
}

/** Returns one version of each kind: every version serves the same objects. */
export function distinctResources(served: readonly Resource[]): Resource[] {
  return [...new Map(served.map((resource) => [`${resource.plural}.${resource.group}`, resource])).values()];
}

/** Observes every kind, new ones as soon as they are served. Returns a function that unsubscribes. */
export function observeServed(
  { api, served }: { api: ClusterApi; served: ServedResources },
  onChange: (resource: Resource, change: ClusterChange) => void,
): () => void {
  const stops = new Map<string, () => void>();

  function follow(): void {
    const now = new Map(
      distinctResources(served()).map((resource) => [`${resource.plural}.${resource.group}`, resource]),
    );
    for (const [name, stop] of stops) {
      if (now.has(name)) continue;
      stop();
      stops.delete(name);
    }
    for (const [name, resource] of now) {
      if (stops.has(name)) continue;
      stops.set(
        name,
        api.observe(resource, (change) => {
          onChange(resource, change);
        }),
      );
    }
  }

  follow();
  // In a microtask: the new kind is served only after the change has been published.
  const stopFollowing = api.observe(customResourceDefinitions, () => {
    queueMicrotask(() => {
      if (stops.size > 0) follow();
    });
  });
  return () => {
    stopFollowing();
    for (const stop of stops.values()) stop();
    stops.clear();
  };
}
