/** Whether two endpoints are equal: thousands are compared after the change of one, so without a loop over names. */
import type { Endpoint } from './routing-table.ts';

type IsSame = (one: Endpoint, other: Endpoint) => boolean;

/** A property that is missing here does not compile. */
const properties: { [Name in keyof Endpoint]-?: IsSame } = {
  state: (one, other) => one.state === other.state,
  address: (one, other) => one.address === other.address,
  uid: (one, other) => one.uid === other.uid,
  id: (one, other) => one.id === other.id,
  alias: (one, other) => one.alias === other.alias,
  pod: (one, other) => one.pod === other.pod,
  port: (one, other) => one.port === other.port,
  reason: (one, other) => one.reason === other.reason,
  nodeLost: (one, other) => one.nodeLost === other.nodeLost,
};
const all: readonly IsSame[] = Object.values(properties);

export function sameEndpoint(one: Endpoint | undefined, other: Endpoint | undefined): boolean {
  if (one === other) return true;
  if (one === undefined || other === undefined) return false;
  for (const isSame of all) if (!isSame(one, other)) return false;
  return true;
}
