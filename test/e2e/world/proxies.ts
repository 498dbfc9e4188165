/** The proxies of a shop, each by itself, and what they and the operators count. */
import { fetchOnce } from '../../support/fetch-once.ts';
import type { LiveObject } from '../../support/objects.ts';

const listenerPort = 10_080;
const adminPort = 9090;

export const addressOf = (pod: LiveObject): string => String(pod.status?.['podIP']);

/** One proxy as a load balancer that checks its health would see it: no Service in between. */
export const targetOf = (pod: LiveObject) => ({ host: addressOf(pod), port: listenerPort });

/** The sum of a metric over these pods and all labels, of those samples whose line has `label`. */
export async function sumMetric(pods: readonly LiveObject[], name: string, label = ''): Promise<number> {
  const texts = await Promise.all(
    pods.map(async (pod) => (await fetchOnce(`http://${addressOf(pod)}:${adminPort}/metrics`)).text()),
  );
  const samples = texts
    .flatMap((text) => text.split('\n'))
    .filter((line) => new RegExp(`^${name}[{ ]`).test(line) && line.includes(label));
  return samples.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
}
