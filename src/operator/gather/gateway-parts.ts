/** The part of the Snapshot that is of Gateway API: of kinds that need not be installed. */
import type { Snapshot } from '../../core/snapshot/snapshot.ts';
import type { Caches } from './caches.ts';
import type { KeptLists } from './kept-lists.ts';

type GatewayParts = Pick<
  Snapshot,
  | 'gatewayApi'
  | 'gatewayClasses'
  | 'gateways'
  | 'httpRoutes'
  | 'grpcRoutes'
  | 'referenceGrants'
  | 'trafficPolicies'
  | 'xBackends'
  | 'tlsSecrets'
  | 'refusedSecrets'
  | 'listenerSets'
  | 'backendTlsPolicies'
  | 'caBundles'
>;

export const gatewayParts = (
  caches: Pick<Caches, 'gatewayApi' | 'isRead' | 'refusedIn'>,
  { each, derive }: KeptLists,
): GatewayParts => ({
  gatewayApi: caches.gatewayApi(),
  gatewayClasses: each('gatewayClasses', ({ gatewayClass }) => gatewayClass),
  gateways: each('gateways', ({ gateway }) => gateway),
  httpRoutes: each('httpRoutes', ({ route }) => route),
  grpcRoutes: each('grpcRoutes', ({ route }) => route),
  referenceGrants: each('referenceGrants', ({ grant }) => grant),
  trafficPolicies: each('trafficPolicies', ({ policy }) => policy),
  ...(caches.isRead('xBackends') && { xBackends: each('xBackends', ({ backend }) => backend) }),
  ...(caches.isRead('tlsSecrets') && {
    tlsSecrets: each('tlsSecrets', ({ secret }) => secret),
    ...refusedSecrets(caches.refusedIn('tlsSecrets'), derive),
  }),
  ...(caches.isRead('listenerSets') && { listenerSets: each('listenerSets', ({ listenerSet }) => listenerSet) }),
  ...(caches.isRead('backendTlsPolicies') && {
    backendTlsPolicies: each('backendTlsPolicies', ({ policy }) => policy),
  }),
  ...(caches.isRead('caBundles') && { caBundles: each('caBundles', ({ bundle }) => bundle) }),
});

/** The same object as long as no right changes. */
const refusedSecrets = (namespaces: readonly string[], derive: KeptLists['derive']): Pick<Snapshot, 'refusedSecrets'> =>
  namespaces.length === 0
    ? {}
    : { refusedSecrets: derive('refusedSecrets', [namespaces.join()], () => new Set(namespaces)) };
