/**
 * Nothing of a Gateway, GatewayClass, ListenerSet or HTTPRoute is accepted and ignored: each field of the definitions is either used, or an
 * object that has it is refused with a condition that names it. A new field of a new version of Gateway API is in neither list, and fails here.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { readManifests } from '../../src/cli/translate/read-manifests.ts';
import { runOffline } from '../../src/operator/offline/offline.ts';
import { crdFolder } from '../conformance/suite.ts';
import { gatewayApiFolder } from '../support/api-world.ts';

type Schema = {
  properties?: Record<string, Schema>;
  items?: Schema;
  additionalProperties?: Schema | boolean;
};
type Definition = { spec: { versions: { name: string; schema: { openAPIV3Schema: Schema } }[] } };

/** The paths of the fields that have no fields of their own. */
function leavesOf({ properties, items }: Schema, at: string): string[] {
  if (properties) return Object.entries(properties).flatMap(([name, field]) => leavesOf(field, `${at}.${name}`));
  return items ? leavesOf(items, `${at}[]`) : [at];
}

function fieldsOf(folder: string, plural: string): string[] {
  const file = join(folder, `gateway.networking.k8s.io_${plural}.yaml`);
  const { spec } = parse(readFileSync(file, 'utf8')) as Definition;
  const v1 = spec.versions.find(({ name }) => name === 'v1')?.schema.openAPIV3Schema.properties?.['spec'];
  return v1 ? leavesOf(v1, 'spec') : [];
}

const below = (at: string, ...names: string[]): string[] => names.map((name) => `${at}.${name}`);
const reference = (at: string): string[] => below(at, 'group', 'kind', 'name');
const anyReference = (at: string): string[] => below(at, 'group', 'kind', 'name', 'namespace');
const selector = (at: string): string[] =>
  below(at, 'from', 'selector.matchLabels', ...below('selector.matchExpressions[]', 'key', 'operator', 'values[]'));
const validation = (at: string): string[] => [`${at}.mode`, ...anyReference(`${at}.caCertificateRefs[]`)];

const listeners = [
  ...below('spec.listeners[]', 'name', 'port', 'protocol', 'hostname', 'tls.mode', 'tls.options'),
  ...anyReference('spec.listeners[].tls.certificateRefs[]'),
  ...below('spec.listeners[].allowedRoutes.kinds[]', 'group', 'kind'),
  ...selector('spec.listeners[].allowedRoutes.namespaces'),
];

const headers = (at: string): string[] =>
  below(at, ...['set[]', 'add[]'].flatMap((list) => below(list, 'name', 'value')), 'remove[]');
const path = (at: string): string[] => below(`${at}.path`, 'type', 'replaceFullPath', 'replacePrefixMatch');
const filters = (at: string): string[] => [
  `${at}.type`,
  ...headers(`${at}.requestHeaderModifier`),
  ...headers(`${at}.responseHeaderModifier`),
  ...below(`${at}.requestRedirect`, 'scheme', 'hostname', 'port', 'statusCode'),
  ...path(`${at}.requestRedirect`),
  `${at}.urlRewrite.hostname`,
  ...path(`${at}.urlRewrite`),
  ...anyReference(`${at}.requestMirror.backendRef`),
  ...below(`${at}.requestMirror`, 'backendRef.port', 'percent', 'fraction.numerator', 'fraction.denominator'),
  ...below(
    `${at}.cors`,
    'allowOrigins[]',
    'allowCredentials',
    'allowMethods[]',
    'allowHeaders[]',
    'exposeHeaders[]',
    'maxAge',
  ),
];

const used: Record<string, string[]> = {
  gatewayclasses: [
    'spec.controllerName',
    // Text for people.
    'spec.description',
    ...anyReference('spec.parametersRef'),
  ],
  gateways: [
    'spec.gatewayClassName',
    ...listeners,
    ...below('spec.addresses[]', 'type', 'value'),
    ...selector('spec.allowedListeners.namespaces'),
    ...below('spec.infrastructure', 'labels', 'annotations'),
    ...reference('spec.infrastructure.parametersRef'),
    ...anyReference('spec.tls.backend.clientCertificateRef'),
    'spec.tls.frontend.perPort[].port',
    ...validation('spec.tls.frontend.default.validation'),
    ...validation('spec.tls.frontend.perPort[].tls.validation'),
  ],
  listenersets: [...anyReference('spec.parentRef'), ...listeners],
  httproutes: [
    'spec.hostnames[]',
    ...anyReference('spec.parentRefs[]'),
    ...below('spec.parentRefs[]', 'sectionName', 'port'),
    // Adds the default Gateways as parents, and a Gateway of Holdfast with a defaultScope is refused.
    'spec.useDefaultGateways',
    'spec.rules[].name',
    ...below('spec.rules[].matches[]', 'path.type', 'path.value', 'method'),
    ...['headers[]', 'queryParams[]'].flatMap((list) =>
      below(`spec.rules[].matches[].${list}`, 'type', 'name', 'value'),
    ),
    ...below('spec.rules[].timeouts', 'request', 'backendRequest'),
    ...below('spec.rules[].retry', 'codes[]', 'attempts', 'backoff'),
    ...below('spec.rules[].sessionPersistence', 'type', 'absoluteTimeout', 'idleTimeout'),
    ...below('spec.rules[].sessionPersistence', 'sessionName', 'cookieConfig.lifetimeType'),
    ...below('spec.rules[].sessionPersistence', 'cookie.name', 'cookie.path', 'cookie.lifetimeType', 'header.name'),
    ...anyReference('spec.rules[].backendRefs[]'),
    ...below('spec.rules[].backendRefs[]', 'port', 'weight'),
    ...filters('spec.rules[].filters[]'),
    ...filters('spec.rules[].backendRefs[].filters[]'),
  ],
};

type Objects = { gateway?: object; listener?: object; set?: object; rule?: object; backendRef?: object };

const externalAuth = { protocol: 'HTTP', backendRef: { name: 'auth', port: 80 } };

/** Everything below a path, by an object that has it. The condition names the path as it is there, or its last part. */
const refused: Record<string, Record<string, Objects>> = {
  gatewayclasses: {},
  gateways: {
    'spec.defaultScope': { gateway: { defaultScope: 'All' } },
    'spec.addresses[].routability': { gateway: { addresses: [{ type: 'IPAddress', routability: 'Cluster' }] } },
    'spec.listeners[].filters': { listener: { filters: { requests: [{ type: 'ExternalAuth', externalAuth }] } } },
  },
  listenersets: {
    'spec.listeners[].filters': { set: { filters: { requests: [{ type: 'ExternalAuth', externalAuth }] } } },
  },
  httproutes: {
    'spec.rules[].filters[].externalAuth': { rule: { filters: [{ type: 'ExternalAuth', externalAuth }] } },
    'spec.rules[].filters[].extensionRef': {
      rule: { filters: [{ type: 'ExtensionRef', extensionRef: { group: 'a.dev', kind: 'A', name: 'a' } }] },
    },
    'spec.rules[].backendRefs[].filters[].externalAuth': {
      backendRef: { filters: [{ type: 'ExternalAuth', externalAuth }] },
    },
    'spec.rules[].backendRefs[].filters[].extensionRef': {
      backendRef: { filters: [{ type: 'ExtensionRef', extensionRef: { group: 'a.dev', kind: 'A', name: 'a' } }] },
    },
  },
};

const isBelow = (field: string, at: string): boolean =>
  field === at || field.startsWith(`${at}.`) || field.startsWith(`${at}[]`);

const apiVersion = 'gateway.networking.k8s.io/v1';
const listener = { name: 'http', port: 80, protocol: 'HTTP' };

const objectsWith = ({ gateway, listener: ofGateway, set, rule, backendRef }: Objects): object[] => [
  {
    apiVersion,
    kind: 'Gateway',
    metadata: { namespace: 'shop', name: 'web' },
    spec: {
      gatewayClassName: 'holdfast',
      listeners: [{ ...listener, ...ofGateway }],
      allowedListeners: { namespaces: { from: 'Same' } },
      ...gateway,
    },
  },
  {
    apiVersion,
    kind: 'ListenerSet',
    metadata: { namespace: 'shop', name: 'more' },
    spec: { parentRef: { name: 'web' }, listeners: [{ ...listener, port: 81, ...set }] },
  },
  {
    apiVersion,
    kind: 'HTTPRoute',
    metadata: { namespace: 'shop', name: 'cart' },
    spec: {
      parentRefs: [{ name: 'web' }],
      rules: [{ backendRefs: [{ name: 'cart', port: 80, ...backendRef }], ...rule }],
    },
  },
  {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { namespace: 'shop', name: 'cart' },
    spec: { selector: { app: 'cart' }, ports: [{ port: 80 }] },
  },
];

type Condition = { type: string; status: string; message: string };

/** The messages of every condition Accepted that is False, of objects and of their listeners and parents. */
function refusalsIn(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(refusalsIn);
  if (typeof value !== 'object' || value === null) return [];
  const { type, status, message } = value as Partial<Condition>;
  if (type === 'Accepted') return status === 'False' ? [message ?? ''] : [];
  return Object.values(value).flatMap(refusalsIn);
}

async function refusals(objects: Objects): Promise<string[]> {
  const text = objectsWith(objects)
    .map((object) => JSON.stringify(object))
    .join('\n---\n');
  const options = { operatorNamespace: 'holdfast-system', nowMs: Date.parse('2026-06-01T00:00:00Z') };
  return refusalsIn((await runOffline(readManifests(text, 'input').manifests, options)).statuses);
}

const folders = [
  ['the suite', crdFolder],
  ['the cluster tools', gatewayApiFolder('experimental')],
] as const;

describe.each(folders)('in the definitions of %s', (_, folder) => {
  const declare = existsSync(folder) ? test : test.skip;
  declare.each(Object.keys(used))('each field of %s is either used or refused', (plural) => {
    const known = new Set(used[plural]);
    const refusedPaths = Object.keys(refused[plural] ?? {});
    const ignored = fieldsOf(folder, plural).filter(
      (field) => !known.has(field) && !refusedPaths.some((at) => isBelow(field, at)),
    );
    expect(ignored).toEqual([]);
  });
});

describe('an object is refused, with a message that names the field, for', () => {
  const cases = Object.entries(refused).flatMap(([plural, paths]) =>
    Object.entries(paths).map(([at, objects]) => [`${at} of ${plural}`, at, objects] as const),
  );
  test.each(cases)('%s', async (_, at, objects) => {
    const name = at.split('.').at(-1) ?? '';
    const messages = await refusals(objects);
    expect(messages.join('\n')).toMatch(new RegExp(name, 'i'));
  });

  test('nothing without them', async () => {
    expect(await refusals({})).toEqual([]);
  });
});
