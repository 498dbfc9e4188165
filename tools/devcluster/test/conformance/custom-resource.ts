/** CustomResourceDefinitions for the cases. */
import type { Fields } from './body.ts';
import { uniqueName, type ConformanceApi } from './api.ts';
import { done, eventually } from './case.ts';

export const definitionsPath = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';

export type Version = { name: string; schema?: Fields; served?: boolean; storage?: boolean } & Fields;

type Definition = { group: string; versions?: Version[]; scope?: 'Namespaced' | 'Cluster' } & Fields;

/** Of the kind Widget, in a group of its own. */
export function definition({
  group,
  versions = [{ name: 'v1' }],
  scope = 'Namespaced',
  ...spec
}: Definition): Fields & { metadata: { name: string } } {
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `widgets.${group}` },
    spec: {
      group,
      scope,
      names: { kind: 'Widget', plural: 'widgets', singular: 'widget', listKind: 'WidgetList' },
      versions: versions.map(({ schema = open, ...version }, index) => ({
        served: true,
        storage: index === 0,
        schema: { openAPIV3Schema: schema },
        ...version,
      })),
      ...spec,
    },
  };
}

/** A schema that accepts any spec and status. */
export const open: Fields = {
  type: 'object',
  properties: {
    spec: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
    status: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
  },
};

/** A schema whose spec has these properties. */
export const withSpec = (properties: Fields, spec: Fields = {}): Fields => ({
  type: 'object',
  properties: {
    spec: { type: 'object', properties, ...spec },
    status: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
  },
});

export type Widgets = {
  group: string;
  /** The path of all, of one, or of its subresource, in version v1. */
  path(...parts: string[]): string;
  /** A widget of version v1. */
  widget(spec?: Fields, metadata?: Fields): Fields & { metadata: { name: string } & Fields };
};

/** Installs it and waits until it is served. */
export async function installWidgets(api: ConformanceApi, versions?: Version[], spec: Fields = {}): Promise<Widgets> {
  const group = `${uniqueName('g')}.example.test`;
  const version = versions?.[0]?.name ?? 'v1';
  await done(api.post(definitionsPath, definition({ group, ...(versions ? { versions } : {}), ...spec })));
  api.deleteAtEnd(`${definitionsPath}/widgets.${group}`);
  const path = (...parts: string[]): string =>
    [`/apis/${group}/${version}/namespaces/${api.namespace}/widgets`, ...parts].join('/');
  await eventually(
    () => api.get(path()),
    ({ status }) => status === 200,
  );
  return {
    group,
    path,
    widget: (fields = {}, metadata = {}) => ({
      apiVersion: `${group}/${version}`,
      kind: 'Widget',
      metadata: { name: uniqueName('widget'), ...metadata },
      spec: fields,
    }),
  };
}

/** One definition that several cases of a topic use: each API server gets it once. */
export function sharedWidgets(versions: Version[], spec: Fields = {}): (api: ConformanceApi) => Promise<Widgets> {
  const installed = new WeakMap<ConformanceApi, Promise<Widgets>>();
  return (api) => {
    const known = installed.get(api) ?? installWidgets(api, versions, spec);
    installed.set(api, known);
    return known;
  };
}
