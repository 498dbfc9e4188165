import type { Logger } from '../../src/platform/log.ts';

export type LogLine = { level: 'debug' | 'info' | 'warn' | 'error'; message: string; fields: object };

/** A logger that keeps its lines. */
export interface MemoryLogger extends Logger {
  lines(): LogLine[];
  messages(): string[];
}

export function createMemoryLogger(): MemoryLogger {
  const lines: LogLine[] = [];
  const at = (level: LogLine['level']) => (fields: object, message: string) => {
    lines.push({ level, message, fields });
  };
  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    lines: () => [...lines],
    messages: () => lines.map((line) => line.message),
  };
}
