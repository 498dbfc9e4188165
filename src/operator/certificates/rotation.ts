/** Keeps the server certificate fresh for as long as the operator runs. */
import type { Server } from 'node:https';
import type { Clock } from '../../platform/clock.ts';
import type { Authority } from './authority.ts';
import { issueLeaf } from './leaf.ts';
import type { Leaf } from './leaf.ts';

export type Rotation = {
  authority: Authority;
  /** The DNS names and addresses of the operator's servers. */
  names: string[];
  clock: Clock;
  /** Called with the first leaf and with each later one. */
  install: (leaf: Leaf) => void;
  /** A renewal failed; it is tried again after a minute, and the leaf in use is good for another ten days. */
  failed: (error: unknown) => void;
};

const retryMs = 60_000;

/** Resolves when the first leaf is installed. The answer ends the rotation. */
export async function rotateLeaf(rotation: Rotation): Promise<() => void> {
  const { clock } = rotation;
  let stopped = false;
  let cancel = () => {};
  const renew = async () => {
    const leaf = await issueLeaf(rotation.authority, rotation.names, clock.nowMs());
    if (stopped) return;
    rotation.install(leaf);
    // 20 days: below the 24.8 days that a timer of 32 bits can wait.
    schedule(leaf.renewAtMs - clock.nowMs());
  };
  const schedule = (delayMs: number) => {
    cancel = clock.after(delayMs, () => {
      renew().catch((error: unknown) => {
        rotation.failed(error);
        schedule(retryMs);
      });
    });
  };
  await renew();
  return () => {
    stopped = true;
    cancel();
  };
}

/** New connections get the new leaf; open ones go on with the one they have. */
export const installLeaf = (server: Server, { certPem, keyPem }: Leaf): void =>
  server.setSecureContext({ cert: certPem, key: keyPem, minVersion: 'TLSv1.2' });
