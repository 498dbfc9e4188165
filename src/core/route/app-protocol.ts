/** What the pods of a Service port speak, by its `appProtocol` (GEP-1911). */
import type { BackendProtocol } from '../../wire/routing-table.ts';

/** `needsTls`: it is a name of a protocol over TLS, which only a BackendTLSPolicy says how to use. */
type AppProtocol = { speaks?: BackendProtocol; needsTls?: true };

/** The names that Kubernetes defines, and those without a domain that other implementations of Gateway API read. In lower case. */
const appProtocols: ReadonlyMap<string, AppProtocol> = new Map<string, AppProtocol>([
  ['http', { speaks: 'HTTP1' }],
  ['kubernetes.io/ws', { speaks: 'HTTP1' }],
  ['kubernetes.io/wss', { speaks: 'HTTP1', needsTls: true }],
  ['https', { needsTls: true }],
  ['kubernetes.io/h2c', { speaks: 'HTTP2' }],
  ['h2c', { speaks: 'HTTP2' }],
  ['http2', { speaks: 'HTTP2' }],
  ['grpc', { speaks: 'HTTP2' }],
  ['grpcs', { speaks: 'HTTP2', needsTls: true }],
]);

/** Any other name is one of an organization or of IANA that says nothing against either version of HTTP. */
const saysNothing: AppProtocol = {};

export const readAppProtocol = (name: string | undefined): AppProtocol =>
  (name !== undefined && appProtocols.get(name.toLowerCase())) || saysNothing;
