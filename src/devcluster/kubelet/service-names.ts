/** The DNS of the cluster as a file, which the processes of pods read: `<name>.<namespace>` of a Service, and its addresses. */
import { renameSync, writeFileSync } from 'node:fs';
import type { KubeObject } from '../../kube/ports.ts';
import { endpointSlices, services } from '../../kube/resources.ts';
import type { ClusterApi } from '../cluster-api.ts';

type Service = KubeObject & { spec: { clusterIP?: string } };
type EndpointSlice = KubeObject & { endpoints?: { addresses: string[]; conditions?: { ready?: boolean } }[] };

const isService = (object: KubeObject): object is Service => object.kind === 'Service';
const isSlice = (object: KubeObject): object is EndpointSlice => object.kind === 'EndpointSlice';

/** A headless Service has the addresses of its ready pods, any other its own. */
export function buildServiceNames(all: readonly KubeObject[], slices: readonly KubeObject[]): Record<string, string[]> {
  const named = all.filter(isService).map((service): [string, string[]] => {
    const { name, namespace } = service.metadata;
    const { clusterIP } = service.spec;
    return [`${name}.${namespace}`, clusterIP === 'None' ? readyAddresses(service, slices) : [clusterIP ?? ''].filter(Boolean)];
  });
  return Object.fromEntries(named);
}

const readyAddresses = ({ metadata }: Service, slices: readonly KubeObject[]): string[] =>
  slices
    .filter(isSlice)
    .filter((slice) => slice.metadata.namespace === metadata.namespace && slice.metadata.labels?.['kubernetes.io/service-name'] === metadata.name)
    .flatMap(({ endpoints = [] }) => endpoints.filter(({ conditions }) => conditions?.ready !== false).flatMap(({ addresses }) => addresses));

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
