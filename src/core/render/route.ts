/** The HTTPRoute or GRPCRoute that the route of a StickyWorkload is the shorthand for: reading it gives the same route again. */
import { formatDuration } from '../../api/duration.ts';
import type { BackendRefIR, PersistenceIR, RouteIR, RouteSource, RuleIR } from '../route/ir.ts';
import type { GatewayApi } from '../snapshot/snapshot.ts';
import type { OwnedObject } from './owned-object.ts';

type PersistenceShape = Extract<GatewayApi, { installed: true }>['sessionPersistence'];

export const renderRoute = (
  { source, parents, hostnames, rules }: RouteIR,
  metadata: OwnedObject['metadata'],
  shape: PersistenceShape,
): OwnedObject => ({
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind: source.kind,
  metadata,
  spec: {
    parentRefs: parents.map(({ ref }) => ref),
    ...(hostnames.length > 0 && { hostnames }),
    rules: rules.map((rule) => renderRule(rule, source, shape)),
  },
});

const renderRule = (
  { matches, backendRefs, persistence }: RuleIR,
  { kind, namespace }: RouteSource,
  shape: PersistenceShape,
): object => ({
  matches: kind === 'GRPCRoute' ? matches.map(({ headers }) => ({ ...(headers && { headers }) })) : matches,
  backendRefs: backendRefs.map((ref) => renderBackend(ref, namespace)),
  ...(persistence && shape !== 'Absent' && { sessionPersistence: renderPersistence(persistence, shape) }),
});

// 1 is Gateway API's default weight.
const renderBackend = ({ target, weight }: BackendRefIR, namespace: string): object => ({
  name: target.name,
  ...(target.namespace !== namespace && { namespace: target.namespace }),
  port: target.port,
  ...(weight !== 1 && { weight }),
});

// GEP-1619 changed its fields twice; each generation rejects the fields of the others. None has a field for the idle timeout.
const renderPersistence = (persistence: PersistenceIR, shape: 'B' | 'C'): object => ({
  type: persistence.type,
  ...(persistence.absoluteTimeoutMs !== undefined && {
    absoluteTimeout: formatDuration(persistence.absoluteTimeoutMs),
  }),
  ...(shape === 'B' ? shapeB(persistence) : shapeC(persistence)),
});

const shapeB = ({ type, name, lifetimeType }: PersistenceIR): object => ({
  ...sessionNameOf(name),
  ...(type === 'Cookie' && { cookieConfig: { lifetimeType } }),
});

const shapeC = ({ type, name, path, lifetimeType }: PersistenceIR): object =>
  type === 'Cookie' ? { cookie: { name, path, lifetimeType } } : { header: { name } };

// A session name has at most 128 characters, a cookie name 256: a longer one is left out, because the API server would reject the route.
const sessionNameOf = (name: string | undefined): { sessionName?: string } =>
  name === undefined || name.length > 128 ? {} : { sessionName: name };
