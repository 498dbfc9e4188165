/** What the shipped NetworkPolicies allow. No test cluster enforces them: a small evaluation of their rules stands in for a network plugin. */
import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { parseAllDocuments } from 'yaml';
import { bindPort } from '../../../src/core/names/bind-ports.ts';
import { ports } from '../../../src/core/names/names.ts';

type Port = { protocol: string; port: number | string; endPort?: number };
type Rule = { from?: { namespaceSelector: { matchLabels: Record<string, string> } }[]; ports: Port[] };
type Policy = { kind: string; metadata: { name: string }; spec: { ingress: Rule[]; policyTypes: string[] } };

const policies = ['manifests/base/40-network-policy.yaml', 'manifests/network-policies/namespace.yaml'].flatMap(
  (file) => parseAllDocuments(readFileSync(file, 'utf8')).map((document) => document.toJS() as Policy),
);
const named: Record<string, number> = { webhook: ports.webhook, discovery: ports.discovery, admin: ports.admin };
const monitoring = { 'holdfast.dev/scrape': 'true' };

function allows(name: string, port: number, fromLabels: Record<string, string> = {}): boolean {
  const policy = policies.find(({ metadata }) => metadata.name === name);
  if (!policy) throw new Error(`no policy ${name}`);
  return policy.spec.ingress.some(({ from, ports: allowed }) => {
    const isFrom = from?.some(({ namespaceSelector: { matchLabels } }) =>
      Object.entries(matchLabels).every(([key, value]) => fromLabels[key] === value),
    );
    return (isFrom ?? true) && allowed.some((one) => covers(one, port));
  });
}

function covers({ protocol, port, endPort }: Port, wanted: number): boolean {
  const first = typeof port === 'string' ? (named[port] ?? Number.NaN) : port;
  return protocol === 'TCP' && wanted >= first && wanted <= (endPort ?? first);
}

test('the API server reaches the webhook, and proxies and sidecars reach discovery', () => {
  expect([allows('holdfast-operator', ports.webhook), allows('holdfast-operator', ports.discovery)]).toEqual([
    true,
    true,
  ]);
});

test('clients reach the listeners of the proxies, and the ports of the apps', () => {
  const listeners = [80, 443, 8080, 9000, 9090, 10_080].map(bindPort);
  expect(listeners.filter((port) => !allows('holdfast-proxies', port))).toEqual([]);
  expect([80, 8080, 16_000].map((port) => allows('holdfast-sidecars', port))).toEqual([true, true, true]);
});

test.each([
  ['the admin port of the operator', 'holdfast-operator', ports.admin],
  ['the admin port of a proxy', 'holdfast-proxies', ports.admin],
  ['the port of a sidecar', 'holdfast-sidecars', ports.sidecar],
])('only namespaces with the label of scrapers reach %s', (_, policy, port) => {
  expect([allows(policy, port), allows(policy, port, monitoring)]).toEqual([false, true]);
});

test('every policy concerns incoming connections only', () => {
  expect(policies.map(({ kind, spec }) => [kind, spec.policyTypes])).toEqual(
    policies.map(() => ['NetworkPolicy', ['Ingress']]),
  );
});
