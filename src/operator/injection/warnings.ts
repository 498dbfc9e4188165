/** Warnings that kubectl shows when a pod is created: what is wrong, what it means, what to do. The API server truncates at 256 characters. */
import type { InjectWarning, UnchangedReason } from '../../core/inject/inject.ts';
import type { KeptBecause } from '../../core/inject/pre-stop.ts';
import { sidecarContainer } from '../../core/names/names.ts';

const obstacles = {
  PortConflict: (port) =>
    `a container declares port ${port}, which the sidecar needs; set spec.sidecar.port to another port`,
  NameConflict: () => `it has a container ${sidecarContainer} or a volume holdfast-token of its own; rename it`,
  Windows: () => 'the sidecar runs on Linux nodes only',
} as const satisfies Record<Exclude<UnchangedReason, 'AlreadyInjected'>, (port: number) => string>;

/** `port`: of the sidecar. */
export const describeUnchanged = (reason: keyof typeof obstacles, port = 0): string =>
  `holdfast: ${reason}: this pod starts without the sidecar, so a scale-down cuts its sessions: ${obstacles[reason](port)}`;

/** For a pod with the label of injection. */
export const describeUnclaimed = {
  NotSticky:
    'holdfast: this pod starts without the sidecar: it has the label holdfast.dev/inject, but no StickyWorkload names its Deployment or StatefulSet; create one, and restart the rollout',
  TooManyWaiting:
    'holdfast: TooManyWaiting: this pod starts without the sidecar: too many Deployments and StatefulSets wait for their StickyWorkloads; create its StickyWorkload first, then restart the rollout',
} as const;

export const describeWarning = (warning: InjectWarning): string => `holdfast: ${describe(warning)}`;

function describe(warning: InjectWarning): string {
  if (warning.kind === 'PreStopKept') {
    return `PreStopConflict: container ${warning.container} ${keptBecause[warning.reason]}`;
  }
  if (warning.kind === 'PreStopDropped') {
    return `the tcpSocket preStop hook of container ${warning.container} was replaced: kubelets do not support tcpSocket hooks; use httpGet, which is called after the drain`;
  }
  if (warning.kind === 'ConnectionPortsUnknown') {
    return 'connections cannot be counted, so every drain lasts until its timeout: no container port is declared; set spec.drain.connections.ports';
  }
  if (warning.kind === 'SidecarPortDeclared') {
    return `PortConflict: container ${warning.container} declares port ${warning.port}, which it cannot bind, because the sidecar listens on it; set spec.sidecar.port to another port`;
  }
  return `the application cannot be queried, so every drain lasts until its timeout: no container declares port ${warning.port}; correct spec.drain.application.port`;
}

const keptBecause = {
  NoHttpGet:
    'has an exec or sleep preStop hook, so it does not wait for its sessions: a container can have only one hook; use httpGet, which is called after the drain, or remove it',
  PortUnknown:
    'has a preStop hook with an undeclared port name, so the kubelet cannot call it and the container does not wait for its sessions; use the port number',
  Rewritten:
    'has the preStop hook of another webhook in place of the one of Holdfast: it waits for its sessions only if that hook calls the sidecar',
} as const satisfies Record<KeptBecause, string>;
