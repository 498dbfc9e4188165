/** What the kubelet tells the preload of a container. Nothing else may be imported by the preload, which every process of a pod runs. */

export type PodSettings = {
  /** The pod's own. */
  address: string;
  namespace: string;
  mounts: readonly { path: string; folder: string }[];
  /** The addresses of Services, by `<name>.<namespace>`, as JSON. */
  namesFile: string;
};

/** The variable that holds them, as JSON. */
export const settingsVariable = 'HOLDFAST_DEVCLUSTER_POD';

/** Names the descriptor of a pipe on which a program waits for its start: a byte, or the end of a kubelet that could not tell the reaper of it. */
export const gateVariable = 'HOLDFAST_DEVCLUSTER_GATE';
