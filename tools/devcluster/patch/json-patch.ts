/** RFC 6902, as the API server applies it. */
import { applyPatch, Pointer, type Operation } from 'rfc6902';
import { copyJson, isJsonObject, type JsonObject } from '../schema/json.ts';
import { StatusError } from '../status-error.ts';

/** Throws StatusError: BadRequest for an invalid JSON patch, Invalid for one that cannot be applied to the object. */
export function applyJsonPatch(object: JsonObject, patch: unknown): JsonObject {
  if (!Array.isArray(patch)) {
    const found = isJsonObject(patch) ? 'object' : typeof patch;
    throw new StatusError(
      'BadRequest',
      `error decoding patch: json: cannot unmarshal ${found} into Go value of type []handlers.jsonPatchOp`,
    );
  }
  const result: unknown = copyJson(object);
  // Each operation sees the changes of those before it.
  const isApplied = patch.every((operation: unknown) => isOperation(operation) && applyOperation(result, operation));
  if (isApplied && isJsonObject(result)) return result;
  throw new StatusError('Invalid', 'the server rejected our request due to an error in our request');
}

const isPointer = (value: unknown): boolean => typeof value === 'string' && value.startsWith('/');

function isOperation(value: unknown): value is Operation {
  if (!isJsonObject(value) || !isPointer(value['path'])) return false;
  const { from, op } = value;
  return op === 'move' || op === 'copy' ? isPointer(from) : op === 'remove' || Object.hasOwn(value, 'value');
}

/** Returns false if it cannot be applied. */
function applyOperation(document: unknown, operation: Operation): boolean {
  const { parent } = Pointer.fromJSON(operation.path).evaluate(document);
  if (typeof parent !== 'object' || parent === null) return false;
  // The API server lets `replace` create a missing field of an object.
  const isReplacedField = operation.op === 'replace' && !Array.isArray(parent);
  const [error] = applyPatch(document, [
    isReplacedField ? { op: 'add', path: operation.path, value: operation.value } : operation,
  ]);
  return error === null;
}
