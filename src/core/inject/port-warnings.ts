/** Warnings about the ports of a pod that injection reads or needs. */
import { applicationPort, connectionPorts, type InjectParams, type PodJson } from './pod.ts';
import { containersWithPort } from './port.ts';

export type PortWarning =
  | { kind: 'ConnectionPortsUnknown' }
  | { kind: 'ApplicationPortUnknown'; port: number | string }
  | { kind: 'SidecarPortDeclared'; container: string; port: number };

/** `sidecarPort`: only containers that were added after injection can declare it too. */
export function warnOfPorts(pod: PodJson, params: InjectParams, sidecarPort: number): PortWarning[] {
  const { sessionSources, application } = params;
  return [
    ...(sessionSources.includes('Connections') && connectionPorts(pod, params).length === 0
      ? [{ kind: 'ConnectionPortsUnknown' as const }]
      : []),
    ...(application && applicationPort(pod, params) === undefined
      ? [{ kind: 'ApplicationPortUnknown' as const, port: application.port }]
      : []),
    ...containersWithPort(pod, sidecarPort).map(({ name }) => ({
      kind: 'SidecarPortDeclared' as const,
      container: name,
      port: sidecarPort,
    })),
  ];
}
