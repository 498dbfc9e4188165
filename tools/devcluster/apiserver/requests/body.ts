/** Bodies of requests. */
import { parse } from 'yaml';
import { StatusError } from '../../status-error.ts';
import type { WriteRequest } from '../cluster.ts';
import type { Kind } from '../kinds/kind.ts';
import { findDuplicateFields } from './duplicate-fields.ts';
import type { ApiRequest } from './request.ts';

/** Without parameters, as `application/json; charset=utf-8` has one. */
export const mediaType = (request: ApiRequest): string =>
  (request.headers['content-type'] ?? '').split(';')[0]?.trim() ?? '';

const objectTypes = ['application/json', 'application/yaml'];

export const unsupportedType = (accepted: readonly string[]): StatusError =>
  new StatusError(
    'UnsupportedMediaType',
    `the body of the request was in an unknown format - accepted media types include: ${accepted.join(', ')}`,
  );

/** The body of a create or update; undefined if there is none. */
export async function readObject(
  request: ApiRequest,
  { entry }: Kind,
  { fieldValidation, warn }: WriteRequest,
): Promise<unknown> {
  const text = await request.readBody();
  const body = parseBody(request, text, entry.kind);
  if (fieldValidation === 'Ignore' || mediaType(request) === 'application/yaml') return body;
  const duplicates = findDuplicateFields(text).map((field) => `duplicate field "${field}"`);
  if (fieldValidation === 'Strict' && duplicates.length > 0) {
    const reason = `strict decoding error: ${duplicates.join(', ')}`;
    throw new StatusError(
      'BadRequest',
      `${entry.kind} in version "${entry.version}" cannot be handled as a ${entry.kind}: ${reason}`,
    );
  }
  for (const duplicate of duplicates) warn(duplicate);
  return body;
}

/** A body that is not an object of the path's kind: options of a deletion, a Scale. */
export async function readOptions(request: ApiRequest): Promise<unknown> {
  return parseBody(request, await request.readBody(), 'DeleteOptions');
}

function parseBody(request: ApiRequest, text: string, kind: string): unknown {
  const type = mediaType(request);
  if (text === '') return undefined;
  if (type !== '' && type !== 'application/json' && type !== 'application/yaml') throw unsupportedType(objectTypes);
  try {
    return type === 'application/yaml' ? parse(text) : JSON.parse(text);
  } catch (error) {
    const reason = `couldn't get version/kind; json parse error: ${messageOf(error)}`;
    throw new StatusError('BadRequest', `the object provided is unrecognized (must be of type ${kind}): ${reason}`);
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** A patch: JSON, or YAML for an apply. */
export async function readPatch(request: ApiRequest): Promise<unknown> {
  const text = await request.readBody();
  try {
    return mediaType(request) === 'application/apply-patch+yaml' ? parseYaml(text) : JSON.parse(text);
  } catch (error) {
    throw new StatusError('BadRequest', `error decoding patch: ${messageOf(error)}`);
  }
}

/** JSON is YAML, and has a much faster parser. */
function parseYaml(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return parse(text);
  }
}
