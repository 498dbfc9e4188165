/** OpenAPI v3: one document for each group version, with the parts that kubectl reads: schemas by kind, and the parameters of a patch. */
import { createHash } from 'node:crypto';
import { metadata } from '../schemas/terms.ts';
import { apiVersionOf, type Kind } from '../kinds/kind.ts';
import { groupKinds } from './discovery.ts';

const pathOf = ({ group, version }: { group: string; version: string }): string =>
  group === '' ? `api/${version}` : `apis/${group}/${version}`;

/** `/openapi/v3`: the list of documents. Their hashes let kubectl cache them. */
export function buildOpenApiIndex(kinds: readonly Kind[]): object {
  const members = [...groupKinds(kinds).values()].flatMap((versions) => [...versions.values()]);
  const paths = members.flatMap((all) => {
    const [first] = all;
    if (first === undefined) return [];
    const path = pathOf(first.entry);
    const hash = createHash('sha256')
      .update(JSON.stringify(all.map(({ entry, schema }) => [entry, schema.schema])))
      .digest('hex')
      .toUpperCase();
    return [[path, { serverRelativeURL: `/openapi/v3/${path}?hash=${hash}` }] as const];
  });
  return { paths: Object.fromEntries(paths) };
}

/** `path`: `api/v1`, `apis/apps/v1`. */
export function buildOpenApiDocument(kinds: readonly Kind[], path: string): object | undefined {
  const members = kinds.filter(({ entry }) => pathOf(entry) === path);
  if (members.length === 0) return undefined;
  return {
    openapi: '3.0.0',
    info: { title: 'Kubernetes', version: 'v1.35.0' },
    paths: Object.fromEntries(members.flatMap(pathItems)),
    components: { schemas: Object.fromEntries(members.map((kind) => [schemaName(kind), componentOf(kind)])) },
  };
}

/** `dev.holdfast.v1alpha1.StickyWorkload` */
const schemaName = ({ entry }: Kind): string =>
  [...(entry.group || 'core').split('.').toReversed(), entry.version, entry.kind].join('.');
const gvkOf = ({ entry: { group, version, kind } }: Kind): object => ({ group, version, kind });

function componentOf(kind: Kind): object {
  const { 'x-kubernetes-embedded-resource': _, properties, ...schema } = kind.schema.schema;
  const own = {
    apiVersion: { type: 'string', description: 'The version of the schema of this object.' },
    kind: { type: 'string', description: 'The kind of this object.' },
    metadata: { ...metadata, description: "Standard object's metadata." },
  };
  return { ...schema, properties: { ...properties, ...own }, 'x-kubernetes-group-version-kind': [gvkOf(kind)] };
}

const parameter = (name: string, type = 'string'): object => ({
  name,
  in: 'query',
  schema: { type, uniqueItems: true },
});
const writeParameters = [parameter('dryRun'), parameter('fieldManager'), parameter('fieldValidation')];

function pathItems(kind: Kind): [string, object][] {
  const { namespaced, plural } = kind.entry;
  const collection = `/${pathOf(kind.entry)}/${namespaced ? 'namespaces/{namespace}/' : ''}${plural}`;
  const content = { 'application/json': { schema: { $ref: `#/components/schemas/${schemaName(kind)}` } } };
  const operation = (action: string, parameters: readonly object[] = []): object => ({
    description: `${action} ${kind.entry.kind} of ${apiVersionOf(kind.entry)}`,
    parameters,
    responses: { 200: { description: 'OK', content } },
    'x-kubernetes-action': action,
    'x-kubernetes-group-version-kind': gvkOf(kind),
  });
  const post = operation('post', writeParameters);
  if (!kind.entry.verbs.includes('get')) return [[collection, { post }]];
  const item = {
    get: operation('get'),
    put: operation('put', writeParameters),
    patch: operation('patch', [...writeParameters, parameter('force', 'boolean')]),
    delete: operation('delete'),
  };
  return [
    [collection, { get: operation('list'), post }],
    [`${collection}/{name}`, item],
  ];
}
