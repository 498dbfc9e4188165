/** The environment of one case: pods that run the test program, and the journal of their events. */
import type { Body, Fields, Meta } from '../body.ts';
import { uniqueName, type ConformanceApi } from '../api.ts';
import { done, eventually, watching, type Case } from '../case.ts';
import { untilObject } from '../lifecycle/world.ts';
import { pods } from '../objects.ts';
import { openJournal, type Journal, type Release, type Reply } from './journal.ts';
import { image, program } from './program.ts';

export type KubeletCase = { title: string; run(scene: Scene): Promise<void> };

export interface Scene {
  readonly api: ConformanceApi;
  readonly journal: Journal;
  /** A container that runs the program, and listens on the first of its `ports`. */
  container(name: string, more?: Fields): Fields;
  /** Not created yet: a case can set the responses to its containers first. */
  pod(): TestPod;
  /** For objects of the case other than pods. */
  deleteAtEnd(path: string): void;
}

/** Lines of the journal, without the name of the pod. */
export interface TestPod {
  readonly name: string;
  create(spec: Fields, metadata?: Partial<Meta>): Promise<void>;
  until(fits: (pod: Body) => boolean): Promise<Body>;
  /** Also waits until each program has reported its start: without a probe a container is ready before that. */
  untilReady(): Promise<Body>;
  /** Resolves with the time of the request. */
  delete(options?: Fields): Promise<number>;
  /** Resolves with the time at which the object no longer existed. */
  untilGone(): Promise<number>;
  /** Deletes the pod; resolves with its last state. */
  untilLast(options?: Fields): Promise<Body>;
  lines(): string[];
  count(line: string): number;
  timeOf(line: string, occurrence?: number): Promise<number>;
  hold(line: string): Release;
  answer(line: string, reply: Reply): void;
  exit(container: string, code: number): void;
}

/** `host`: the address at which the pods find this process. */
export const withScene =
  (host: string) =>
  ({ title, run }: KubeletCase): Case => ({ title, waits: true, run: (api) => playScene(api, host, run) });

async function playScene(api: ConformanceApi, host: string, play: (scene: Scene) => Promise<void>): Promise<void> {
  const journal = await openJournal(host);
  const endings: (() => Promise<unknown>)[] = [];
  const create = async (name: string, spec: Fields, metadata: Partial<Meta> = {}) => {
    await done(
      api.post(pods(api), {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { ...metadata, name },
        spec: { ...podDefaults, ...spec },
      }),
    );
    endings.push(() => api.delete(pods(api, name), { gracePeriodSeconds: 1 }));
  };
  const pod = (): TestPod => {
    const name = uniqueName('pod');
    return {
      name,
      ...viewOf(journal, name),
      ...handleOf(api, journal, name),
      create: (spec, metadata) => create(name, spec, metadata),
    };
  };
  const deleteAtEnd = (path: string) => {
    endings.push(() => api.delete(path));
  };
  try {
    await play({
      api,
      journal,
      pod,
      deleteAtEnd,
      container: (name, more = {}) => buildContainer(journal.url, name, more),
    });
  } finally {
    await Promise.all(endings.map((end) => end()));
    // Containers that still wait exit now: their program cannot reach the journal.
    await journal.close();
  }
}

/** A grace period that no case reaches unless it sets its own. */
export const podDefaults = { terminationGracePeriodSeconds: 30, automountServiceAccountToken: false };

function buildContainer(url: string, name: string, more: Fields): Fields {
  const [port] = (more.ports ?? []) as { containerPort: number }[];
  const env = [
    { name: 'POD_NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
    { name: 'REPORT', value: `${url}/$(POD_NAME)/${name}` },
    ...(port === undefined ? [] : [{ name: 'LISTEN', value: String(port.containerPort) }]),
    ...((more.env ?? []) as Fields[]),
  ];
  return { name, image, command: ['node', '-e', program], ...more, env };
}

const viewOf = (journal: Journal, pod: string) => ({
  lines: () => journal.lines(pod),
  count: (line: string) => journal.count(`${pod} ${line}`),
  timeOf: (line: string, occurrence?: number) => journal.timeOf(`${pod} ${line}`, occurrence),
  hold: (line: string) => journal.hold(`${pod} ${line}`),
  answer: (line: string, reply: Reply) => journal.answer(`${pod} ${line}`, reply),
  exit: (container: string, code: number) => journal.exit(`${pod} ${container}`, code),
});

function handleOf(
  api: ConformanceApi,
  journal: Journal,
  name: string,
): Pick<TestPod, 'until' | 'untilReady' | 'delete' | 'untilGone' | 'untilLast'> {
  const path = pods(api, name);
  const remove = async (options?: Fields): Promise<number> => {
    const atMs = Date.now();
    await done(api.delete(path, options));
    return atMs;
  };
  return {
    until: (fits) => untilObject(api, path, fits),
    untilReady: async () => {
      const ready = await untilObject(api, path, isReady);
      await Promise.all(runningContainers(ready).map((container) => journal.timeOf(`${name} ${container} started`)));
      return ready;
    },
    delete: remove,
    untilGone: async () => {
      await eventually(
        () => api.get(path),
        ({ status }) => status === 404,
      );
      return Date.now();
    },
    untilLast: async (options) => {
      const { metadata } = await done(api.get(path));
      let last: Body | undefined;
      await watching(
        api.watch(pods(api), { fieldSelector: `metadata.name=${name}`, resourceVersion: metadata.resourceVersion }),
        async (watch) => {
          await remove(options);
          last = (await watch.until(({ type }) => type === 'DELETED')).at(-1)?.object;
        },
      );
      if (!last) throw new Error(`${name} was not deleted`);
      return last;
    },
  };
}

function runningContainers({ spec }: Body): string[] {
  const { containers, initContainers = [] } = spec as {
    containers: { name: string }[];
    initContainers?: { name: string; restartPolicy?: string }[];
  };
  return [...containers, ...initContainers.filter(({ restartPolicy }) => restartPolicy === 'Always')].map(
    ({ name }) => name,
  );
}

type Condition = { type: string; status: string; reason?: string; message?: string };
type ContainerStatus = {
  name: string;
  ready: boolean;
  started: boolean;
  restartCount: number;
  state: Record<string, Fields>;
  lastState: Record<string, Fields>;
};

export const conditionsOf = ({ status }: Body): Condition[] => (status.conditions ?? []) as Condition[];

export const isReady = (pod: Body): boolean =>
  conditionsOf(pod).some(({ type, status }) => type === 'Ready' && status === 'True');

/** Returns the status of a container of any kind. */
export function statusOf({ status }: Body, container: string): ContainerStatus | undefined {
  const all = [status.initContainerStatuses, status.containerStatuses].flatMap(
    (statuses) => (statuses ?? []) as ContainerStatus[],
  );
  return all.find(({ name }) => name === container);
}
