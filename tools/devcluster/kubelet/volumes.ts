/** The volumes of a pod, as folders. Changes of ConfigMaps and Secrets do not reach running pods; tokens are renewed. */
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { dirname, join, normalize } from 'node:path';
import type { Clock } from '../../../src/platform/clock.ts';
import { describeError } from '../../../src/platform/errors.ts';
import type { Logger } from '../../../src/platform/log.ts';
import { readField } from './fields.ts';
import { notFound } from './keyed.ts';
import type { Keyed, ReadKeyed } from './keyed.ts';
import type { Container, FieldPath, KeyPath, Pod, ProjectedSource, Volume } from './pod.ts';
import { StartRefused } from './start-refused.ts';

export type TokenRequest = {
  namespace: string;
  serviceAccount: string;
  pod: { name: string; uid: string };
  /** Undefined: the API server. */
  audience: string | undefined;
  expirationSeconds: number;
};

/** Issues ServiceAccount tokens that are bound to a pod. */
export interface TokenSource {
  create(request: TokenRequest): Promise<{ token: string; expiresAtMs: number }>;
}

export type VolumeWorld = { pod: Pod; podIp: string; read: ReadKeyed; tokens: TokenSource };

type FileText = { path: string; content: string | Buffer };
type Plan = { files: FileText[]; tokens: { path: string; request: TokenRequest }[] };

/** `rewriteAtMs`: when the first token must be renewed, by writing all volumes again; Infinity without tokens. */
async function writeVolumes(folder: string, world: VolumeWorld, nowMs: number): Promise<{ rewriteAtMs: number }> {
  let rewriteAtMs = Infinity;
  for (const volume of world.pod.spec.volumes ?? []) {
    const root = join(folder, volume.name);
    const { files, tokens } = planVolume(volume, world);
    await mkdir(root, { recursive: true });
    for (const { path, content } of files) await writeWhole(join(root, inside(path, volume)), content);
    for (const { path, request } of tokens) {
      const { token, expiresAtMs } = await world.tokens.create(request);
      await writeWhole(join(root, inside(path, volume)), token);
      // As in the kubelet: after four fifths of its lifetime.
      rewriteAtMs = Math.min(rewriteAtMs, nowMs + (expiresAtMs - nowMs) * 0.8);
    }
  }
  return { rewriteAtMs };
}

export interface PodVolumes {
  /** Contains a folder for each volume. */
  readonly folder: string;
  /** Writes the volumes once; after a failure, again with the next call. */
  ready(pod: Pod): Promise<void>;
  /** Stops renewing tokens. */
  close(): void;
}

export function createPodVolumes(
  folder: string,
  world: Omit<VolumeWorld, 'pod'>,
  { clock, log }: { clock: Clock; log: Logger },
): PodVolumes {
  let cancelRewrite: (() => void) | undefined;
  let writing: Promise<void> | undefined;
  let isClosed = false;

  async function write(pod: Pod): Promise<void> {
    const nowMs = clock.nowMs();
    const { rewriteAtMs } = await writeVolumes(folder, { ...world, pod }, nowMs);
    if (rewriteAtMs < Infinity) rewriteAfter(rewriteAtMs - nowMs, pod);
  }

  function rewriteAfter(delayMs: number, pod: Pod): void {
    if (isClosed) return;
    cancelRewrite = clock.after(delayMs, () => {
      write(pod).catch((error: unknown) => {
        log.warn({ pod: pod.metadata.name, error: describeError(error) }, 'token cannot be renewed');
        rewriteAfter(retryMs, pod);
      });
    });
  }

  return {
    folder,
    ready(pod) {
      writing ??= write(pod).catch((error: unknown) => {
        writing = undefined;
        throw error;
      });
      return writing;
    },
    close() {
      isClosed = true;
      cancelRewrite?.();
    },
  };
}

const retryMs = 10_000;

/** Atomic: a reader sees the old or the new content. */
async function writeWhole(file: string, content: string | Buffer): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  await writeFile(`${file}.new`, content, { mode: 0o600 });
  await rename(`${file}.new`, file);
}

/** Throws if the path leaves the volume. */
function inside(path: string, { name }: Volume): string {
  const normal = normalize(path);
  if (normal.startsWith('..') || normal.startsWith('/')) {
    throw mountFailed(name, `the path ${path} leads out of the volume`);
  }
  return normal;
}

const mountFailed = (volume: string, problem: string): StartRefused =>
  new StartRefused('ContainerCreating', `MountVolume.SetUp failed for volume "${volume}" : ${problem}`, 'FailedMount');

function planVolume({ name, emptyDir, configMap, secret, projected, downwardAPI }: Volume, world: VolumeWorld): Plan {
  if (emptyDir) return { files: [], tokens: [] };
  if (projected) return planSources(name, projected.sources ?? [], world);
  if (configMap) return planSources(name, [{ configMap }], world);
  if (secret) return planSources(name, [{ secret: { ...secret, name: secret.secretName } }], world);
  if (downwardAPI) return planSources(name, [{ downwardAPI }], world);
  throw mountFailed(name, 'devcluster does not support its type');
}

function planSources(volume: string, sources: readonly ProjectedSource[], world: VolumeWorld): Plan {
  const plan: Plan = { files: [], tokens: [] };
  for (const { configMap, secret, downwardAPI, serviceAccountToken } of sources) {
    if (configMap) {
      plan.files.push(
        ...keyedFiles(volume, { kind: 'ConfigMap', name: configMap.name }, { ...configMap, read: world.read }),
      );
    }
    if (secret) {
      plan.files.push(...keyedFiles(volume, { kind: 'Secret', name: secret.name }, { ...secret, read: world.read }));
    }
    if (downwardAPI) plan.files.push(...(downwardAPI.items ?? []).map((item) => fieldFile(volume, item, world)));
    if (serviceAccountToken) {
      plan.tokens.push({ path: serviceAccountToken.path, request: tokenRequest(serviceAccountToken, world.pod) });
    }
  }
  return plan;
}

function keyedFiles(
  volume: string,
  keyed: Keyed,
  { items, optional, read }: { items?: KeyPath[]; optional?: boolean; read: ReadKeyed },
): FileText[] {
  const contents = read(keyed);
  if (!contents && !optional) throw mountFailed(volume, notFound(keyed));
  const wanted = items ?? [...(contents?.keys() ?? [])].map((key) => ({ key, path: key }));
  return wanted.flatMap(({ key, path }) => {
    const content = contents?.get(key);
    if (content === undefined && !optional) {
      throw mountFailed(volume, `references non-existent ${keyed.kind.toLowerCase()} key: ${key}`);
    }
    return content === undefined ? [] : [{ path, content }];
  });
}

function fieldFile(volume: string, { path, fieldRef }: FieldPath, { pod, podIp }: VolumeWorld): FileText {
  const content = fieldRef && readField(pod, podIp, fieldRef.fieldPath);
  if (content === undefined) throw mountFailed(volume, `unsupported fieldPath: ${fieldRef?.fieldPath}`);
  return { path, content };
}

function tokenRequest(
  { audience, expirationSeconds = 3600 }: { audience?: string; expirationSeconds?: number },
  { metadata, spec }: Pod,
): TokenRequest {
  const { name, namespace = '', uid = '' } = metadata;
  return {
    namespace,
    serviceAccount: spec.serviceAccountName ?? 'default',
    pod: { name, uid },
    audience,
    expirationSeconds,
  };
}

/** A path in the container, and its folder on this machine. */
export type Mount = { path: string; folder: string };

export const mountsOf = ({ volumeMounts = [] }: Container, folder: string): Mount[] =>
  volumeMounts.map(({ name, mountPath, subPath = '' }) => ({
    path: mountPath.replace(/\/+$/, ''),
    folder: join(folder, name, subPath),
  }));
