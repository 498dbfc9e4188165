/** The query parameters of a request. */
import { forbidden, invalidObject, notSupported, required } from '../../schema/field-error.ts';
import { StatusError } from '../../status-error.ts';
import type { WriteRequest } from '../cluster.ts';
import type { User } from '../tokens.ts';
import { numberAt, textAt, textsAt, valueAt } from '../fields.ts';
import type { Deletion } from '../writes/delete.ts';

export type Query = URLSearchParams;

const isTrue = (query: Query, name: string): boolean => ['true', '1'].includes(query.get(name) ?? '');

type Client = { user: User; userAgent: string; warn: (text: string) => void };

/** `options` is the kind in messages: `CreateOptions`. */
export function readWriteRequest(query: Query, options: string, { user, userAgent, warn }: Client): WriteRequest {
  const fieldValidation = query.get('fieldValidation') ?? '';
  checkDryRun(query.getAll('dryRun'), options);
  if (!isFieldValidation(fieldValidation)) {
    throw invalidObject(`${options}.meta.k8s.io`, '', [
      notSupported('fieldValidation', fieldValidation, ['', 'Ignore', 'Strict', 'Warn']),
    ]);
  }
  return {
    user,
    manager: query.get('fieldManager') || (userAgent.split('/')[0] ?? ''),
    dryRun: query.has('dryRun'),
    fieldValidation: fieldValidation === '' ? 'Warn' : fieldValidation,
    warn,
  };
}

const isFieldValidation = (text: string): text is '' | WriteRequest['fieldValidation'] =>
  ['', 'Ignore', 'Strict', 'Warn'].includes(text);

function checkDryRun(values: readonly string[], options: string): void {
  if (values.every((value) => value === 'All')) return;
  throw invalidObject(`${options}.meta.k8s.io`, '', [notSupported('dryRun', values, ['All'])]);
}

/** Returns whether an apply is forced. Only an apply can be forced, and it needs a field manager. */
export function readForce(query: Query, isApply: boolean): boolean {
  if (isApply && !query.get('fieldManager')) {
    throw invalidObject('PatchOptions.meta.k8s.io', '', [required('fieldManager', 'is required for apply patch')]);
  }
  if (!isApply && query.has('force')) {
    throw invalidObject('PatchOptions.meta.k8s.io', '', [
      forbidden('force', 'may not be specified for non-apply patch'),
    ]);
  }
  return isTrue(query, 'force');
}

export type ListOptions = {
  labelSelector: string;
  fieldSelector: string;
  limit: number;
  continueToken: string;
  /** Undefined: any version; a watch then starts with all existing objects. */
  resourceVersion: number | undefined;
  timeoutSeconds: number | undefined;
  allowBookmarks: boolean;
  sendInitialEvents: boolean;
  isWatch: boolean;
};

export function readListOptions(query: Query): ListOptions {
  const isWatch = isTrue(query, 'watch');
  const version = query.get('resourceVersion') ?? '';
  const match = query.get('resourceVersionMatch') ?? '';
  checkVersionMatch(query, { isWatch, version, match });
  const timeout = Number(query.get('timeoutSeconds') ?? 0);
  return {
    labelSelector: query.get('labelSelector') ?? '',
    fieldSelector: query.get('fieldSelector') ?? '',
    limit: Number(query.get('limit') ?? 0),
    continueToken: query.get('continue') ?? '',
    resourceVersion: version === '' || version === '0' ? undefined : parseVersion(version, isWatch),
    timeoutSeconds: timeout > 0 ? timeout : undefined,
    allowBookmarks: isTrue(query, 'allowWatchBookmarks'),
    sendInitialEvents: isTrue(query, 'sendInitialEvents'),
    isWatch,
  };
}

function checkVersionMatch(
  query: Query,
  { isWatch, version, match }: { isWatch: boolean; version: string; match: string },
): void {
  const refuse = (field: string, reason: string): never => {
    throw invalidObject('ListOptions.meta.k8s.io', '', [forbidden(field, reason)]);
  };
  if (query.has('sendInitialEvents')) {
    if (!isWatch) refuse('sendInitialEvents', 'sendInitialEvents is forbidden for list');
    if (match !== 'NotOlderThan') {
      refuse('resourceVersionMatch', 'sendInitialEvents requires setting resourceVersionMatch to NotOlderThan');
    }
    return;
  }
  if (match === '') return;
  if (isWatch) {
    refuse('resourceVersionMatch', 'resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided');
  }
  if (version === '') {
    refuse('resourceVersionMatch', 'resourceVersionMatch is forbidden unless resourceVersion is provided');
  }
  if (query.has('continue')) {
    refuse('resourceVersionMatch', 'resourceVersionMatch is forbidden when continue is provided');
  }
}

/** The API server reports an invalid version of a watch as an internal error. */
function parseVersion(text: string, isWatch: boolean): number {
  if (/^\d+$/.test(text)) return Number(text);
  const message = `resourceVersion: Invalid value: "${text}": strconv.ParseUint: parsing "${text}": invalid syntax`;
  throw isWatch
    ? new StatusError('InternalError', message)
    : new StatusError('BadRequest', `invalid resource version: ${message}`);
}

/** DeleteOptions, from the body and the query, which takes precedence. */
export function readDeletion(query: Query, body: unknown): { deletion: Deletion; isDryRun: boolean } {
  checkPropagation(query, body);
  const seconds = query.get('gracePeriodSeconds');
  const gracePeriodSeconds = seconds === null ? numberAt(body, 'gracePeriodSeconds') : Number(seconds);
  const uid = textAt(body, 'preconditions', 'uid');
  const resourceVersion = textAt(body, 'preconditions', 'resourceVersion');
  const dryRun = [...query.getAll('dryRun'), ...textsAt(body, 'dryRun')];
  checkDryRun(dryRun, 'DeleteOptions');
  const deletion: Deletion = {
    ...(gracePeriodSeconds !== undefined && { gracePeriodSeconds }),
    ...(uid !== '' && { uid }),
    ...(resourceVersion !== '' && { resourceVersion }),
  };
  return { deletion, isDryRun: dryRun.length > 0 };
}

/** The garbage collector supports background deletion only. */
function checkPropagation(query: Query, body: unknown): void {
  const policy = query.get('propagationPolicy') ?? textAt(body, 'propagationPolicy');
  if (policy !== '' && policy !== 'Background') {
    throw invalidObject('DeleteOptions.meta.k8s.io', '', [notSupported('propagationPolicy', policy, ['Background'])]);
  }
  if (query.has('orphanDependents') || valueAt(body, 'orphanDependents') !== undefined) {
    const detail = 'devcluster does not support it: use propagationPolicy Background';
    throw invalidObject('DeleteOptions.meta.k8s.io', '', [forbidden('orphanDependents', detail)]);
  }
}
