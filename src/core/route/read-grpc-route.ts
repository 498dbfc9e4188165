/** Reads a GRPCRoute, which is judged as any route and then refused: gRPC needs HTTP/2, which the proxy does not speak yet. */
import type { GrpcRoute } from '../snapshot/snapshot.ts';
import type { RouteIR } from './ir.ts';
import { readParent, readTarget } from './read-references.ts';

export function readGrpcRoute({ namespace, name, uid, generation, createdAt, spec }: GrpcRoute): RouteIR {
  return {
    source: { kind: 'GRPCRoute', key: `${namespace}/${name}`, namespace, name, uid, generation, createdAt },
    parents: (spec.parentRefs ?? []).map((ref) => readParent(ref, namespace)),
    hostnames: (spec.hostnames ?? []).map((hostname) => hostname.toLowerCase()),
    rules: (spec.rules ?? []).map(({ backendRefs }, rule) => ({
      id: String(rule),
      matches: [],
      filters: [],
      backendRefs: (backendRefs ?? []).map((ref, number) => ({
        target: readTarget(ref, { at: `spec.rules[${rule}].backendRefs[${number}]`, namespace }),
        weight: 1,
        filters: [],
      })),
    })),
    problems: [
      {
        path: 'kind',
        reason: 'UnsupportedValue',
        message: 'GRPCRoutes are not supported by this version, whose proxy speaks HTTP/1.1: use an HTTPRoute.',
      },
    ],
  };
}
