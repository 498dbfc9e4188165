/** Lines of the operator's stream, checked: what is not a message of the contract is refused as TABLE_INVALID. */
import type { TableMessage } from '../../wire/messages.ts';
import { isListOf, isObject, isPattern, isText, isTime, parseRoutingTable } from '../../wire/parse-table.ts';
import { AppError } from '../../platform/errors.ts';

const stampProblem = isObject({
  type: isText,
  replica: isText,
  revision: isPattern(/^[0-9]{1,30}$/, 'decimal digits'),
  asOfMs: isTime,
});
const isSession = isPattern(/^[0-9a-f]{16}$/, '16 hex digits');
const newsProblem = isObject({
  type: isPattern(/^(ended|seen)$/, 'ended or seen'),
  replica: isText,
  sessions: isListOf(isSession),
});

const handoverProblem = isObject({
  type: isPattern(/^handover$/, 'handover'),
  replica: isText,
  handover: isObject({
    from: isText,
    startedAtMs: isTime,
    sessions: isListOf(isObject({ id: isSession, endpoint: isSession, lastSeenS: isTime, issuedAtS: isTime })),
  }),
});

type Stamp = { type: string; replica: string; revision: string; asOfMs: number; table?: unknown };

export function parseTableMessage(line: string): TableMessage {
  const value = parseJson(line);
  if (isNews(value) || isHandover(value)) return value;
  if (!isStamp(value)) throw refused(stampProblem(value, 'message') ?? 'message: is not one');
  const { replica, revision, asOfMs } = value;
  if (value.type === 'heartbeat') return { type: 'heartbeat', replica, revision, asOfMs };
  if (value.type !== 'table') throw refused('message.type: must be table or heartbeat');
  const parsed = parseRoutingTable(value.table);
  if ('problem' in parsed) throw refused(parsed.problem);
  return { type: 'table', replica, revision, asOfMs, table: parsed.table };
}

const isNews = (value: unknown): value is Extract<TableMessage, { type: 'ended' | 'seen' }> =>
  newsProblem(value, 'message') === undefined;

const isHandover = (value: unknown): value is Extract<TableMessage, { type: 'handover' }> =>
  handoverProblem(value, 'message') === undefined;

const isStamp = (value: unknown): value is Stamp => stampProblem(value, 'message') === undefined;

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw refused('not JSON', error);
  }
}

const refused = (problem: string, cause?: unknown) =>
  new AppError('TABLE_INVALID', problem, { source: 'kubernetes', retryable: true, cause });
