/** RFC 7386. */
import { copyJson, isJsonObject, type JsonObject } from '../schema/json.ts';

/** Returns a copy of `object` with the patch applied: null removes a field, objects merge, everything else replaces. */
export function applyMergePatch(object: JsonObject, patch: JsonObject): JsonObject {
  const result = copyJson(object);
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete result[name];
    else if (isJsonObject(value)) result[name] = applyMergePatch(asObject(result[name]), value);
    else result[name] = copyJson(value);
  }
  return result;
}

const asObject = (value: unknown): JsonObject => (isJsonObject(value) ? value : {});
