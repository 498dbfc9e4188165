/** The environment of a scenario: a shop in a namespace of its own, its customers, and a watch on its pods. */
import { kubectl } from '../../support/kubectl.ts';
import { startLoad, type Load, type LoadOptions } from '../../../tools/demo/customers/load.ts';
import { watchPods, type PodWatch } from '../../support/pod-watch.ts';
import { closeShop, loadOn, openShop, report, type Shop, type ShopOptions } from '../../support/shop-cluster.ts';
import type { Summary } from '../../../tools/demo/customers/session-log.ts';

export type Scene = Shop & {
  pods: PodWatch;
  /** Customers arrive. Fewer than in a test of their own: scenarios share one machine. */
  customers(run: string, options?: Partial<LoadOptions>): Load;
  /** Waits until every customer has ended its session; prints the run and returns its summary. */
  farewell(load: Load): Promise<Summary>;
};

/** Every run can be replayed by its seed. */
export const seed = Number(process.env['HOLDFAST_TEST_SEED'] ?? 20_261_122);

/** The load of a scenario that has the machine to itself. */
export const many: Partial<LoadOptions> = {
  sessions: 300,
  webSockets: 60,
  eventStreams: 20,
  thinkTimeMs: 1500,
  meanLifeMs: 10_000,
  arrivalsPerSecond: 60,
};

const few: Partial<LoadOptions> = { sessions: 30, webSockets: 6, eventStreams: 4, meanLifeMs: 5000 };

/** Opens a shop, runs the scenario and closes the shop. After a failure it prints the state of the namespace and does not wait for its pods. */
export async function inShop(
  namespace: string,
  options: ShopOptions,
  play: (scene: Scene) => Promise<void>,
): Promise<void> {
  const loads: Load[] = [];
  let pods: PodWatch | undefined;
  try {
    pods = await watchPods(namespace);
    await play(createScene(await openShop(namespace, options), pods, loads));
  } catch (error) {
    await describeNamespace(namespace);
    await Promise.all(loads.map((load) => load.sendHome()));
    await kubectl('delete', 'namespace', namespace, '--wait=false');
    await kubectl('-n', namespace, 'delete', 'pods', '--all', '--force', '--grace-period=0');
    throw error;
  } finally {
    await pods?.stop();
  }
  try {
    await closeShop(namespace);
  } catch (error) {
    await describeNamespace(namespace);
    throw error;
  }
}

function createScene(shop: Shop, pods: PodWatch, loads: Load[]): Scene {
  return {
    ...shop,
    pods,
    customers(run, options) {
      const load = startLoad({ ...loadOn(shop, run, seed), ...few, ...options });
      loads.push(load);
      return load;
    },
    farewell: async (load) => report(await load.stop(), pods.terminatingSinceMs),
  };
}

export async function describeNamespace(namespace: string): Promise<void> {
  const looks = [
    ['get', 'pods', '-o', 'wide'],
    ['describe', 'stickyworkload'],
    ['get', 'events', '--sort-by=.metadata.creationTimestamp'],
    ['logs', '--selector=app.kubernetes.io/component=proxy', '--prefix', '--tail=50'],
    ['logs', '--namespace=holdfast-system', '--selector=app.kubernetes.io/component=operator', '--prefix', '--tail=50'],
  ];
  for (const look of looks) {
    const text = await kubectl('-n', namespace, ...look).catch((error: unknown) => String(error));
    process.stderr.write(`--- ${namespace}: kubectl ${look.join(' ')}\n${text}\n`);
  }
}
