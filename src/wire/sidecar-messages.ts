/** Checks of the messages between sidecar and operator: the drain status of a pod, and the summary of its drain. */
import { isRecord } from '../platform/record.ts';
import {
  checked,
  checkedJson,
  count,
  list,
  must,
  object,
  oneOf,
  pattern,
  string,
  time,
  within,
  type Check,
  type Checked,
} from './check.ts';
import type { DrainStatus, DrainSummary, SessionSource } from './messages.ts';

const maxMessageLength = 1024;

type Sent =
  | { terminating: false }
  | {
      terminating: true;
      killAtMs: number;
      appRuns?: unknown;
      disruption?: unknown;
      sources: unknown[];
      version?: unknown;
    };

const unchecked: Check<unknown> = () => undefined;
/** `sent` has checked it already. */
const isTrue: Check<true> = () => undefined;
const sentTerminating = object<Extract<Sent, { terminating: true }>>({
  terminating: isTrue,
  killAtMs: time,
  appRuns: unchecked,
  disruption: unchecked,
  sources: list(unchecked),
  version: unchecked,
});
const sent: Check<Sent> = (value) => {
  const terminating = isRecord(value) ? value['terminating'] : undefined;
  if (terminating === false) return undefined;
  return terminating === true ? sentTerminating(value) : within('.terminating', must('true or false'));
};

/** A source that the sidecar cannot parse is unknown: it must never count as zero. */
export function parseDrainStatus(json: string): Checked<DrainStatus> {
  const result = checkedJson(sent, json, 'drain status');
  if ('problem' in result) return result;
  if (!result.value.terminating) return { value: { terminating: false } };
  const { killAtMs, appRuns, disruption, sources, version } = result.value;
  return {
    value: {
      terminating: true,
      killAtMs,
      ...(typeof appRuns === 'boolean' && { appRuns }),
      ...(isReason(disruption) && { disruption }),
      sources: sources.map(parseSource),
      ...(isVersion(version) && { version }),
    },
  };
}

/** From the operator the sidecar accepts only the source `Proxy`: it counts the others itself, in the pod. */
function parseSource(source: unknown): SessionSource {
  if (!isRecord(source) || source['type'] !== 'Proxy') {
    return {
      type: 'Proxy',
      known: false,
      reason: 'the operator sent a session source that this sidecar does not know',
    };
  }
  const { known, sessions, reason } = source;
  if (known === true && count(sessions) === undefined) {
    return { type: 'Proxy', known: true, sessions: Number(sessions) };
  }
  return {
    type: 'Proxy',
    known: false,
    reason: typeof reason === 'string' ? reason : 'the operator sent no number of sessions',
  };
}

/** It becomes part of a message: one word, like the reasons of Kubernetes. */
const reasonWord = pattern(/^[A-Za-z][A-Za-z0-9_,:]{0,99}$/, 'a reason');
/** It becomes part of a path. */
const versionText = pattern(/^[\x21-\x7e]{1,300}$/, 'a version');
const isVersion = (value: unknown): value is string => versionText(value) === undefined;
const isReason = (value: unknown): value is string => reasonWord(value) === undefined;

type SentSummary = Pick<DrainSummary, 'reason' | 'tookMs' | 'message'> & {
  sessionsAtStart?: unknown;
  sessionsCut?: unknown;
};

const summary = object<SentSummary>({
  reason: oneOf('DrainComplete', 'DrainDeadline', 'DrainCutShort'),
  sessionsAtStart: unchecked,
  sessionsCut: unchecked,
  tookMs: time,
  message: string,
});

/** Counts that cannot be parsed are left out: unknown. */
export function parseDrainSummary(body: unknown): Checked<DrainSummary> {
  const result = checked(summary, body, 'summary');
  if ('problem' in result) return result;
  const { reason, sessionsAtStart, sessionsCut, tookMs, message } = result.value;
  return {
    value: {
      reason,
      ...(isCount(sessionsAtStart) && { sessionsAtStart }),
      ...(isCount(sessionsCut) && { sessionsCut }),
      tookMs,
      message: message.slice(0, maxMessageLength),
    },
  };
}

const isCount = (value: unknown): value is number => count(value) === undefined;
