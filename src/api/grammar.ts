/** Schemas that several fields of the spec share: durations, names and ports. */
import type { Rule, Schema } from './schema.ts';

// The same grammar as Gateway API's Duration (GEP-2257): whole numbers with a unit, at most four parts.
export const durationPattern = '^([0-9]{1,5}(h|m|s|ms)){1,4}$';
const durationRule = {
  rule: `self.matches('${durationPattern}')`,
  message:
    'must be whole numbers with the units h, m, s or ms, such as 90s or 1h30m: write 2 days as 48h, and one and a half hours as 1h30m',
} as const;
export const dnsLabel = '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$';
/** Names of most Kubernetes objects (RFC 1123); at most 253 characters. */
export const dnsSubdomain = '^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$';
/** Text without control characters, which could end a line of a request, a header or a log. */
export const printablePattern = '^[^\\x00-\\x1f\\x7f]*$';
// An RFC 9110 token: RFC 6265 requires one for a cookie name, RFC 9110 for a header name.
export const tokenPattern = "^[A-Za-z0-9!#$%&'*+\\-.^_\\x60|~]+$";
// Printable characters except the semicolon, which ends the attribute.
export const cookiePathPattern = '^/[^;\\x00-\\x1f\\x7f]*$';

export const duration = <const D extends string>(description: string, value: D) =>
  ({
    type: 'string',
    description,
    maxLength: 24,
    default: value,
    'x-kubernetes-validations': [durationRule],
  }) as const;

export const optionalDuration = (description: string) =>
  ({ type: 'string', description, maxLength: 24, 'x-kubernetes-validations': [durationRule] }) as const;

/**
 * A rule about durations, by fields of `self` that are set. It holds for values that are no durations, about which the rule of the field itself
 * has the better message.
 */
export const aboutDurations = (fields: readonly [string, ...string[]], rule: string, message: string) =>
  ({
    rule: [...fields.map((field) => `!self.${field}.matches('${durationPattern}')`), rule].join(' || '),
    message,
    fieldPath: `.${fields[0]}`,
  }) as const satisfies Rule;

/** The name of another object: it becomes part of expressions, paths and selectors. */
export const objectName = <const D extends string>(description: D) =>
  ({
    type: 'string',
    minLength: 1,
    maxLength: 253,
    description,
    'x-kubernetes-validations': [
      {
        rule: `self.matches('${dnsSubdomain.replaceAll('\\', '\\\\')}')`,
        message:
          'must be the name of an object: only lower-case letters, digits, "-" and ".", and a letter or digit at the start and end of each part',
      },
    ],
  }) as const satisfies Schema;

/** A container port by number or by name (an IANA service name, RFC 6335, as for the ports of a Pod). */
export const portReference = (description: string) =>
  ({
    'x-kubernetes-int-or-string': true,
    description,
    'x-kubernetes-validations': [
      {
        rule: "type(self) == int ? self >= 1 && self <= 65535 : self.size() <= 15 && self.matches('[a-z]') && self.matches('^[a-z0-9]+(-[a-z0-9]+)*$')",
        message: 'must be a port number from 1 to 65535, or the name of a container port',
      },
    ],
  }) as const satisfies Schema;

export const cidrPattern = '^[0-9a-fA-F.:]+/[0-9]{1,3}$';
/** A CIDR, IPv4 or IPv6. The rule accepts some invalid ones (999.0.0.0/8), which the operator rejects. */
export const cidr = {
  type: 'string',
  minLength: 1,
  maxLength: 49,
  'x-kubernetes-validations': [
    {
      rule: `self.matches('${cidrPattern}')`,
      message: 'must be a CIDR, an address and a prefix length: 10.0.0.0/8, or 10.0.0.7/32 for one address',
    },
  ],
} as const satisfies Schema;
