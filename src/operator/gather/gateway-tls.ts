/** Fields of Gateways that concern TLS or are not supported. */
import type { ClientValidation } from '../../core/snapshot/snapshot.ts';

export type LiveFrontend = {
  default?: { validation?: object };
  perPort?: { port: number; tls?: { validation?: object } }[] | null;
};

export const readFrontend = ({ default: byDefault, perPort }: LiveFrontend): ClientValidation => ({
  byDefault: byDefault?.validation !== undefined,
  ports: (perPort ?? []).map(({ port, tls }) => ({ port, validates: tls?.validation !== undefined })),
});

/** What is not supported is named in a condition: nothing of a Gateway is ignored. */
export const unsupportedIn = ({
  tls,
  defaultScope,
}: {
  tls?: { backend?: object };
  defaultScope?: string;
}): string[] => [
  ...(tls?.backend === undefined || Object.keys(tls.backend).length === 0 ? [] : ['spec.tls.backend']),
  ...(defaultScope === undefined || defaultScope === 'None' ? [] : ['spec.defaultScope']),
];
