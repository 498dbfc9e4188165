/** Objects of the API as a case reads them: it asserts what must be there. */

/** Any object of the API, a list or a Status: a case asserts what must be there. */
export type Body = {
  apiVersion: string;
  kind: string;
  metadata: Meta;
  spec: Fields;
  status: Fields;
  data: Record<string, string>;
  items: Body[];
} & Fields;

export type Fields = Record<string, unknown>;

export type Meta = {
  name: string;
  namespace: string;
  uid: string;
  resourceVersion: string;
  generation: number;
  creationTimestamp: string;
  deletionTimestamp?: string;
  deletionGracePeriodSeconds?: number;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  finalizers?: string[];
  managedFields?: ManagedFields[];
  continue?: string;
  remainingItemCount?: number;
};

export type ManagedFields = {
  manager: string;
  operation: 'Apply' | 'Update';
  apiVersion: string;
  time: string;
  fieldsType: string;
  fieldsV1: Fields;
  subresource?: string;
};
