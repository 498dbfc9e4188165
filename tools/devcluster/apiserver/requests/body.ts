/** Bodies of requests. */
import { StatusError } from '../../status-error.ts';
import type { Kind } from '../kinds/kind.ts';
import type { ApiRequest } from './request.ts';

/** Returns the media type without parameters. */
export const mediaType = (request: ApiRequest): string =>
  (request.headers['content-type'] ?? '').split(';')[0]?.trim() ?? '';

const objectTypes = ['application/json', 'application/yaml'];

export const unsupportedType = (accepted: readonly string[]): StatusError =>
  new StatusError(
    'UnsupportedMediaType',
    `the body of the request was in an unknown format - accepted media types include: ${accepted.join(', ')}`,
  );

/** Returns the body of a create or update; undefined if there is none. A field that is in the JSON twice has its last value. */
export async function readObject(request: ApiRequest, { entry }: Kind): Promise<unknown> {
  return parseBody(request, await request.readBody(), entry.kind);
}

/** Returns a body that is not an object of its path: options of a deletion, a Scale. */
export async function readOptions(request: ApiRequest): Promise<unknown> {
  return parseBody(request, await request.readBody(), 'DeleteOptions');
}

async function parseBody(request: ApiRequest, text: string, kind: string): Promise<unknown> {
  const type = mediaType(request);
  if (text === '') return undefined;
  if (type !== '' && type !== 'application/json' && type !== 'application/yaml') throw unsupportedType(objectTypes);
  try {
    return type === 'application/yaml' ? await parseYaml(text) : JSON.parse(text);
  } catch (error) {
    const detail = `couldn't get version/kind; json parse error: ${messageOf(error)}`;
    throw new StatusError('BadRequest', `the object provided is unrecognized (must be of type ${kind}): ${detail}`);
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Returns a patch: JSON, or YAML if it is an apply. */
export async function readPatch(request: ApiRequest): Promise<unknown> {
  const text = await request.readBody();
  try {
    return mediaType(request) === 'application/apply-patch+yaml' ? await parseYaml(text) : JSON.parse(text);
  } catch (error) {
    throw new StatusError('BadRequest', `error decoding patch: ${messageOf(error)}`);
  }
}

/** JSON is YAML, and has a much faster parser: most clients need no other. */
async function parseYaml(text: string): Promise<unknown> {
  try {
    return JSON.parse(text);
  } catch {
    const { parse } = await import('yaml');
    return parse(text);
  }
}
