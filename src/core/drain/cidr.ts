/** Address blocks (RFC 4632, RFC 4291): the schema's pattern lets texts pass that are none. */
import type { StickyWorkloadSpec } from '../../api/spec.ts';

export type Cidr = { address: string; prefix: number; family: 'ipv4' | 'ipv6' };

/** The block, or undefined where the text is none. The address is passed on as it was written. */
export function parseCidr(text: string): Cidr | undefined {
  const [, address, bits] = /^([0-9a-fA-F.:]+)\/([0-9]{1,3})$/.exec(text) ?? [];
  if (address === undefined || bits === undefined) return undefined;
  const prefix = Number(bits);
  if (isIpv4(address)) return prefix <= 32 ? { address, prefix, family: 'ipv4' } : undefined;
  return isIpv6(address) && prefix <= 128 ? { address, prefix, family: 'ipv6' } : undefined;
}

/** Entries of `spec.drain.connections.excludeCIDRs` that are no address block, with the path of each. */
export function findInvalidCidrs(spec: Pick<StickyWorkloadSpec, 'drain'>): { path: string; value: string }[] {
  const excluded = spec.drain.connections?.excludeCIDRs ?? [];
  return excluded.flatMap((value, index) =>
    parseCidr(value) ? [] : [{ path: `spec.drain.connections.excludeCIDRs[${index}]`, value }],
  );
}

// 010 is 8 to some readers and 10 to others: no leading zeros.
const octet = '(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])';
const ipv4 = new RegExp(`^${octet}(\\.${octet}){3}$`);
const isIpv4 = (text: string): boolean => ipv4.test(text);

/** Eight groups; `::` stands for at least one of zeros, once; the last two may be written as an IPv4 address. */
function isIpv6(text: string): boolean {
  const halves = text.split('::');
  if (halves.length > 2) return false;
  const groups = halves.flatMap((half) => (half === '' ? [] : half.split(':')));
  const tail = groups.at(-1) ?? '';
  const endsInIpv4 = !text.endsWith('::') && isIpv4(tail);
  const plain = endsInIpv4 ? groups.slice(0, -1) : groups;
  const count = plain.length + (endsInIpv4 ? 2 : 0);
  return plain.every((group) => /^[0-9a-fA-F]{1,4}$/.test(group)) && (halves.length === 2 ? count <= 7 : count === 8);
}
