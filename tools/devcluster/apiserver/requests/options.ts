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

/** `options`: the kind in messages, such as `CreateOptions`. */
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

/** Returns whether an apply is forced. Only an apply can be, and it must name its field manager. */
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
  /** Undefined: any version; a watch begins with all existing objects. */
  resourceVersion: number | undefined;
  timeoutSeconds: number | undefined;
  allowBookmarks: boolean;
  isWatch: boolean;
};

export function readListOptions(query: Query): ListOptions {
  const isWatch = isTrue(query, 'watch');
  const version = query.get('resourceVersion') ?? '';
  refuseUnsupported(query);
  const timeout = Number(query.get('timeoutSeconds') ?? 0);
  return {
    labelSelector: query.get('labelSelector') ?? '',
    fieldSelector: query.get('fieldSelector') ?? '',
    resourceVersion: version === '' || version === '0' ? undefined : parseVersion(version, isWatch),
    timeoutSeconds: timeout > 0 ? timeout : undefined,
    allowBookmarks: isTrue(query, 'allowWatchBookmarks'),
    isWatch,
  };
}

/** Refuses what would change the result: a streaming list, a list of an exact version, the next page. */
function refuseUnsupported(query: Query): void {
  const refuse = (field: string, detail: string): never => {
    throw invalidObject('ListOptions.meta.k8s.io', '', [forbidden(field, `devcluster does not support ${detail}`)]);
  };
  // Clients fall back to a list and a watch.
  if (isTrue(query, 'sendInitialEvents')) refuse('sendInitialEvents', 'streaming lists');
  if (query.get('resourceVersionMatch') === 'Exact') refuse('resourceVersionMatch', 'lists of an exact version');
  if (query.has('continue')) refuse('continue', 'pages: each list is complete');
}

/** For a watch, the API server reports an invalid version as an internal error. */
function parseVersion(text: string, isWatch: boolean): number {
  if (/^\d+$/.test(text)) return Number(text);
  const message = `resourceVersion: Invalid value: "${text}": strconv.ParseUint: parsing "${text}": invalid syntax`;
  throw isWatch
    ? new StatusError('InternalError', message)
    : new StatusError('BadRequest', `invalid resource version: ${message}`);
}

/** Returns the DeleteOptions of the query and the body; the query has precedence. */
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
