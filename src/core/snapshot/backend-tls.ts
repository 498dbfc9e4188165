/** BackendTLSPolicies, and the ConfigMaps with the certificates that they trust. */

/** `createdAt`: RFC 3339 in UTC, so that text order is time order. */
export type BackendTlsPolicy = {
  namespace: string;
  name: string;
  uid: string;
  generation: number;
  createdAt: string;
  targets: PolicyTarget[];
  /** References to the certificates of authorities, in the namespace of the policy. */
  authorities: { group: string; kind: string; name: string }[];
  wellKnownAuthorities?: string;
  hostname: string;
  subjectAltNames: { type: string; hostname?: string; uri?: string }[];
  /** The names of the keys of `options`. */
  options: string[];
};

/** `port`: the name of a port of the Service; absent: all of them. */
export type PolicyTarget = { group: string; kind: string; name: string; port?: string };

/** `pem`: its key `ca.crt`. */
export type CaBundle = { namespace: string; name: string; pem?: string };
