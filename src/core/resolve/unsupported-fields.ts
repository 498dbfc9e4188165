/** The fields that this version does not carry out. Ignoring one in silence would be worse than refusing it. */
import type { StickyWorkloadSpec } from '../../api/spec.ts';

type Field = {
  path: string;
  /** What the spec says; for objects only whether there is one. */
  value: (spec: StickyWorkloadSpec) => string | number | boolean | undefined;
  /** Values that are carried out; an absent field always is. */
  supported?: readonly (string | number | boolean)[];
  wayOut: string;
};

const present = (value: object | undefined): true | undefined => (value === undefined ? undefined : true);

const fields: readonly Field[] = [
  { path: 'spec.replicas', value: (spec) => spec.replicas, wayOut: 'remove it: scale the target itself' },
  {
    path: 'spec.service.appProtocol',
    value: (spec) => spec.service.appProtocol,
    supported: ['http', 'kubernetes.io/ws'],
    wayOut: 'use http or kubernetes.io/ws: the pods must answer HTTP/1.1',
  },
  { path: 'spec.route.kind', value: (spec) => spec.route.kind, supported: ['HTTPRoute'], wayOut: 'use HTTPRoute' },
  {
    path: 'spec.loadBalancing.policy',
    value: (spec) => spec.loadBalancing.policy,
    supported: ['LeastSessions', 'LeastRequests', 'RoundRobin', 'Random'],
    wayOut: 'use LeastSessions, LeastRequests, RoundRobin or Random: sessions are kept by their token',
  },
  {
    path: 'spec.loadBalancing.consistentHash',
    value: (spec) => present(spec.loadBalancing.consistentHash),
    wayOut: 'remove it',
  },
  {
    path: 'spec.scaleDown.strategy',
    value: (spec) => spec.scaleDown.strategy,
    supported: ['TerminateAndHold'],
    wayOut: 'use TerminateAndHold: pods terminate at once and are held for their sessions',
  },
  {
    path: 'spec.scaleDown.maxDraining',
    value: (spec) => spec.scaleDown.maxDraining,
    supported: ['50%'],
    wayOut: 'remove it: it belongs to strategy DrainFirst',
  },
  { path: 'spec.dataplane.type', value: (spec) => spec.dataplane.type, supported: ['Bundled'], wayOut: 'use Bundled' },
];

/** One sentence for each field that is set and not carried out: which, and what to do. Empty: the spec is supported. */
export function findUnsupported(spec: StickyWorkloadSpec): string[] {
  return fields.flatMap(({ path, value, supported = [], wayOut }) => {
    const found = value(spec);
    if (found === undefined || supported.includes(found)) return [];
    const what = found === true ? path : `${path} ${found}`;
    return [`${what} is not supported by this version; ${wayOut}.`];
  });
}
