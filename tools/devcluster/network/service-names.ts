/** The cluster DNS as a file that the processes of pods read: `<name>.<namespace>` of each Service, and its addresses. */
import { renameSync, writeFileSync } from 'node:fs';
import type { KubeObject } from '../../../src/kube/ports.ts';
import { endpointSlices, services } from '../../../src/kube/resources.ts';
import type { ClusterApi } from '../cluster-api.ts';
import { isReady, isService, slicesOf } from './service-slices.ts';
import type { Service } from './service-slices.ts';

/** A headless Service has the addresses of its ready pods, any other its cluster IP. */
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

/** Keeps the file up to date. Returns a function that stops it. */
export function keepServiceNames(api: Pick<ClusterApi, 'list' | 'observe'>, file: string): () => void {
  let written: string | undefined;
  const write = () => {
    const text = JSON.stringify(buildServiceNames(api.list(services), api.list(endpointSlices)));
    if (text === written) return;
    // Atomic: a reader sees the old or the new file.
    writeFileSync(`${file}.new`, text);
    renameSync(`${file}.new`, file);
    written = text;
  };
  write();
  const stops = [services, endpointSlices].map((resource) => api.observe(resource, write));
  return () => {
    for (const stop of stops) stop();
  };
}
