/**
 * HTTPS listeners of one port whose hostnames overlap. A client that reuses a connection for another hostname may then meet a listener
 * with other certificates and other routes, which the condition OverlappingTLSConfig must report on both.
 */
import { hostMap } from '../routing/hostnames.ts';
import { holds, type Verdict } from '../status/dated-conditions.ts';
import type { JudgedListener, ListenerSource } from './listener.ts';

export function findOverlaps(listeners: readonly JudgedListener[]): Map<JudgedListener, Verdict> {
  const overlaps = new Map<JudgedListener, Verdict>();
  const secure = listeners.filter(({ protocol, problem }) => protocol === 'HTTPS' && problem?.about !== 'Conflicted');
  for (const group of Map.groupBy(secure, ({ port }) => port).values()) {
    if (group.length > 1) markOverlaps(group, overlaps);
  }
  return overlaps;
}

/** Looks up the wider hostnames of each listener rather than comparing all pairs: a Gateway with ListenerSets may have thousands. */
function markOverlaps(group: readonly JudgedListener[], overlaps: Map<JudgedListener, Verdict>): void {
  const hosts = hostMap<JudgedListener>();
  for (const listener of group) hosts.set(listener.hostname ?? '', listener);
  for (const listener of group) {
    const mark = (wider: JudgedListener) => {
      if (wider === listener) return;
      if (!overlaps.has(listener)) overlaps.set(listener, overlapWith(wider, listener));
      if (!overlaps.has(wider)) overlaps.set(wider, overlapWith(listener, wider));
    };
    hosts.find(listener.hostname ?? '', mark, undefined);
  }
}

const overlapWith = (other: JudgedListener, { from }: JudgedListener): Verdict =>
  holds(
    'OverlappingTLSConfig',
    'OverlappingHostnames',
    `${describe(other, from)} overlaps on this port. A request for a hostname of one listener on a connection to the other one gets 421.`,
  );

/** The author of a ListenerSet may have no right to read the objects of other namespaces. */
const describe = ({ from, hostname = 'every host' }: JudgedListener, { namespace }: ListenerSource): string =>
  from.namespace === namespace ? `An HTTPS listener for ${hostname}` : 'An HTTPS listener of another namespace';
