/** Asks the app how many sessions it has. What is not clearly a number is unknown, never zero. */
import { httpGet } from './http-get.ts';

const timeoutMs = 1000;
const maxBytes = 1024;

/** Throws where the app does not answer with a number. */
export async function askApplication({
  host,
  port,
  path,
}: {
  host: string;
  port: number;
  path: string;
}): Promise<number> {
  const { status, body } = await httpGet({ scheme: 'HTTP', host, port, path, timeoutMs, maxBytes });
  if (status !== 200) throw new Error(`the app answered ${status} to GET ${path}`);
  return parseSessions(body);
}

/** `12`, or JSON `{"sessions": 12}`. */
function parseSessions(body: string): number {
  const text = body.trim();
  const sessions: unknown = /^[0-9]{1,15}$/.test(text) ? Number(text) : readSessions(text);
  if (typeof sessions === 'number' && Number.isSafeInteger(sessions) && sessions >= 0) return sessions;
  throw new Error(
    `the app must answer with a whole number, or {"sessions": number}, not ${JSON.stringify(text.slice(0, 80))}`,
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
