/** Fields of Gateways that concern TLS or are not supported. */
import type { ClientRule, ClientValidation, Gateway } from '../../core/snapshot/snapshot.ts';
import { unknownInGateway } from './unknown-fields.ts';

type LiveReference = { group?: string; kind?: string; namespace?: string; name: string };
type LiveConfig = { validation?: { mode?: string; caCertificateRefs?: LiveReference[] | null } };

export type LiveFrontend = { default?: LiveConfig; perPort?: { port: number; tls?: LiveConfig }[] | null };

export function readFrontend({ default: byDefault, perPort }: LiveFrontend, ownNamespace: string): ClientValidation {
  const field = 'spec.tls.frontend';
  const rule = readRule(byDefault, `${field}.default`, ownNamespace);
  const ports = (perPort ?? []).map(({ port, tls }, index) => {
    const ofPort = readRule(tls, `${field}.perPort[${index}].tls`, ownNamespace);
    return { port, ...(ofPort && { rule: ofPort }) };
  });
  return { ports, ...(rule && { byDefault: rule }) };
}

function readRule({ validation }: LiveConfig = {}, field: string, ownNamespace: string): ClientRule | undefined {
  if (validation === undefined) return undefined;
  const { mode = 'AllowValidOnly', caCertificateRefs } = validation;
  const authorities = (caCertificateRefs ?? []).map(({ group = '', kind = '', namespace = ownNamespace, name }) => ({
    group,
    kind,
    namespace,
    name,
  }));
  return { field, mode, authorities };
}

export type LiveBackendTls = { clientCertificateRef?: LiveReference };

export const readClientCertificate = (
  { clientCertificateRef: ref }: LiveBackendTls,
  ownNamespace: string,
): Pick<Gateway, 'clientCertificate'> =>
  ref === undefined ? {} : { clientCertificate: { group: '', kind: 'Secret', namespace: ownNamespace, ...ref } };

/** What is not supported is named in a condition: nothing of a Gateway is ignored. */
export function unsupportedIn(spec: { defaultScope?: string }): string[] {
  const { defaultScope } = spec;
  return [
    ...(defaultScope === undefined || defaultScope === 'None' ? [] : ['spec.defaultScope']),
    ...unknownInGateway(spec),
  ];
}
