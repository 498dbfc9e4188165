/** Performs the actions for the containers of one pod: starts their processes, probes them, and sends signals. */
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../../src/platform/clock.ts';
import { describeError } from '../../../src/platform/errors.ts';
import type { PodAction } from './actions.ts';
import { buildEnvironment } from './environment.ts';
import type { Environment } from './environment.ts';
import type { RecordEvent } from './events.ts';
import type { HandlerTarget, Prober } from './handlers.ts';
import { commandOf, findImage } from './images.ts';
import type { ImageTable } from './images.ts';
import type { ReadKeyed } from './keyed.ts';
import type { ContainerObservation } from './observe.ts';
import { containersOf, probeOf } from './pod.ts';
import type { Container, Pod, ProbeKind } from './pod.ts';
import { settingsVariable } from './pod-settings.ts';
import type { PodSettings } from './pod-settings.ts';
import type { ProcessStarter, RunningProcess } from './processes.ts';
import { StartRefused } from './start-refused.ts';
import { mountsOf } from './volumes.ts';
import type { PodVolumes } from './volumes.ts';

export type RunnerWorld = {
  clock: Clock;
  images: ImageTable;
  processes: ProcessStarter;
  prober: Prober;
  read: ReadKeyed;
  record: RecordEvent;
  volumes: PodVolumes;
  podIp: string;
  /** `logs`: the logs of all pods. `pod`: the files of this pod. */
  folders: { logs: string; pod: string };
  namesFile: string;
};

export type ContainerAction = Exclude<PodAction, { kind: 'event' | 'finish' }>;
type Report = (happened: ContainerObservation) => void;

export interface ContainerRunner {
  perform(action: ContainerAction, pod: Pod, report: Report): void;
  /** Resolves when no container is starting; writes no file after that. The caller kills the processes. */
  stop(): Promise<void>;
  /** Removes the pod's files, after its processes have terminated. */
  close(): Promise<void>;
}

/** `over`: aborted when the process has terminated; aborts its probes and hooks. */
type Running = { process: RunningProcess; over: AbortController; target: HandlerTarget };

const preload = new URL('preload.ts', import.meta.url).href;

export function createContainerRunner(world: RunnerWorld): ContainerRunner {
  const running = new Map<string, Running>();
  const launches = new Set<Promise<Running>>();

  async function start(container: Container, pod: Pod, report: Report): Promise<void> {
    const launched = launch(container, pod);
    launches.add(launched);
    const started = await launched
      .finally(() => launches.delete(launched))
      .catch((error: unknown) => {
        const refused =
          error instanceof StartRefused ? error : new StartRefused('RunContainerError', describeError(error));
        world.record(container.name, { type: 'Warning', reason: refused.eventReason, note: noteOf(refused) });
        report({ kind: 'notStarted', reason: refused.reason, message: refused.message });
      });
    if (!started) return;
    for (const event of startEvents(container)) world.record(container.name, event);
    report({ kind: 'started' });
    const { exitCode, signal } = await started.process.exited;
    started.over.abort();
    running.delete(container.name);
    report({ kind: 'exited', exitCode, ...(signal !== undefined && { signal }) });
  }

  async function launch(container: Container, pod: Pod): Promise<Running> {
    const { namespace, name } = pod.metadata;
    const image = findImage(world.images, container);
    await world.volumes.ready(pod);
    const own = buildEnvironment(container, { pod, podIp: world.podIp, read: world.read });
    const place = { cwd: image.cwd, env: withPreload({ ...image.env, ...own }, settingsOf(container, pod)) };
    const logFile = join(world.folders.logs, `${namespace}_${name}_${container.name}.log`);
    const process = await world.processes.start({ command: commandOf(image, container, own), ...place, logFile });
    const target: HandlerTarget = {
      container,
      podIp: world.podIp,
      run: (command, signal) => runToEnd(command, { ...place, signal }),
    };
    const entry = { process, over: new AbortController(), target };
    running.set(container.name, entry);
    return entry;
  }

  let runs = 0;
  async function runToEnd(
    command: readonly string[],
    { signal, ...place }: { cwd: string; env: Environment; signal: AbortSignal },
  ): Promise<{ isOk: boolean; output: string }> {
    runs += 1;
    const logFile = join(world.folders.pod, 'exec', `${runs}.log`);
    const process = await world.processes.start({ command, ...place, logFile });
    const kill = () => {
      process.signal('SIGKILL');
    };
    if (signal.aborted) kill();
    signal.addEventListener('abort', kill, { once: true });
    const { exitCode } = await process.exited;
    const output = await readFile(logFile, 'utf8');
    await rm(logFile);
    signal.throwIfAborted();
    return { isOk: exitCode === 0, output };
  }

  function settingsOf(container: Container, pod: Pod): PodSettings {
    const mounts = mountsOf(container, world.volumes.folder).toSorted(
      (one, other) => other.path.length - one.path.length,
    );
    return { address: world.podIp, namespace: pod.metadata.namespace ?? '', mounts, namesFile: world.namesFile };
  }

  async function probe({ over, target }: Running, kind: ProbeKind, report: Report): Promise<void> {
    const handler = probeOf(target.container, kind);
    if (!handler) return;
    const { isHealthy, message } = await world.prober.probe(handler, target, {
      signal: over.signal,
      timeoutMs: (handler.timeoutSeconds ?? 1) * 1000,
    });
    if (over.signal.aborted) return;
    const note = `${kind.charAt(0).toUpperCase()}${kind.slice(1)} probe failed: ${message}`;
    if (!isHealthy) world.record(target.container.name, { type: 'Warning', reason: 'Unhealthy', note });
    report({ kind: 'probed', probe: kind, isHealthy });
  }

  async function callHook({ over, target }: Running, report: Report): Promise<void> {
    const { name, lifecycle } = target.container;
    try {
      await world.prober.callHook(lifecycle?.preStop ?? {}, target, over.signal);
    } catch {
      // The kubelet does not report the error either. A hook that ends with its container has not failed.
      if (!over.signal.aborted) {
        world.record(name, { type: 'Warning', reason: 'FailedPreStopHook', note: 'PreStopHook failed' });
      }
    }
    report({ kind: 'hookOver' });
  }

  return {
    perform(action, pod, report) {
      // As in the kubelet: only a pod that may start containers needs its volumes.
      if (pod.metadata.deletionTimestamp !== undefined) world.volumes.close();
      const container = containersOf(pod).find((member) => member.container.name === action.container)?.container;
      const entry = running.get(action.container);
      if (action.kind === 'start') {
        if (container) void start(container, pod, report);
      } else if (!entry) return;
      else if (action.kind === 'probe') void probe(entry, action.probe, report);
      else if (action.kind === 'hook') void callHook(entry, report);
      else entry.process.signal(action.signal);
    },
    async stop() {
      world.volumes.close();
      await Promise.allSettled(launches);
    },
    async close() {
      world.volumes.close();
      await rm(world.folders.pod, { recursive: true, force: true });
    },
  };
}

const noteOf = ({ eventReason, message }: StartRefused): string =>
  eventReason === 'Failed' ? `Error: ${message}` : message;

const startEvents = ({ image }: Container) => [
  { type: 'Normal' as const, reason: 'Pulled', note: `Container image "${image}" already present on machine` },
  { type: 'Normal' as const, reason: 'Created', note: 'Container created' },
  { type: 'Normal' as const, reason: 'Started', note: 'Container started' },
];

/** Has no effect on a program that is not Node. */
const withPreload = (env: Environment, settings: PodSettings): Environment => ({
  ...env,
  NODE_OPTIONS: `${env['NODE_OPTIONS'] ?? ''} --import=${preload}`.trim(),
  [settingsVariable]: JSON.stringify(settings),
});
