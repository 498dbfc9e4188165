/** The string formats that Kubernetes checks (kube-openapi's `strfmt`); others are taken as documentation. */
import { isIP, isIPv4, isIPv6 } from 'node:net';
import { isUrl } from './url.ts';

const wholly = (pattern: string): RegExp => new RegExp(`^(?:${pattern})$`, 'i');
const label = '[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?';
const hostname = wholly(`${label}|(?:${label}\\.)+[a-z]{2,63}`);
const uuid = wholly('[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}');
const base64 = wholly('(?:[a-z0-9+/]{4})*(?:[a-z0-9+/]{2}==|[a-z0-9+/]{3}=)?');
const goDuration = /^[-+]?(?:0|(?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|ms|[smh]))+$/;
/** What `strfmt` takes beside Go's form: `3 days`. */
const wordDuration =
  /^\d+\s*(?:ns|us|µs|ms|s|sec|secs|seconds?|m|min|mins|minutes?|h|hr|hrs|hours?|d|days?|w|weeks?)$/i;
const fullDate = /^\d{4}-\d{2}-\d{2}$/;
const dateTime = /^\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:[Zz]|[+-]\d{2}:\d{2})$/;
const email = /^[^\s@]+@[^\s@]+$/;

const isCalendarDay = (text: string): boolean => {
  const day = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(day.getTime()) && day.toISOString().startsWith(text);
};

const checks: Record<string, (text: string) => boolean> = {
  byte: (text) => base64.test(text),
  cidr: isCidr,
  date: (text) => fullDate.test(text) && isCalendarDay(text),
  'date-time': (text) => dateTime.test(text) && isCalendarDay(text.slice(0, 10)) && !Number.isNaN(Date.parse(text)),
  duration: (text) => goDuration.test(text) || wordDuration.test(text),
  email: (text) => email.test(text),
  hostname: (text) => text.length <= 253 && hostname.test(text),
  ipv4: isIPv4,
  ipv6: isIPv6,
  uri: isUrl,
  uuid: (text) => uuid.test(text),
};

/** True also for a format that is not checked. */
export function matchesFormat(format: string, text: string): boolean {
  return checks[format]?.(text) ?? true;
}

/** `10.0.0.0/8`, `fd00::/64`. */
export function isCidr(text: string): boolean {
  const [address = '', bits = '', ...more] = text.split('/');
  const width = isIPv4(address) ? 32 : 128;
  return more.length === 0 && isIP(address) !== 0 && /^\d{1,3}$/.test(bits) && Number(bits) <= width;
}
