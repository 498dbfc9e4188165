/** What kubectl shows to whoever creates a pod: what is wrong, what comes of it, and the way out. The API server cuts at 256 characters. */
import type { InjectWarning, UnchangedReason } from '../../core/inject/inject.ts';
import type { KeptBecause } from '../../core/inject/pre-stop.ts';
import { ports, sidecarContainer } from '../../core/names/names.ts';

const obstacles = {
  HostNetwork: 'it uses the network of its node, where the sidecar cannot have a port; remove hostNetwork',
  PortConflict: `a container declares port ${ports.sidecar}, which the sidecar needs; use another port`,
  NameConflict: `a container ${sidecarContainer} or a volume holdfast-token is there that is not ours; rename it`,
  Windows: 'the sidecar runs on Linux nodes only',
} as const satisfies Record<Exclude<UnchangedReason, 'AlreadyInjected'>, string>;

export const describeUnchanged = (reason: keyof typeof obstacles): string =>
  `holdfast: ${reason}: this pod starts without the sidecar, a scale-down cuts its sessions: ${obstacles[reason]}`;

export const describeWarning = (warning: InjectWarning): string => `holdfast: ${describe(warning)}`;

function describe(warning: InjectWarning): string {
  if (warning.kind === 'PreStopKept') {
    return `PreStopConflict: container ${warning.container} ${keptBecause[warning.reason]}`;
  }
  if (warning.kind === 'PreStopDropped') {
    return `the tcpSocket preStop hook of container ${warning.container} was replaced: no kubelet carries one out; use httpGet, which is called after the drain`;
  }
  if (warning.kind === 'ConnectionPortsUnknown') {
    return 'connections cannot be counted, so every drain takes its whole limit: no container port is declared; set spec.drain.connections.ports';
  }
  return `the app cannot be asked, so every drain takes its whole limit: no container declares port ${warning.port}; correct spec.drain.application.port`;
}

const keptBecause = {
  NoHttpGet:
    'has an exec or sleep preStop hook, so it is not held for its sessions: a container has one hook only; use httpGet, which is called after the drain, or remove it',
  PortUnknown:
    'has a preStop hook whose port it does not declare, so no kubelet can call it, and the container is not held for its sessions; use the number of the port',
  Rewritten:
    'has the preStop hook of another webhook in place of ours: it is held for its sessions only if that one calls ours',
} as const satisfies Record<KeptBecause, string>;
