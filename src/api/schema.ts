/**
 * The small part of OpenAPI v3 that a CustomResourceDefinition uses, and the TypeScript type each schema describes.
 *
 * The schema literals of this folder are the only source of the resource: `crds/` is generated from them and the types are inferred
 * from them, so that neither can differ from the other.
 */

export type Rule = { rule: string; message: string; reason?: string; fieldPath?: string };

type Common = { description?: string; 'x-kubernetes-validations'?: readonly Rule[] };

export type Schema = Common &
  (
    | {
        type: 'string';
        enum?: readonly string[];
        default?: string;
        pattern?: string;
        minLength?: number;
        maxLength?: number;
        format?: string;
      }
    | { type: 'integer'; format?: 'int32' | 'int64'; default?: number; minimum?: number; maximum?: number }
    | { type: 'boolean'; default?: boolean }
    | {
        type: 'array';
        items: Schema;
        default?: readonly unknown[];
        minItems?: number;
        maxItems?: number;
        'x-kubernetes-list-type'?: 'atomic' | 'set' | 'map';
        'x-kubernetes-list-map-keys'?: readonly string[];
      }
    | {
        type: 'object';
        properties: { readonly [name: string]: Schema };
        required?: readonly string[];
        default?: object;
        /** Of a map, whose keys are free. */
        additionalProperties?: Schema;
        'x-kubernetes-map-type'?: 'atomic';
        'x-kubernetes-preserve-unknown-fields'?: true;
      }
    | {
        'x-kubernetes-int-or-string': true;
        type?: never;
        default?: string | number;
        pattern?: string;
        anyOf?: readonly { type: string }[];
      }
  );

type Flatten<T> = { [K in keyof T]: T[K] };

// A property is always present if it is required, or if the API server sets its default.
type PresentKeys<P, R> = { [K in keyof P]: K extends R ? K : P[K] extends { default: unknown } ? K : never }[keyof P];

type InferObject<P, R> = Flatten<
  { [K in PresentKeys<P, R>]: Infer<P[K]> } & { [K in Exclude<keyof P, PresentKeys<P, R>>]?: Infer<P[K]> }
>;

/** The value that a schema describes, after the API server has set the defaults. */
export type Infer<S> = S extends { 'x-kubernetes-int-or-string': true }
  ? string | number
  : S extends { type: 'string'; enum: readonly (infer E)[] }
    ? E
    : S extends { type: 'string' }
      ? string
      : S extends { type: 'integer' }
        ? number
        : S extends { type: 'boolean' }
          ? boolean
          : S extends { type: 'array'; items: infer I }
            ? Infer<I>[]
            : S extends { additionalProperties: infer V }
              ? Record<string, Infer<V>>
              : S extends { 'x-kubernetes-preserve-unknown-fields': true }
                ? Record<string, unknown>
                : S extends { type: 'object'; properties: infer P; required: readonly (infer R)[] }
                  ? InferObject<P, R>
                  : S extends { type: 'object'; properties: infer P }
                    ? InferObject<P, never>
                    : never;

/** A map of texts, such as labels or annotations. */
export const textMap = (description: string, maxLength: number) =>
  ({
    type: 'object',
    properties: {},
    additionalProperties: { type: 'string', maxLength },
    description,
  }) as const satisfies Schema;
