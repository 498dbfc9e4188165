/** An event for each object that cannot be translated, once for each version. */
import type { EventSink } from '../../kube/ports.ts';
import * as resources from '../../kube/resources.ts';
import type { Reason } from '../../api/reasons.ts';
import type { Fault } from '../gather/faults.ts';

const apiVersions = new Map(
  Object.values(resources)
    .flatMap((resource) => ('kind' in resource ? [resource] : Object.values(resource)))
    .map(({ group, version, kind }) => [kind, group === '' ? version : `${group}/${version}`]),
);

export function createFaultEvents(events: EventSink): (faults: readonly Fault[]) => void {
  let known: readonly Fault[] = [];
  return (faults) => {
    for (const fault of faults) if (!known.includes(fault)) emit(fault, events);
    known = faults;
  };
}

function emit({ kind, namespace, name, uid, message }: Fault, events: EventSink): void {
  events.emit({
    type: 'Warning',
    reason: 'TranslationFailed' satisfies Reason,
    action: 'Translate',
    note: message,
    regarding: {
      apiVersion: apiVersions.get(kind) ?? '',
      kind,
      name,
      // Events about cluster-scoped objects are in this namespace.
      namespace: namespace || 'default',
      ...(uid !== undefined && { uid }),
    },
  });
}
