/** Events of a namespace, as a user reads them. */
import { kubectl, until } from '../../support/kubectl.ts';

type Event = {
  reason: string;
  note?: string;
  type: string;
  eventTime: string;
  regarding: { kind: string; name: string };
};

async function listEvents(namespace: string): Promise<Event[]> {
  return (JSON.parse(await kubectl('-n', namespace, 'get', 'events.events.k8s.io', '-o', 'json')) as { items: Event[] })
    .items;
}

/** The first event with this reason about an object of this name. */
export const untilEvent = (namespace: string, about: string, reason: string): Promise<Event> =>
  until(
    `an event ${reason} about ${about}`,
    async () =>
      (await listEvents(namespace)).find((event) => event.reason === reason && event.regarding.name === about),
    30_000,
  );

/**
 * When Holdfast let each of these pods go because its last session had ended, in Unix ms. What follows is the kubelet's, which on a busy
 * machine stops a container seconds late.
 */
export async function drainsCompleteAtMs(namespace: string, pods: Iterable<string>): Promise<Map<string, number>> {
  const events = [...pods].map(async (pod) => {
    const { eventTime } = await untilEvent(namespace, pod, 'DrainComplete');
    return [pod, Date.parse(eventTime)] as const;
  });
  return new Map(await Promise.all(events));
}
