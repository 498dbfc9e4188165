/**
 * Since when this proxy has received the notices of other proxies without a gap. What happened to a session before that, through another
 * proxy, it does not know: it has just started, or had lost its operator.
 */
export interface NoticeWatch {
  /** The table, or the confirmation that it is current, has arrived. */
  heard(nowMs: number): void;
  sinceMs(nowMs: number): number;
}

/** Heartbeats arrive every 2 s, and a notice is repeated for 3 s: a stream that was silent for this long counts as broken. */
const silenceLimitMs = 10_000;

export function createNoticeWatch(): NoticeWatch {
  let startedMs = 0;
  let heardMs = Number.NEGATIVE_INFINITY;
  const isBroken = (nowMs: number) => nowMs - heardMs > silenceLimitMs;
  return {
    heard(nowMs) {
      if (isBroken(nowMs)) startedMs = nowMs;
      heardMs = nowMs;
    },
    sinceMs: (nowMs) => (isBroken(nowMs) ? nowMs : startedMs),
  };
}
