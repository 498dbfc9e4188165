/** Reads a GRPCRoute of Gateway API. */
import type { GrpcRouteMatch, GrpcRouteRule } from '../snapshot/http-route.ts';
import type { GrpcRoute } from '../snapshot/snapshot.ts';
import type { RequestMatch, RpcMatch } from '../../wire/routing-table.ts';
import type { RouteIR, RouteProblem, RuleIR } from './ir.ts';
import { readParent } from './read-references.ts';
import { readRule, readValueMatch, type Reading } from './read-rule.ts';
import { findUnknownGrpcFields } from './unknown-fields.ts';

const routes = new WeakMap<GrpcRoute, RouteIR>();

/** Objects of the cache are never modified, so a route is read once for as long as the object is the same. */
export function readGrpcRoute(object: GrpcRoute): RouteIR {
  const known = routes.get(object) ?? read(object);
  routes.set(object, known);
  return known;
}

function read({ namespace, name, uid, generation, createdAt, spec }: GrpcRoute): RouteIR {
  const problems: RouteProblem[] = findUnknownGrpcFields(spec);
  return {
    source: { kind: 'GRPCRoute', key: `${namespace}/${name}`, namespace, name, uid, generation, createdAt },
    parents: (spec.parentRefs ?? []).map((ref) => readParent(ref, namespace)),
    hostnames: (spec.hostnames ?? []).map((hostname) => hostname.toLowerCase()),
    rules: (spec.rules ?? []).map((rule, at) => readGrpcRule(rule, { at: `spec.rules[${at}]`, namespace, problems })),
    problems,
  };
}

const everything: GrpcRouteMatch[] = [{}];

function readGrpcRule(rule: GrpcRouteRule, reading: Reading): RuleIR {
  const given = rule.matches ?? [];
  return readRule(rule, (given.length === 0 ? everything : given).map(readMatch), reading);
}

function readMatch({ method, headers }: GrpcRouteMatch): RequestMatch {
  const rpc = method && readRpc(method);
  return {
    path: { type: 'PathPrefix', value: '/' },
    ...(rpc && { rpc }),
    ...(headers && headers.length > 0 && { headers: headers.map(readValueMatch) }),
  };
}

/** An empty name is any, and without both there is nothing to match. */
function readRpc({ type = 'Exact', service, method }: NonNullable<GrpcRouteMatch['method']>): RpcMatch | undefined {
  if (!service && !method) return undefined;
  return { type, ...(service && { service }), ...(method && { method }) };
}
