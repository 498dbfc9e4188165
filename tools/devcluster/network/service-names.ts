/** The DNS of the cluster as a file, which the processes of pods read: `<name>.<namespace>` of a Service, and its addresses. */
import { renameSync, writeFileSync } from 'node:fs';
import type { KubeObject } from '../../../src/kube/ports.ts';
import { endpointSlices, services } from '../../../src/kube/resources.ts';
import type { ClusterApi } from '../cluster-api.ts';
import { isReady, isService, slicesOf } from './service-slices.ts';
import type { Service } from './service-slices.ts';

/** A headless Service has the addresses of its ready pods, any other its own. */
function buildServiceNames(all: readonly KubeObject[], slices: readonly KubeObject[]): Record<string, string[]> {
  const named = all.filter(isService).map((service): [string, string[]] => {
    const { name, namespace } = service.metadata;
    const { clusterIP } = service.spec;
    return [
      `${name}.${namespace}`,
      clusterIP === 'None' ? readyAddresses(service, slices) : [clusterIP ?? ''].filter(Boolean),
    ];
  });
  return Object.fromEntries(named);
}

const readyAddresses = (service: Service, slices: readonly KubeObject[]): string[] =>
  slicesOf(service, slices).flatMap(({ endpoints = [] }) =>
    endpoints.filter(({ conditions }) => isReady(conditions)).flatMap(({ addresses }) => addresses),
  );

/** Keeps the file as the API has it; answers a function that ends it. */
export function keepServiceNames(api: Pick<ClusterApi, 'list' | 'observe'>, file: string): () => void {
  let written: string | undefined;
  const write = () => {
    const text = JSON.stringify(buildServiceNames(api.list(services), api.list(endpointSlices)));
    if (text === written) return;
    // A reader sees the old file or the new one.
    writeFileSync(`${file}.new`, text);
    renameSync(`${file}.new`, file);
    written = text;
  };
  write();
  const ends = [services, endpointSlices].map((resource) => api.observe(resource, write));
  return () => {
    for (const end of ends) end();
  };
}
