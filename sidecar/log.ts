/** One JSON line per event, on stdout. Messages are constant; what varies is a field. */

export type LogFields = Record<string, string | number | boolean | undefined>;
export type Log = (event: string, fields?: LogFields) => void;

export const createLog =
  (write: (line: string) => void): Log =>
  (event, fields = {}) => {
    write(`${JSON.stringify({ time: new Date().toISOString(), component: 'sidecar', event, ...fields })}\n`);
  };
