/** Events: two groups, one storage. */
import type { KubeObject } from '../../../../src/kube/ports.ts';
import { type FieldError, invalid, required } from '../../schema/field-error.ts';
import { textAt } from '../fields.ts';
import type { KindRules } from './kind.ts';
import { qualifiedName } from './names.ts';

/** What is in no namespace has its events in `default`. The message is that of the older group, in both. */
const namespaceError = (event: KubeObject, field: string): FieldError[] => {
  const namespace = textAt(event, field, 'namespace');
  const wanted = namespace === '' ? 'default' : namespace;
  return wanted === event.metadata.namespace
    ? []
    : [invalid('involvedObject.namespace', namespace, 'does not match event.namespace')];
};

export const coreEventRules: KindRules = { validate: (event) => namespaceError(event, 'involvedObject') };

const eventTypes = ['Normal', 'Warning'];
const longestNote = 1024;

/** The older group does not look at them. The real server shows none of the values. */
function validateFields(event: KubeObject): FieldError[] {
  const [controller, type] = [textAt(event, 'reportingController'), textAt(event, 'type')];
  const problem = qualifiedName(controller);
  const errors = problem === undefined ? [] : [invalid('reportingController', controller, problem)];
  if (!eventTypes.includes(type)) errors.push(invalid('type', '', `has invalid value: ${type}`));
  if (textAt(event, 'note').length > longestNote) {
    errors.push(invalid('message', '', `can have at most ${longestNote} characters`));
  }
  return errors;
}

/** What old events lack. */
const reporterFields = ['reportingController', 'reportingInstance', 'action', 'reason'];

export const eventRules: KindRules = {
  validate(event, old) {
    const errors = namespaceError(event, 'regarding');
    if (old !== undefined) return errors;
    const missing = ['eventTime', ...reporterFields].filter((field) => textAt(event, field) === '');
    return [...errors, ...missing.map((field) => required(field)), ...validateFields(event)];
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

function renamed(
  { kind, metadata, ...event }: KubeObject,
  names: Readonly<Record<string, string>>,
  apiVersion: string,
): KubeObject {
  const fields = Object.entries(event).map(([name, value]) => [names[name] ?? name, value] as const);
  return { ...Object.fromEntries(fields), kind, apiVersion, metadata };
}

const toEventNames = Object.fromEntries(coreNames);
const toCoreNames = Object.fromEntries(coreNames.map(([core, stored]) => [stored, core]));
export const coreEventToStored = (event: KubeObject): KubeObject => renamed(event, toEventNames, 'events.k8s.io/v1');
export const storedToCoreEvent = (event: KubeObject): KubeObject => renamed(event, toCoreNames, 'v1');
