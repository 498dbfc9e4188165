/**
 * HTTPS listeners of one port whose hostnames overlap. A client that reuses a connection for another hostname may then meet a listener
 * with other certificates and other routes, which the condition OverlappingTLSConfig must report on both.
 */
import { shareHost } from '../routing/hostnames.ts';
import { holds, type Verdict } from '../status/dated-conditions.ts';
import type { JudgedListener } from './listener.ts';

export function findOverlaps(listeners: readonly JudgedListener[]): Map<JudgedListener, Verdict> {
  const overlaps = new Map<JudgedListener, Verdict>();
  const secure = listeners.filter(({ protocol, problem }) => protocol === 'HTTPS' && problem?.about !== 'Conflicted');
  for (const group of Map.groupBy(secure, ({ port }) => port).values()) {
    for (const listener of group) {
      const other = group.find((one) => one !== listener && shareHost(hostsOf(one), hostsOf(listener)));
      if (other !== undefined) overlaps.set(listener, overlapWith(other));
    }
  }
  return overlaps;
}

const hostsOf = ({ hostname }: JudgedListener): string[] => (hostname === undefined ? [] : [hostname]);

const overlapWith = ({ hostname = 'every host' }: JudgedListener): Verdict =>
  holds(
    'OverlappingTLSConfig',
    'OverlappingHostnames',
    `Another HTTPS listener of this port serves ${hostname}. A request for a hostname of one listener on a connection to another one gets 421.`,
  );
