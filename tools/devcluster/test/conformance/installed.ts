/** CustomResourceDefinitions from files. */
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import type { ConformanceApi } from './api.ts';
import { eventually } from './case.ts';
import { definitionsPath } from './custom-resource.ts';

type Definition = {
  metadata: { name: string };
  spec: { group: string; names: { plural: string }; versions: { name: string; served: boolean }[] };
};

/** Applies them as a user does, once for each API server. Those that existed before stay afterwards. */
export function installedFrom(files: readonly string[]): (api: ConformanceApi) => Promise<void> {
  const installed = new WeakMap<ConformanceApi, Promise<void>>();
  return (api) => {
    const known = installed.get(api) ?? install(api, files);
    installed.set(api, known);
    return known;
  };
}

async function install(api: ConformanceApi, files: readonly string[]): Promise<void> {
  const definitions = files.map((file) => parse(readFileSync(file, 'utf8')) as Definition);
  await Promise.all(definitions.map((definition) => installOne(api, definition)));
}

async function installOne(api: ConformanceApi, definition: Definition): Promise<void> {
  const { metadata, spec } = definition;
  const path = `${definitionsPath}/${metadata.name}`;
  const { status, text } = await api.apply('conformance', path, definition, { force: 'true' });
  if (status > 299) throw new Error(`${metadata.name} was refused with ${status}: ${text}`);
  if (status === 201) api.deleteAtEnd(path);
  const version = spec.versions.find(({ served }) => served)?.name ?? '';
  await eventually(
    () => api.get(`/apis/${spec.group}/${version}/${spec.names.plural}`),
    (answer) => answer.status === 200,
  );
}
