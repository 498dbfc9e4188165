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
