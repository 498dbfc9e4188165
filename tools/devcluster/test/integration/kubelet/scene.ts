/** A kubelet with real processes, and queries about its pods. */
import { randomInt } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ClusterApi } from '../../../cluster-api.ts';
import type { ImageEntry } from '../../../kubelet/images.ts';
import { startKubelet } from '../../../kubelet/kubelet.ts';
import type { Pod } from '../../../kubelet/pod.ts';
import type { PodStatus } from '../../../kubelet/status.ts';
import type { TokenRequest } from '../../../kubelet/volumes.ts';
import type { DeleteOptions } from '../../../cluster-api.ts';
import type { ObjectMeta } from '../../../../../src/kube/ports.ts';
import { events, pods } from '../../../../../src/kube/resources.ts';
import { systemClock } from '../../../../../src/platform/clock.ts';
import { eventually } from '../../../../../test/support/eventually.ts';
import { createMemoryApi } from './memory-api.ts';

export type Scene = {
  api: ClusterApi;
  folder: string;
  /** The log of a container. */
  log(pod: string, container: string): Promise<string>;
  /** Waits for a line of the log. */
  logged(pod: string, container: string, pattern: RegExp): Promise<string>;
  run(name: string, spec: object, metadata?: Partial<ObjectMeta>): Promise<void>;
  status(name: string): PodStatus | undefined;
  until(name: string, isRight: (status: PodStatus) => boolean): Promise<PodStatus>;
  delete(name: string, options?: DeleteOptions): Promise<void>;
  untilGone(name: string): Promise<void>;
  /** `Reason: note`, in the order of writing. */
  events(name: string): string[];
  tokenRequests: TokenRequest[];
  stop(): Promise<void>;
};

/** Each scene has its own addresses, also beside those of other test files, which are in other processes, and of other checkouts. */
export async function openScene(images: Record<string, ImageEntry> = {}): Promise<Scene> {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-kubelet-'));
  const api = createMemoryApi();
  const tokenRequests: TokenRequest[] = [];
  const log = { debug() {}, info() {}, warn: complain, error: complain };
  const kubelet = await startKubelet({
    api,
    clock: systemClock,
    log,
    nodeName: 'node-1',
    images: new Map(
      Object.entries({
        node: { command: [process.execPath], cwd: folder, env: { PATH: '/usr/bin:/bin', FROM_IMAGE: 'yes' } },
        ...images,
      }),
    ),
    addresses: `127.${100 + (process.pid % 100)}.${randomInt(256)}.0/24`,
    tempFolder: folder,
    tokens: {
      async create(request) {
        tokenRequests.push(request);
        return { token: `token-${tokenRequests.length}`, expiresAtMs: Date.now() + request.expirationSeconds * 1000 };
      },
    },
  });
  const ref = (name: string) => ({ namespace: 'shop', name });
  const status = (name: string) => (api.get(pods, ref(name)) as (Pod & { status?: PodStatus }) | undefined)?.status;
  const readLog = (pod: string, container: string) =>
    readFile(join(folder, 'logs', `shop_${pod}_${container}.log`), 'utf8').catch(() => '');
  return {
    api,
    folder,
    tokenRequests,
    log: readLog,
    async logged(pod, container, pattern) {
      let text = '';
      await eventually(
        () => {
          void readLog(pod, container).then((read) => (text = read));
          return text;
        },
        (seen) => pattern.test(seen),
        limitMs,
      );
      return text;
    },
    async run(name, spec, metadata = {}) {
      await api.create(pods, {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { namespace: 'shop', ...metadata, name },
        spec: { nodeName: 'node-1', ...spec },
      });
    },
    status,
    until: async (name, isRight) => {
      const found = await eventually(
        () => status(name),
        (seen) => seen !== undefined && isRight(seen),
        limitMs,
      );
      if (!found) throw new Error(`${name} has no status`);
      return found;
    },
    delete: (name, options) => api.delete(pods, ref(name), options),
    async untilGone(name) {
      await eventually(
        () => status(name),
        (seen) => seen === undefined,
        limitMs,
      );
    },
    events: (name) =>
      api
        .list(events, 'shop')
        .flatMap((event) =>
          (event['regarding'] as { name: string }).name === name
            ? [`${String(event['reason'])}: ${String(event['note'])}`]
            : [],
        ),
    async stop() {
      await kubelet.stop();
      await rm(folder, { recursive: true });
    },
  };
}

function complain(fields: object, message: string): void {
  process.stderr.write(`${message} ${JSON.stringify(fields)}\n`);
}

/** A container that runs a script. */
export const script = (name: string, source: string, more: object = {}) => ({
  name,
  image: 'node',
  args: ['-e', source],
  ...more,
});

/** The limit of waits and tests: the machine may be busy. */
export const limitMs = 30_000;

/** Runs until it is killed. */
export const forever = 'setInterval(() => {}, 1000);';

export const isReady = ({ conditions }: PodStatus): boolean =>
  conditions.some(({ type, status }) => type === 'Ready' && status === 'True');
