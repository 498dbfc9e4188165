/** The state that a sidecar reports on its admin port. */
import { fetchOnce } from '../../support/fetch-once.ts';
import { until } from '../../support/kubectl.ts';
import { getObject, type LiveObject } from '../../support/objects.ts';

const sidecarPort = 15_999;

/** The kubelet has called the hook, and it is held: only then does the sidecar know with which grace the pod was deleted. */
export const untilHeld = (namespace: string, pod: string): Promise<true> =>
  until(`the preStop hook of ${pod} held`, async () => {
    const address = String((await getObject('pod', pod, namespace))?.status?.['podIP']);
    const state = (await (await fetchOnce(`http://${address}:${sidecarPort}/state`)).json()) as {
      callers: number;
      state?: { killAtMs?: object };
    };
    return state.callers > 0 && state.state?.killAtMs ? (true as const) : undefined;
  });

type Source = { type: string; known: boolean; sessions?: number };

/** What each source counted last, by its type; a source that is unknown is not there. */
export async function countsOf(pod: LiveObject): Promise<Partial<Record<string, number>>> {
  const answer = await fetchOnce(`http://${String(pod.status?.['podIP'])}:${sidecarPort}/state`);
  const { state } = (await answer.json()) as { state?: { sources?: Source[] } };
  return Object.fromEntries(
    (state?.sources ?? []).flatMap(({ type, sessions }) => (sessions === undefined ? [] : [[type, sessions]])),
  );
}
