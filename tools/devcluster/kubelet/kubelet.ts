/** Runs the pods of one node as child processes of this one. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { KubeObject } from '../../../src/kube/ports.ts';
import { pods } from '../../../src/kube/resources.ts';
import type { Clock } from '../../../src/platform/clock.ts';
import { describeError } from '../../../src/platform/errors.ts';
import type { Logger } from '../../../src/platform/log.ts';
import type { ClusterApi } from '../cluster-api.ts';
import { createEventRecorder } from '../events.ts';
import { keepServiceNames } from '../network/service-names.ts';
import { createAddresses } from './addresses.ts';
import { createContainerRunner } from './container-runner.ts';
import { recordFor } from './events.ts';
import { createProber } from './handlers.ts';
import type { ImageTable } from './images.ts';
import { createKeyedReader } from './keyed.ts';
import { registerNode } from './node-object.ts';
import { isPod } from './pod.ts';
import type { Pod } from './pod.ts';
import { createProcesses } from './processes.ts';
import { createPodVolumes } from './volumes.ts';
import type { TokenSource } from './volumes.ts';
import { createPodWorker } from './worker.ts';
import type { PodWorker } from './worker.ts';

export type KubeletOptions = {
  api: ClusterApi;
  clock: Clock;
  log: Logger;
  nodeName: string;
  images: ImageTable;
  /** The addresses of pods, a block such as 127.64.0.0/12. */
  addresses: string;
  /** All files are in it. Logs: `logs/<namespace>_<pod>_<container>.log`. */
  tempFolder: string;
  tokens: TokenSource;
};

export type Kubelet = {
  /** Kills every process of every pod; the objects stay unchanged. */
  stop(): Promise<void>;
};

export async function startKubelet(options: KubeletOptions): Promise<Kubelet> {
  const { api, clock, nodeName, tempFolder } = options;
  const addresses = createAddresses(options.addresses);
  const folders = { logs: join(tempFolder, 'logs'), pods: join(tempFolder, 'pods') };
  const namesFile = join(tempFolder, 'service-names.json');
  await mkdir(folders.logs, { recursive: true });
  await registerNode(api, nodeName, clock.nowMs());
  const stopNames = keepServiceNames(api, namesFile);
  const processes = createProcesses();
  const prober = createProber(clock);
  const events = createEventRecorder({ api, clock, logger: options.log });
  /** Keyed by UID: a pod may terminate while another of the same name starts. */
  const workers = new Map<string, PodWorker>();

  function work(pod: Pod, uid: string, podIp: string): PodWorker {
    const folder = join(folders.pods, uid);
    const read = createKeyedReader(api, pod.metadata.namespace ?? '');
    const record = recordFor(events, pod);
    const volumes = createPodVolumes(join(folder, 'volumes'), { podIp, read, tokens: options.tokens }, options);
    const containers = createContainerRunner({
      ...options,
      processes,
      prober,
      read,
      record,
      volumes,
      podIp,
      folders: { logs: folders.logs, pod: folder },
      namesFile,
    });
    const onOver = () => {
      addresses.giveBack(podIp);
      workers.delete(uid);
    };
    return createPodWorker({ ...options, record, containers, onOver }, pod, podIp);
  }

  function take(object: KubeObject): void {
    const { uid = '' } = object.metadata;
    const worker = workers.get(uid);
    if (!isPod(object)) return;
    if (worker) worker.seen(object);
    else if (object.spec.nodeName === nodeName && !isTerminal(object)) begin(object, uid);
  }

  /** Does not throw: the write of the pod must not fail because no address is free. */
  function begin(pod: Pod, uid: string): void {
    try {
      workers.set(uid, work(pod, uid, addresses.take()));
    } catch (error) {
      options.log.error({ pod: pod.metadata.name, error: describeError(error) }, 'pod cannot be run');
    }
  }

  const stopObserving = api.observe(pods, ({ type, object }) => {
    if (type === 'DELETED') workers.get(object.metadata.uid ?? '')?.gone();
    else take(object);
  });

  return {
    async stop() {
      stopObserving();
      stopNames();
      const left = [...workers.values()];
      const stopped = left.map((worker) => worker.stop());
      await processes.stop();
      await Promise.all(stopped);
      await Promise.all(left.map((worker) => worker.close()));
    },
  };
}

const isTerminal = ({ status }: Pod): boolean => status?.phase === 'Succeeded' || status?.phase === 'Failed';
