/** The verdicts on BackendTLSPolicies, and which of them applies to a port of a Service. */
import type { BackendTls, SubjectAltName } from '../../wire/routing-table.ts';
import { settlePolicies, type Conflict } from '../resolve/policy-conflicts.ts';
import type { BackendTlsPolicy, PolicyTarget } from '../snapshot/backend-tls.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import { readAuthorities, type AuthorityProblem, type CaBundles } from './authorities.ts';

export type PolicyProblem = { reason: 'Conflicted' | 'Invalid' | 'NoValidCACertificate'; message: string };

export type JudgedPolicy = {
  policy: BackendTlsPolicy;
  /** Why it is not accepted. */
  problem?: PolicyProblem;
  /** Its references that do not resolve. */
  unresolved: AuthorityProblem[];
  /** Absent: requests to its Services get 500. */
  settings?: BackendTls;
};

export interface BackendTlsPolicies {
  /** By `namespace/name`. */
  readonly judged: ReadonlyMap<string, JudgedPolicy>;
  /** Returns the policy that applies to a port. `service`: `namespace/name`. */
  find(service: string, portName: string): JudgedPolicy | undefined;
}

export function judgeBackendTls({
  backendTlsPolicies: policies = [],
  caBundles = [],
}: Pick<Snapshot, 'backendTlsPolicies' | 'caBundles'>): BackendTlsPolicies {
  const bundles = policies.length === 0 ? noBundles : new Map(caBundles.map((bundle) => [keyOf(bundle), bundle]));
  const { winners, conflicts } = settlePolicies(policies, ({ namespace, targets }) =>
    targets.filter(isService).map((target) => targetKey(namespace, target)),
  );
  const judged = new Map(
    policies.map((policy) => {
      const conflict = conflicts.get(policy);
      const own = judge(policy, bundles);
      return [keyOf(policy), conflict ? { ...own, problem: describeConflict(policy, conflict) } : own];
    }),
  );
  return {
    judged,
    find: (service, portName) => {
      const winner = winners.get(`${service}#${portName}`) ?? winners.get(service);
      return winner && judged.get(keyOf(winner));
    },
  };
}

const noBundles: CaBundles = new Map();

const keyOf = ({ namespace, name }: { namespace: string; name: string }): string => `${namespace}/${name}`;

const isService = ({ group, kind }: PolicyTarget): boolean => group === '' && kind === 'Service';

const targetKey = (namespace: string, { name, port }: PolicyTarget): string =>
  port === undefined ? `${namespace}/${name}` : `${namespace}/${name}#${port}`;

function describeConflict(
  { namespace, targets }: BackendTlsPolicy,
  { target, winner }: Conflict<BackendTlsPolicy>,
): PolicyProblem {
  const { name, port } = targets.find((one) => targetKey(namespace, one) === target) ?? { name: target };
  return {
    reason: 'Conflicted',
    message: `BackendTLSPolicy ${winner.name}, which is older or the first by name, applies to ${port === undefined ? '' : `port ${port} of `}Service ${name}: delete one of the two, or change its targetRefs.`,
  };
}

function judge(policy: BackendTlsPolicy, bundles: CaBundles): JudgedPolicy {
  const { pem, problems: unresolved } = readAuthorities(policy, bundles);
  const problem = findProblem(policy, pem);
  if (problem !== undefined) return { policy, unresolved, problem };
  const names = policy.subjectAltNames.flatMap(readName);
  const settings: BackendTls = {
    serverName: policy.hostname,
    ...(names.length > 0 && { subjectAltNames: names }),
    ...(pem !== undefined && { authorities: pem }),
  };
  return { policy, unresolved, settings };
}

function findProblem(policy: BackendTlsPolicy, pem: string | undefined): PolicyProblem | undefined {
  const invalid = (message: string): PolicyProblem => ({ reason: 'Invalid', message });
  const { targets, wellKnownAuthorities, authorities, options, subjectAltNames } = policy;
  const other = targets.find((target) => !isService(target));
  if (other !== undefined) return invalid(`spec.targetRefs: ${other.kind} is not supported: refer to a Service.`);
  if (options.length > 0) return invalid(`spec.options: ${options.join(', ')} is not supported: remove it.`);
  if (subjectAltNames.some((name) => readName(name).length === 0)) {
    return invalid('spec.validation.subjectAltNames: the types are Hostname and URI.');
  }
  if (wellKnownAuthorities !== undefined && wellKnownAuthorities !== 'System') {
    return invalid(`spec.validation.wellKnownCACertificates: ${wellKnownAuthorities} is not supported: use System.`);
  }
  if (authorities.length === 0 || pem !== undefined) return undefined;
  return {
    reason: 'NoValidCACertificate',
    message: 'No reference in spec.validation.caCertificateRefs has a certificate: requests to the Service get 500.',
  };
}

function readName({ type, hostname, uri }: BackendTlsPolicy['subjectAltNames'][number]): SubjectAltName[] {
  if (type === 'Hostname' && hostname !== undefined) return [{ type, value: hostname.toLowerCase() }];
  return type === 'URI' && uri !== undefined ? [{ type, value: uri }] : [];
}
