/** The verdicts on BackendTLSPolicies, and which of them applies to a port of a Service. */
import type { BackendTls, SubjectAltName } from '../../wire/routing-table.ts';
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
  const judged = new Map<string, JudgedPolicy>();
  const winners = new Map<string, JudgedPolicy>();
  for (const policy of policies.toSorted((one, other) => (seniority(one) < seniority(other) ? -1 : 1))) {
    const own = judge(policy, bundles);
    const lost = policy.targets.find((target) => winners.has(targetKey(policy.namespace, target)));
    const winner = lost && winners.get(targetKey(policy.namespace, lost));
    judged.set(keyOf(policy), winner && lost ? { ...own, problem: conflict(lost, winner) } : own);
    for (const target of policy.targets) {
      const key = targetKey(policy.namespace, target);
      if (isService(target) && !winners.has(key)) winners.set(key, own);
    }
  }
  return {
    judged,
    find: (service, portName) => winners.get(`${service}#${portName}`) ?? winners.get(service),
  };
}

const noBundles: CaBundles = new Map();

const keyOf = ({ namespace, name }: { namespace: string; name: string }): string => `${namespace}/${name}`;

/** Gateway API: the older one takes precedence, and of the same age the first by name. */
const seniority = (policy: BackendTlsPolicy): string => `${policy.createdAt} ${keyOf(policy)}`;

const isService = ({ group, kind }: PolicyTarget): boolean => group === '' && kind === 'Service';

const targetKey = (namespace: string, { name, port }: PolicyTarget): string =>
  port === undefined ? `${namespace}/${name}` : `${namespace}/${name}#${port}`;

const conflict = ({ name, port }: PolicyTarget, { policy }: JudgedPolicy): PolicyProblem => ({
  reason: 'Conflicted',
  message: `BackendTLSPolicy ${policy.name}, which is older or the first by name, applies to ${port === undefined ? '' : `port ${port} of `}Service ${name}: delete one of the two, or change its targetRefs.`,
});

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
