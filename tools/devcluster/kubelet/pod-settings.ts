/** The settings that the kubelet passes to the preload of a container. Every process of a pod runs the preload: it may import nothing else. */

export type PodSettings = {
  /** Of the pod. */
  address: string;
  namespace: string;
  mounts: readonly { path: string; folder: string }[];
  /** The addresses of Services, by `<name>.<namespace>`, as JSON. */
  namesFile: string;
};

/** The variable with the settings, as JSON. */
export const settingsVariable = 'HOLDFAST_DEVCLUSTER_POD';

/** The variable with the descriptor of a pipe. The program waits for a byte before it starts; the pipe ends if the kubelet dies before the reaper knows the process. */
export const gateVariable = 'HOLDFAST_DEVCLUSTER_GATE';
