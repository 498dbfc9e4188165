/**
 * Which statuses are up to date. A status is compared with the observed object, so that what another client changed, or a restored etcd
 * has lost, is repaired. Only while the cache is as old as at the last write, that write counts instead.
 */
import type { KubeObject } from '../../kube/ports.ts';
import { isRecord } from '../../platform/record.ts';

export type Observed = { uid?: string; resourceVersion?: string; status: unknown };

type Written = {
  text: string;
  /** The version of the cached object at the time of the write, and the version that the write resulted in. */
  before: string | undefined;
  after: string | undefined;
  /** The API server did not keep all fields: the installed definition is older than this operator, or newer. */
  isPruned: boolean;
};

export function createWrittenStatuses() {
  const byUid = new Map<string, Written>();

  /** Whether the object has what a part of the last written status says, as far as is known. */
  function agrees(part: object, { uid = '', resourceVersion, status: seen }: Observed): boolean {
    const last = byUid.get(uid);
    const isBehind = last !== undefined && (last.isPruned || last.before === resourceVersion);
    return isBehind || contains(seen, part);
  }

  return {
    agrees,
    isUpToDate(status: object, observed: Observed): boolean {
      const last = byUid.get(observed.uid ?? '');
      if (last === undefined) return contains(observed.status, status) && contains(status, observed.status);
      return last.text === JSON.stringify(status) && agrees(status, observed);
    },
    record(status: object, { uid = '', resourceVersion }: Observed, result: KubeObject): void {
      byUid.set(uid, {
        text: JSON.stringify(status),
        before: resourceVersion,
        after: result.metadata.resourceVersion,
        isPruned: !contains(result['status'], status),
      });
    },
    /** The version of a cached object, or of the last write if that was of this version. */
    newestOf({ uid = '', resourceVersion }: Observed): string | undefined {
      const last = byUid.get(uid);
      return last !== undefined && last.before === resourceVersion ? last.after : resourceVersion;
    },
    /** Whether the cached object is that of the last write, or older. */
    isOwn: ({ uid = '', resourceVersion }: KubeObject['metadata']): boolean => {
      const last = byUid.get(uid);
      return last !== undefined && (last.after === resourceVersion || last.before === resourceVersion);
    },
    forget: (uid: string): void => void byUid.delete(uid),
  };
}

/**
 * Whether the observed JSON has everything that is wanted. It may have more: defaults of the API server, and the conditions and entries of
 * other controllers. JSON omits undefined values.
 */
function contains(observed: unknown, wanted: unknown): boolean {
  if (observed === wanted || wanted === undefined) return true;
  if (Array.isArray(wanted)) {
    return (
      Array.isArray(observed) &&
      wanted.every((item, at) => contains(observed[at], item) || observed.some((one) => contains(one, item)))
    );
  }
  if (!isRecord(wanted) || !isRecord(observed)) return false;
  return Object.entries(wanted).every(([key, value]) => contains(observed[key], value));
}
