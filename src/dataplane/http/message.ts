/** What the heads of messages say, beside their fields. */
import type { Target } from './request-target.ts';

export type Framing =
  | { kind: 'none' }
  | { kind: 'length'; bytes: number }
  | { kind: 'chunked' }
  | { kind: 'untilClose' };

/** A valid request. `authority`: Host as sent, with its port; that of the absolute form takes precedence. Empty only in HTTP/1.0. */
export type RequestMeaning = {
  readonly method: string;
  readonly target: Target;
  readonly authority: string;
  readonly host: string;
  readonly framing: Framing;
};
