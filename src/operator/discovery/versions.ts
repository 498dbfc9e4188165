/**
 * Versions of resources: hashes of their content. Every replica gives equal content the same version, and so does one that was restarted: a
 * proxy that connects again, to whichever, gets only what has changed.
 */
import { createHash } from 'node:crypto';
import type { EndpointSet } from '../../wire/resources.ts';
import type { Versions } from '../../wire/table-delta.ts';

/** Remembered by the object: tables share the parts that did not change. */
export function createVersions(): Versions {
  const known = new WeakMap<object, string>();
  /** Sums of the hashes of all entries: one entry changes the sum without a look at the others. */
  const sums = new WeakMap<readonly object[], bigint>();

  const sumOf = (entries: readonly object[]): bigint => {
    const sum = sums.get(entries) ?? entries.reduce((total, entry) => total + hashOf(entry), 0n);
    sums.set(entries, sum);
    return sum;
  };
  const ofSet = ({ endpoints, removedEndpoints }: EndpointSet): string =>
    hex(sumOf(endpoints) + sumOf(removedEndpoints) * factor);

  return {
    of({ type, value }) {
      if (type === 'endpoints') return ofSet(value);
      const version = known.get(value) ?? hex(hashOf(value));
      known.set(value, version);
      return version;
    },
    ofPatched(before, after, { gone, come }) {
      if (!sums.has(after.endpoints)) {
        const sum = sumOf(before.endpoints) - gone.reduce((total, one) => total + hashOf(one), 0n);
        sums.set(
          after.endpoints,
          come.reduce((total, one) => total + hashOf(one), sum),
        );
      }
      return ofSet(after);
    },
  };
}

/** So that a pod that moves from one list to the other changes the version. */
const factor = 0x9e37_79b9_7f4a_7c15n;

const hashOf = (value: object): bigint => createHash('sha256').update(JSON.stringify(value)).digest().readBigUInt64BE();

const hex = (hash: bigint): string => BigInt.asUintN(64, hash).toString(16).padStart(16, '0');
