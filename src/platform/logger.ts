/** Structured logs: JSON lines by pino. Messages are constant, values are fields, secrets are redacted. */
import { pino } from 'pino';
import type { Logger } from './log.ts';

export type { Logger } from './log.ts';

export const logLevels = ['info', 'debug', 'warn', 'error', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

const redacted = ['token', '*.token', 'secret', '*.secret', 'authorization', '*.authorization', 'cookie', '*.cookie'];

/** `component` is a field of every line: `operator`, `proxy`. */
export function createLogger(component: string, level: LogLevel): Logger {
  return pino({
    level,
    base: { component },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    redact: { paths: redacted, censor: '[redacted]' },
  });
}
