/** Checks of the lines of the operator's stream. Only what a line contains is checked, and one bad resource does not spoil the others. */
import {
  checkedJson,
  count,
  hexId,
  list,
  object,
  oneOf,
  optional,
  pattern,
  string,
  time,
  must,
  within,
  type Check,
  type Checked,
} from './check.ts';
import type { DeltaMessage, Handover, Refusal, StreamMessage } from './messages.ts';
import { endpoint, removedEndpoint, resourceValues } from './parse-table.ts';
import { handoverProperties } from './proxy-messages.ts';
import { settingsWithDefaults } from './proxy-settings.ts';
import { resourceId, type ResourceType } from './resources.ts';
import type { EndpointsPatch, OrderPatch, TableDelta, VersionedResource } from './table-delta.ts';
import { isRecord } from '../platform/record.ts';

/** `refused`: the resources of a delta that are invalid, and have been left out. */
export type ReceivedMessage = Exclude<StreamMessage, DeltaMessage> | (DeltaMessage & { refused: Refusal[] });

type Message<Type extends StreamMessage['type']> = Extract<StreamMessage, { type: Type }>;
type Sent = Exclude<StreamMessage, DeltaMessage> | (Omit<DeltaMessage, 'delta'> & { delta: SentDelta });
type SentDelta = Omit<TableDelta, 'set' | 'endpoints'> & { set?: SentResource[]; endpoints?: SentPatch[] };
type SentResource = { type: string; name: string; version: string; value: unknown };
type SentPatch = Pick<EndpointsPatch, 'backend'>;

const stamp = { replica: string, revision: pattern(/^[0-9]{1,30}$/, 'decimal digits'), asOfMs: time };
const sessionIds = { replica: string, sessions: list(hexId) };
const unchecked: Check<unknown> = () => undefined;

const delta = object<SentDelta>({
  set: optional(list(object<SentResource>({ type: string, name: string, version: string, value: unchecked }))),
  remove: optional(list(string)),
  // Without it, a refusal could not say whose endpoints are not up to date.
  endpoints: optional(list(object<SentPatch>({ backend: string }))),
  order: optional(
    object<OrderPatch>({ from: string, version: string, at: count, remove: count, insert: list(string) }),
  ),
});

const endpointsPatch = object<EndpointsPatch>({
  backend: string,
  from: string,
  version: string,
  set: optional(list(endpoint)),
  remove: optional(list(string)),
  bury: optional(list(removedEndpoint)),
  forget: optional(list(string)),
});

const messages: { [Type in Sent['type']]: Check<Extract<Sent, { type: Type }>> } = {
  delta: object<Extract<Sent, { type: 'delta' }>>({ type: oneOf('delta'), ...stamp, nonce: count, delta }),
  heartbeat: object<Message<'heartbeat'>>({ type: oneOf('heartbeat'), ...stamp }),
  ended: object<Message<'ended'>>({ type: oneOf('ended'), ...sessionIds }),
  seen: object<Message<'seen'>>({ type: oneOf('seen'), ...sessionIds }),
  handover: object<Message<'handover'>>({
    type: oneOf('handover'),
    replica: string,
    handover: object<Handover & { from: string }>({ from: string, ...handoverProperties }),
  }),
};
const messageType = oneOf(...Object.keys(messages));
const isType = (value: unknown): value is Sent['type'] => messageType(value) === undefined;

const sentMessage: Check<Sent | { type: string }> = (value) => {
  const type = isRecord(value) ? value['type'] : undefined;
  return isType(type) ? messages[type](value) : within('.type', string(type));
};

const isSent = (message: Sent | { type: string }): message is Sent => isType(message.type);

/** `undefined`: a message of a type that a newer operator sends, which is ignored as an unknown property is. */
export function parseStreamMessage(line: string): Checked<ReceivedMessage | undefined> {
  const result = checkedJson(sentMessage, line, 'message');
  if ('problem' in result) return result;
  const message = result.value;
  if (!isSent(message)) return { value: undefined };
  return { value: message.type === 'delta' ? { ...message, ...checkDelta(message.delta) } : message };
}

function checkDelta({ set = [], endpoints = [], ...others }: SentDelta): Pick<DeltaMessage, 'delta'> & {
  refused: Refusal[];
} {
  const refused: Refusal[] = [];
  const keep = <T>(check: Check<T>, value: unknown, id: string): value is T => {
    const problem = within(id, check(value));
    if (problem !== undefined) refused.push({ id, problem });
    return problem === undefined;
  };
  return {
    delta: {
      ...others,
      set: set
        .map(completed)
        .filter((sent): sent is VersionedResource => isKnown(sent) && keep(versioned, sent, idOf(sent))),
      endpoints: endpoints.filter((patch): patch is EndpointsPatch =>
        keep(endpointsPatch, patch, resourceId('endpoints', patch.backend)),
      ),
    },
    refused,
  };
}

type KnownResource = SentResource & { type: ResourceType };

/** A resource of a type that a newer operator sends is ignored, as an unknown property is. */
const isKnown = (sent: SentResource): sent is KnownResource => Object.hasOwn(resourceValues, sent.type);

const idOf = ({ type, name }: KnownResource): string => resourceId(type, name);

/** `delta` has checked its other properties. */
const versioned: Check<VersionedResource> = (sent) =>
  isRecord(sent) && typeof sent['type'] === 'string' && Object.hasOwn(resourceValues, sent['type'])
    ? Reflect.get(resourceValues, sent['type'])(sent['value'])
    : must('a resource');

/** An operator of an earlier version does not know all settings of a proxy. */
const completed = (sent: SentResource): SentResource =>
  sent.type === 'proxy' ? { ...sent, value: settingsWithDefaults(sent.value) } : sent;
