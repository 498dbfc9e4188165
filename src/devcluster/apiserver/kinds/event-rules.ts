/** Events: two groups, one storage. */
import type { KubeObject } from '../../../kube/ports.ts';
import { type FieldError, invalid, required } from '../../schema/field-error.ts';
import { textAt } from '../fields.ts';
import type { KindRules } from './kind.ts';

const namespaceError = (event: KubeObject, field: string): FieldError[] => {
  const namespace = textAt(event, field, 'namespace');
  return namespace === '' || namespace === event.metadata.namespace ? [] : [invalid(`${field}.namespace`, namespace, 'does not match event.namespace')];
};

export const coreEventRules: KindRules = { validate: (event) => namespaceError(event, 'involvedObject') };

/** What old events lack. */
const reporterFields = ['reportingController', 'reportingInstance', 'action', 'reason'];

export const eventRules: KindRules = {
  validate(event, old) {
    const errors = namespaceError(event, 'regarding');
    if (old !== undefined) return errors;
    const missing = ['eventTime', ...reporterFields].filter((field) => textAt(event, field) === '');
    return [...errors, ...missing.map((field) => required(field))];
  },
};

/** Events of core/v1 in the form of events.k8s.io/v1, in which they are stored, and back. */
const coreNames: readonly (readonly [core: string, stored: string])[] = [
  ['involvedObject', 'regarding'],
  ['message', 'note'],
  ['source', 'deprecatedSource'],
  ['firstTimestamp', 'deprecatedFirstTimestamp'],
  ['lastTimestamp', 'deprecatedLastTimestamp'],
  ['count', 'deprecatedCount'],
  ['reportingComponent', 'reportingController'],
];

function renamed({ kind, metadata, ...event }: KubeObject, names: Readonly<Record<string, string>>, apiVersion: string): KubeObject {
  const fields = Object.entries(event).map(([name, value]) => [names[name] ?? name, value] as const);
  return { ...Object.fromEntries(fields), kind, apiVersion, metadata };
}

const toEventNames = Object.fromEntries(coreNames);
const toCoreNames = Object.fromEntries(coreNames.map(([core, stored]) => [stored, core]));
export const coreEventToStored = (event: KubeObject): KubeObject => renamed(event, toEventNames, 'events.k8s.io/v1');
export const storedToCoreEvent = (event: KubeObject): KubeObject => renamed(event, toCoreNames, 'v1');
