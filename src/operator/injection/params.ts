/** The parameters of an injection: settings that are the same for all pods, and those of the pod's StickyWorkload. */
import { durationMs } from '../../api/duration.ts';
import type { StickyWorkload } from '../../api/stickyworkload.ts';
import type { InjectParams } from '../../core/inject/pod.ts';

/** The parameters that are the same for every StickyWorkload. */
export type InjectionSettings = Pick<
  InjectParams,
  | 'image'
  | 'imagePullPolicy'
  | 'imagePullSecrets'
  | 'resources'
  | 'preferredPort'
  | 'caPem'
  | 'discoveryHost'
  | 'discoveryAddresses'
  | 'serverName'
>;

export function paramsOf(
  { metadata, spec }: StickyWorkload,
  settings: InjectionSettings,
  probeKey: string,
): InjectParams {
  const { timeout, quietPeriod, shutdownMargin, sessionSources, sessionThreshold, application, connections } =
    spec.drain;
  return {
    ...settings,
    probeKey,
    workload: metadata.name,
    drainTimeoutMs: durationMs(timeout),
    quietPeriodMs: durationMs(quietPeriod),
    shutdownMarginMs: durationMs(shutdownMargin),
    sessionSources,
    sessionThreshold,
    connections: {
      ...(connections?.ports && { ports: connections.ports }),
      excludeCIDRs: connections?.excludeCIDRs ?? [],
    },
    ...(spec.service.targetPort !== undefined && { servicePort: spec.service.targetPort }),
    ...(application && { application }),
    ...(spec.sidecar?.resources && { resources: spec.sidecar.resources }),
    ...(spec.sidecar?.port !== undefined && { port: spec.sidecar.port }),
  };
}
