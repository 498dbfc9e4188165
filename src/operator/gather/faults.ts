/** Objects that cannot be reduced to what is cached or translated, because of a defect of Holdfast, or because an older definition of their kind let them pass. */
import type { KubeObject } from '../../kube/ports.ts';
import type { Change } from '../../kube/watch/store.ts';
import { describeError } from '../../platform/errors.ts';
import { recordOf } from '../../platform/record.ts';
import { fingerprintOf } from './owned.ts';
import type { CacheName } from './watched.ts';

export type Fault = { kind: string; namespace: string; name: string; uid?: string; message: string };

/** `isKept`: its previous version stays in effect. */
type Cause = { isKept: boolean; error: unknown };

export function describeFault(named: Omit<Fault, 'message'>, { isKept, error }: Cause): Fault {
  const { kind, name } = named;
  const effect = isKept ? 'its previous version stays in effect' : 'it has no effect';
  return {
    ...named,
    message:
      `${kind} ${name} cannot be translated (${describeError(error)}): ${effect}, and other objects are not affected. ` +
      'Undo its last change, and report this defect of Holdfast with the object.',
  };
}

/** What is cached of an object that cannot be reduced. `isKept`: all of it is of an earlier version, except for its status. */
type Unreadable = KubeObject & { unreadable?: { fault: Fault; isKept: boolean } };

/** Whether it is cached for its status only: it was never read, and is in no list of the Snapshot. */
export const isOnlyStatus = ({ unreadable }: Unreadable): boolean => unreadable?.isKept === false;

export type Unreduced = {
  error: unknown;
  project: (object: KubeObject) => KubeObject;
  /** Of the same object. */
  previous: Unreadable | undefined;
};

/** Returns undefined if the object was never read, and has no status that could report it. */
export function keepUnreadable(object: KubeObject, { error, project, previous }: Unreduced): KubeObject | undefined {
  const isKept = previous !== undefined && !isOnlyStatus(previous);
  const base = isKept ? previous : projectStatus(object, project);
  if (base === undefined) return undefined;
  const { metadata, kind } = object;
  const { namespace = '', name, uid, resourceVersion = '', generation = 0 } = metadata;
  const fault = describeFault({ kind, namespace, name, ...(uid !== undefined && { uid }) }, { isKept, error });
  return {
    ...base,
    metadata: { ...base.metadata, resourceVersion },
    ...('observed' in base && { observed: { generation, ...pickStatus(object) } }),
    // So that an edit of an object that Holdfast owns is undone.
    ...('fingerprint' in base && { fingerprint: fingerprintOf(object) }),
    unreadable: { fault, isKept },
  };
}

const pickStatus = ({ status }: KubeObject): object => (status === undefined ? {} : { status });

/** With the fields of its spec that can be read alone: they show to whom its status matters. */
function projectStatus(object: KubeObject, project: Unreduced['project']): KubeObject | undefined {
  const withSpec = (fields: [string, unknown][]): KubeObject | undefined => {
    try {
      return project({ ...object, spec: Object.fromEntries(fields) });
    } catch {
      return undefined;
    }
  };
  const fields = Object.entries(recordOf(object['spec']));
  const projected = withSpec(fields.filter((field) => withSpec([field]) !== undefined));
  return projected && 'observed' in projected ? projected : undefined;
}

/** Those of all caches, kept up to date by their changes. */
export function createFaults() {
  const byCache = new Map<CacheName, Map<string, Fault>>();
  return {
    list: (): Fault[] => [...byCache.values()].flatMap((faults) => [...faults.values()]),
    follow(name: CacheName, { type, object }: Change): void {
      const { namespace = '', name: called } = object.metadata;
      const key = `${namespace}/${called}`;
      const fault = type === 'DELETED' ? undefined : (object as Unreadable).unreadable?.fault;
      if (fault === undefined) byCache.get(name)?.delete(key);
      else byCache.set(name, (byCache.get(name) ?? new Map<string, Fault>()).set(key, fault));
    },
    /** The kind is no longer watched. */
    forget: (name: CacheName): void => void byCache.delete(name),
  };
}
