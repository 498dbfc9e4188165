/** Requests the number of sessions from the app. Any response that is not clearly a number is unknown, never zero. */
import { httpGet } from './http-get.ts';

const timeoutMs = 1000;
const maxBytes = 1024;

/** Throws unless the app responds with a number. */
export async function countApplication({
  host,
  port,
  path,
}: {
  host: string;
  port: number;
  path: string;
}): Promise<number> {
  const { status, body } = await httpGet({ scheme: 'HTTP', host, port, path, timeoutMs, maxBytes });
  if (status !== 200) throw new Error(`the app responded with ${status} to GET ${path}`);
  return parseSessions(body);
}

/** Accepts `12` and the JSON `{"sessions": 12}`. */
function parseSessions(body: string): number {
  const text = body.trim();
  const sessions: unknown = /^[0-9]{1,15}$/.test(text) ? Number(text) : readSessions(text);
  if (typeof sessions === 'number' && Number.isSafeInteger(sessions) && sessions >= 0) return sessions;
  throw new Error(
    `the app must respond with a whole number or {"sessions": number}, not ${JSON.stringify(text.slice(0, 80))}`,
  );
}

function readSessions(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && 'sessions' in value ? value.sessions : undefined;
  } catch {
    return undefined;
  }
}
