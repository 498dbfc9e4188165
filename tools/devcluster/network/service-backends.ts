/** The backends of Services, as kube-proxy selects them. Pure. */
import type { KubeObject } from '../../../src/kube/ports.ts';
import { isReady, isService, slicesOf } from './service-slices.ts';
import type { Conditions, Port, Slice } from './service-slices.ts';

export type Backend = { host: string; port: number };
/** `key`: unique per address and port. `byClient`: sessionAffinity ClientIP. */
export type ServicePort = {
  key: string;
  namespace: string;
  service: string;
  host: string;
  port: number;
  byClient: boolean;
  backends: Backend[];
};

/** Returns every port of every Service with a cluster IP. */
export function listServicePorts(services: readonly KubeObject[], slices: readonly KubeObject[]): ServicePort[] {
  return services.filter(isService).flatMap((service) => {
    const { metadata, spec } = service;
    const { namespace = '', name } = metadata;
    const { clusterIP: host = '', ports = [] } = spec;
    if (!host.startsWith('127.')) return [];
    const own = slicesOf(service, slices);
    const tcp = ports.filter(({ protocol = 'TCP' }) => protocol === 'TCP');
    return tcp.map((port) => ({
      key: `${host}:${port.port}`,
      namespace,
      service: name,
      host,
      port: port.port,
      byClient: spec.sessionAffinity === 'ClientIP',
      backends: backendsOf(port, own),
    }));
  });
}

/** The ready endpoints; if there is none, the terminating ones that still serve (KEP-1669). */
function backendsOf({ name = '' }: Port, slices: readonly Slice[]): Backend[] {
  const having = (isWanted: (conditions: Conditions) => boolean): Backend[] =>
    slices.flatMap(({ ports = [], endpoints = [] }) => {
      const port = ports.find((candidate) => (candidate.name ?? '') === name)?.port;
      if (port === undefined) return [];
      return endpoints
        .filter(({ conditions = {} }) => isWanted(conditions))
        .flatMap(({ addresses }) => addresses.map((host) => ({ host, port })));
    });
  const ready = having(isReady);
  return ready.length > 0 ? ready : having(({ serving, terminating }) => serving === true && terminating === true);
}
