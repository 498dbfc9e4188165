/** Resolves a reference to an XBackend, once a ReferenceGrant permits it. */
import type { ServingPlan } from '../resolve/plan.ts';
import type { ServicePort } from '../snapshot/snapshot.ts';
import type { XBackend } from '../snapshot/x-backend.ts';
import type { BackendProtocol } from '../../wire/routing-table.ts';
import type { BackendTarget, PersistenceIR, RouteSource } from './ir.ts';
import { readXBackend, type XBackendIR, type XBackendProblem } from './read-x-backend.ts';
import type { WorkloadOfService } from './service-workloads.ts';

/** `service`: the key of the XBackend. The other fields are those of a Service. */
type XBackendTarget = {
  key: string;
  service: string;
  port: ServicePort;
  workload?: ServingPlan;
  policy?: PersistenceIR;
  protocol?: BackendProtocol;
};

type Outcome = { backend: XBackendTarget } | { reason: XBackendProblem['reason'] | 'BackendNotFound'; message: string };

/** `xBackends`: by `namespace/name`. */
type Lookup = { xBackends?: ReadonlyMap<string, XBackend>; workloadOf: WorkloadOfService };

export function resolveXBackend(
  { namespace, name, port }: BackendTarget,
  { xBackends, workloadOf }: Lookup,
  kind: RouteSource['kind'],
): Outcome {
  const found = xBackends?.get(`${namespace}/${name}`);
  const named = `XBackend ${namespace}/${name}`;
  if (found === undefined) return { reason: 'BackendNotFound', message: `${named} does not exist: create it.` };
  const backend = readXBackend(found);
  const [problem] = backend.problems;
  if (problem !== undefined) return { reason: problem.reason, message: `${named} is refused: ${problem.message}` };
  if (port !== undefined && port !== backend.port) {
    return {
      reason: 'BackendNotFound',
      message: `${named} has the port ${backend.port}, not ${port}: remove port from the reference.`,
    };
  }
  if (backend.protocol === 'HTTP1' && kind === 'GRPCRoute') {
    return {
      reason: 'UnsupportedProtocol',
      message: `spec.protocol of ${named} is HTTP/1.1, and gRPC needs HTTP/2: use GRPC there.`,
    };
  }
  const workload = workloadOf({ namespace, name, ownerUids: [], selector: backend.selector });
  return { backend: { ...targetOf(backend), ...(workload && { workload }) } };
}

const targetOf = ({ key, port, persistence, protocol }: XBackendIR): XBackendTarget => ({
  key: `${key}:${port}`,
  service: key,
  port: { name: '', port, targetPort: port },
  ...(persistence && { policy: persistence }),
  ...(protocol === 'HTTP2' && { protocol }),
});
