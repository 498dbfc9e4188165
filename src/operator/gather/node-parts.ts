/** The part of the Snapshot that is of nodes. */
import type { ClusterNode, Pod, Snapshot } from '../../core/snapshot/snapshot.ts';
import type { LostNodes } from '../nodes/lost-nodes.ts';
import type { Caches } from './caches.ts';
import { rememberDeleted } from './deleted-objects.ts';
import type { KeptLists } from './kept-lists.ts';

type Nodes = Snapshot['nodes'];

/**
 * A cloud controller or Karpenter deletes the Node and the Lease of a terminated machine. Its pods remain until the pod garbage collector removes
 * them, and are as dead meanwhile as those of a silent node.
 */
export function createNodeParts(
  caches: Pick<Caches, 'onChange'>,
  { of, derive }: KeptLists,
  lostNodes: Pick<LostNodes, 'names'>,
): (pods: readonly Pod[]) => Nodes {
  const deletedNodes = rememberDeleted(caches, 'nodes');
  let last: Nodes = {};

  function join(pods: readonly Pod[]): Nodes {
    const inUse = new Set(pods.map(({ node }) => node));
    const deleted = deletedNodes.list(({ metadata }) => inUse.has(metadata.name));
    const lost = lostNodes.names();
    return Object.fromEntries([
      ...of('nodes').map(({ metadata: { name }, node }) => [name, lost.has(name) ? asLost(node) : node]),
      ...deleted.map(({ metadata, node }) => [metadata.name, asLost(node)]),
    ]);
  }

  return (pods) => {
    const inputs = [of('nodes'), lostNodes.names(), deletedNodes.isEmpty() || pods];
    return (last = derive('nodes by name', inputs, () => keepSame(last, join(pods))));
  };
}

const known = new WeakMap<ClusterNode, ClusterNode>();

function asLost(node: ClusterNode): ClusterNode {
  const lost = known.get(node) ?? { ...node, lost: true as const };
  known.set(node, lost);
  return lost;
}

function keepSame(before: Nodes, next: Nodes): Nodes {
  const names = Object.keys(next);
  const isSame = names.length === Object.keys(before).length && names.every((name) => next[name] === before[name]);
  return isSame ? before : next;
}
