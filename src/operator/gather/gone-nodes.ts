/**
 * Deleted nodes whose pods still exist. A cloud controller or Karpenter deletes the Node and the Lease of a terminated machine; its pods
 * remain until the pod garbage collector removes them, and are as dead meanwhile as those of a silent node. Only a node that was seen
 * counts: the watch of pods may be ahead of that of nodes, which has not delivered a new node yet.
 */
import type { ClusterNode } from '../../core/snapshot/snapshot.ts';
import type { Caches } from './caches.ts';
import type { CachedNode } from './nodes.ts';

export interface GoneNodes {
  /** By name, as they were last, and lost. Forgets the nodes on which none of these pods is. */
  of(pods: readonly { node?: string }[]): [string, ClusterNode][];
}

export function watchGoneNodes(caches: Pick<Caches, 'onChange'>): GoneNodes {
  const gone = new Map<string, ClusterNode>();
  caches.onChange((name, { type, object }) => {
    if (name !== 'nodes') return;
    const { metadata, node } = object as CachedNode;
    if (type === 'DELETED') gone.set(metadata.name, { ...node, lost: true });
    else gone.delete(metadata.name);
  });
  return {
    of(pods) {
      if (gone.size === 0) return [];
      const inUse = new Set(pods.map(({ node }) => node));
      for (const name of gone.keys()) if (!inUse.has(name)) gone.delete(name);
      return [...gone];
    },
  };
}
