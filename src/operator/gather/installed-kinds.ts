/** Which of the kinds that a cluster may lack are there, by the definitions of custom resources and by what the API server responds to a list. */
import type { Unread } from '../../kube/watch/reflector.ts';
import { AppError, type ErrorCode } from '../../platform/errors.ts';
import {
  always,
  backendTlsPolicies,
  caBundles,
  grantsOf,
  grpcRoutes,
  listenerSets,
  tlsSecrets,
  trafficPolicies,
  withGatewayApi,
  xBackends,
  type CacheContents,
  type CacheName,
  type OptionalCacheName,
  type Watched,
} from './watched.ts';

/** Which kinds are watched depends on these. */
export const definitionCaches = [
  'definitions',
  'grantDefinitions',
  'listenerSetDefinitions',
  'backendTlsDefinitions',
  'grpcRouteDefinitions',
  'trafficPolicyDefinitions',
  'xBackendDefinitions',
] as const satisfies CacheName[];

export type InstallableName = keyof typeof withGatewayApi | OptionalCacheName;

/** `list`: what is cached of the definitions. Returns what to watch of each kind at present. */
export function createInstalledKinds(
  list: <Name extends CacheName>(name: Name) => CacheContents[Name][],
): Record<InstallableName, () => Watched | undefined> {
  const isInstalled = (): boolean => list('definitions')[0]?.gatewayApi.installed === true;
  const whileInstalled = (watched: Watched) => () => (isInstalled() ? watched : undefined);
  const whileServed = (name: ServingName, watched: Watched) => () =>
    isInstalled() && list(name)[0]?.isServed ? watched : undefined;
  return {
    gatewayClasses: whileInstalled(withGatewayApi.gatewayClasses),
    gateways: whileInstalled(withGatewayApi.gateways),
    httpRoutes: whileInstalled(withGatewayApi.httpRoutes),
    // Without ReferenceGrants no object of another namespace may be referred to.
    referenceGrants: () => {
      const version = list('grantDefinitions')[0]?.version;
      return version && grantsOf(version);
    },
    tlsSecrets: whileInstalled(tlsSecrets),
    listenerSets: whileServed('listenerSetDefinitions', listenerSets),
    grpcRoutes: whileServed('grpcRouteDefinitions', grpcRoutes),
    trafficPolicies: whileServed('trafficPolicyDefinitions', trafficPolicies),
    xBackends: whileServed('xBackendDefinitions', xBackends),
    backendTlsPolicies: whileServed('backendTlsDefinitions', backendTlsPolicies),
    caBundles: whileServed('backendTlsDefinitions', caBundles),
  };
}

type ServingName = Exclude<(typeof definitionCaches)[number], 'definitions' | 'grantDefinitions'>;

/**
 * Whether the API server's response to a list says that there is nothing to wait for: it does not serve the kind, as Gateway API is installed
 * only in part, or refuses the one right that may be left out. Any other failure leaves open what exists. An API server that is starting
 * responds with 503 rather than 404 until it has read the definitions, and with 401 (retryable) to a token that it cannot check yet.
 */
export const isLeftOut = (name: CacheName, part: Unread): boolean =>
  isRefused(name, part) || (!(name in always) && isAnswer(part, 'KUBERNETES_NOT_FOUND'));

/** Whether the right is not granted; in a namespaced install it may be in other namespaces. */
export const isRefused = (name: CacheName, part: Unread): boolean =>
  name === 'tlsSecrets' && isAnswer(part, 'KUBERNETES_FORBIDDEN');

const isAnswer = ({ error }: Unread, code: ErrorCode): boolean =>
  error instanceof AppError && error.code === code && !error.retryable;
