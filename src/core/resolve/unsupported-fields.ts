/** The fields that this version does not support. Rejecting them is safer than ignoring them silently. */
import type { StickyWorkloadSpec } from '../../api/spec.ts';

type Field = {
  path: string;
  /** The value in the spec; for an object only whether it is set. */
  value: (spec: StickyWorkloadSpec) => string | number | boolean | undefined;
  /** Supported values; an absent field is always supported. */
  supported?: readonly (string | number | boolean)[];
  remedy: string;
};

const present = (value: object | undefined): true | undefined => (value === undefined ? undefined : true);

const fields: readonly Field[] = [
  { path: 'spec.replicas', value: (spec) => spec.replicas, remedy: 'remove it and scale the target directly' },
  {
    path: 'spec.service.appProtocol',
    value: (spec) => spec.service.appProtocol,
    supported: ['http', 'kubernetes.io/ws'],
    remedy: 'use http or kubernetes.io/ws, and have the pods serve HTTP/1.1',
  },
  { path: 'spec.route.kind', value: (spec) => spec.route.kind, supported: ['HTTPRoute'], remedy: 'use HTTPRoute' },
  {
    path: 'spec.loadBalancing.policy',
    value: (spec) => spec.loadBalancing.policy,
    supported: ['LeastSessions', 'LeastRequests', 'RoundRobin', 'Random'],
    remedy: 'use LeastSessions, LeastRequests, RoundRobin or Random, which keep sessions by token',
  },
  {
    path: 'spec.loadBalancing.consistentHash',
    value: (spec) => present(spec.loadBalancing.consistentHash),
    remedy: 'remove it',
  },
  {
    path: 'spec.scaleDown.strategy',
    value: (spec) => spec.scaleDown.strategy,
    supported: ['TerminateAndHold'],
    remedy: 'use TerminateAndHold, where pods terminate immediately and are held for their sessions',
  },
  {
    path: 'spec.scaleDown.maxDraining',
    value: (spec) => spec.scaleDown.maxDraining,
    supported: ['50%'],
    remedy: 'remove it: it applies to strategy DrainFirst only',
  },
  { path: 'spec.dataplane.type', value: (spec) => spec.dataplane.type, supported: ['Bundled'], remedy: 'use Bundled' },
];

/** Returns one sentence for each unsupported field: which field, and what to do. Empty if the spec is supported. */
export function findUnsupported(spec: StickyWorkloadSpec): string[] {
  return fields.flatMap(({ path, value, supported = [], remedy }) => {
    const found = value(spec);
    if (found === undefined || supported.includes(found)) return [];
    const what = found === true ? path : `${path} ${found}`;
    return [`${what} is not supported by this version: ${remedy}.`];
  });
}
