/** The state that a sidecar shows in its pod. */
import { sidecarContainer } from '../../../src/core/names/names.ts';
import { kubectl, until } from '../../support/kubectl.ts';
import type { LiveObject } from '../../support/objects.ts';

type Source = { type: string; known: boolean; sessions?: number };
type View = { callers: number; state?: { killAtMs?: object; sources?: Source[] } };

const script = `fetch('http://127.0.0.1:15999/state').then(async (answer) => console.log(await answer.text()))`;

async function viewOf(namespace: string, pod: string): Promise<View> {
  const command = ['exec', pod, '-c', sidecarContainer, '--', 'node', '-e', script];
  return JSON.parse(await kubectl('-n', namespace, ...command)) as View;
}

/** The kubelet has called the hook, and it is held: only then does the sidecar know with which grace the pod was deleted. */
export const untilHeld = (namespace: string, pod: string): Promise<true> =>
  until(`the preStop hook of ${pod} held`, async () => {
    const { callers, state } = await viewOf(namespace, pod);
    return callers > 0 && state?.killAtMs ? (true as const) : undefined;
  });

/** What each source counted last, by its type; a source that is unknown is not there. */
export async function countsOf({ metadata }: LiveObject): Promise<Partial<Record<string, number>>> {
  const { state } = await viewOf(metadata.namespace ?? '', metadata.name);
  return Object.fromEntries(
    (state?.sources ?? []).flatMap(({ type, sessions }) => (sessions === undefined ? [] : [[type, sessions]])),
  );
}
