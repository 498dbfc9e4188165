/** The base of the session persistence tests: a Gateway, and Services with two echo pods each, as those of the suite. */
import { kubectl, kubectlInput, until } from '../../support/kubectl.ts';
import { getObject, type LiveObject } from '../../support/objects.ts';
import { ask, type Ask, type Echo } from './client.ts';
import { generation } from './generation.ts';

/** Of each generation its own: a namespace whose pods have a long grace period is deleted only minutes after them. */
export const namespace = `sessions-${generation.replace('.', '-')}`;
const gateway = 'sessions';
const gatewayApi = 'gateway.networking.k8s.io';

export type Base = { ask: (request: Ask) => Promise<Echo> };

export type Rule = { path?: string; backends: Backend[]; sessionPersistence?: object };
export type Backend = { name: string; weight?: number; kind?: 'XBackend' };

/** Idempotent: every file of tests begins with it. */
export async function openBase(): Promise<Base> {
  await apply(
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } },
    ...['backend-v1', 'backend-v2', 'backend-v3'].flatMap(echo),
    {
      apiVersion: `${gatewayApi}/v1`,
      kind: 'Gateway',
      metadata: { name: gateway, namespace },
      spec: { gatewayClassName: 'holdfast', listeners: [{ name: 'http', port: 80, protocol: 'HTTP' }] },
    },
  );
  await kubectl('-n', namespace, 'wait', '--for=condition=Programmed', `gateway/${gateway}`, '--timeout=120s');
  await kubectl('-n', namespace, 'wait', '--for=condition=Available', 'deployments', '--all', '--timeout=120s');
  const address = await kubectl(
    '-n',
    namespace,
    'get',
    'gateway',
    gateway,
    '-o',
    'jsonpath={.status.addresses[0].value}',
  );
  return { ask: (request) => ask(address, request) };
}

export const apply = (...items: object[]): Promise<string> =>
  kubectlInput(JSON.stringify({ apiVersion: 'v1', kind: 'List', items }), 'apply', '-f', '-');

/** Applies the route and waits until it is accepted and all its references are resolved. Its hostname is its name. */
export async function applyRoute(name: string, rules: readonly Rule[]): Promise<void> {
  await apply({
    apiVersion: `${gatewayApi}/v1`,
    kind: 'HTTPRoute',
    metadata: { name, namespace },
    spec: { parentRefs: [{ name: gateway }], hostnames: [hostOf(name)], rules: rules.map(ruleOf) },
  });
  await untilConditions(name, { Accepted: 'True', ResolvedRefs: 'True' });
}

export const hostOf = (route: string): string => `${route}.example`;

const ruleOf = ({ path = '/', backends, sessionPersistence }: Rule): object => ({
  matches: [{ path: { type: 'PathPrefix', value: path } }],
  backendRefs: backends.map(({ name, weight = 1, kind }) =>
    kind === 'XBackend' ? { group: 'gateway.networking.x-k8s.io', kind, name, weight } : { name, port: 8080, weight },
  ),
  ...(sessionPersistence && { sessionPersistence }),
});

type RouteStatus = { parents?: { conditions: { type: string; status: string; observedGeneration: number }[] }[] };

const untilConditions = (route: string, expected: Record<string, string>): Promise<true> =>
  until(`HTTPRoute ${route} with ${JSON.stringify(expected)}`, async () => {
    const object = (await getObject('httproute', route, namespace)) as LiveObject & {
      metadata: { generation: number };
      status?: RouteStatus;
    };
    const conditions = object.status?.parents?.[0]?.conditions ?? [];
    return Object.entries(expected).every(([type, status]) =>
      conditions.some(
        (condition) =>
          condition.type === type &&
          condition.status === status &&
          condition.observedGeneration === object.metadata.generation,
      ),
    )
      ? (true as const)
      : undefined;
  });

function echo(name: string): object[] {
  const field = (path: string) => ({ valueFrom: { fieldRef: { fieldPath: path } } });
  return [
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name, namespace },
      spec: { selector: { app: name }, ports: [{ port: 8080, targetPort: 3000 }] },
    },
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name, namespace },
      spec: {
        replicas: 2,
        selector: { matchLabels: { app: name } },
        template: {
          metadata: { labels: { app: name } },
          spec: {
            containers: [
              {
                name: 'echo',
                image: 'registry.k8s.io/gateway-api/echo-basic:v1.5.1',
                env: [
                  { name: 'POD_NAME', ...field('metadata.name') },
                  { name: 'NAMESPACE', ...field('metadata.namespace') },
                ],
                ports: [{ containerPort: 3000 }],
                resources: { requests: { cpu: '10m' } },
              },
            ],
          },
        },
      },
    },
  ];
}
