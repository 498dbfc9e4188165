import { encodeResponseHead } from '../../src/dataplane/h1/head-encoder.ts';
import { parseResponseHead } from '../../src/dataplane/http/head-parser.ts';
import { createHead } from '../../src/dataplane/http/head.ts';
import { cookieCarrier, filterOf } from '../support/proxy-table.ts';
import { goldenCases } from '../support/golden.ts';

/** Responses of an app, and what the client gets with a token in a cookie, with one in a header, and without one. */
type Case = { method: string; responses: Record<string, string[]> };

const limits = { lineBytes: 8192, headBytes: 32_768, fields: 100 };
const cookie = {
  filter: filterOf(cookieCarrier({ name: 's' })),
  sessionFields: [{ name: 'Set-Cookie', value: 's=TOKEN' }],
};
const header = {
  filter: filterOf({ type: 'Header', name: 'X-Session' }),
  sessionFields: [{ name: 'X-Session', value: 'TOKEN' }],
};

function forwarded(
  lines: string[],
  method: string,
  session: Pick<typeof cookie, 'filter' | 'sessionFields'>,
): string[] {
  const head = createHead(limits);
  const bytes = Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
  if (parseResponseHead(head, bytes, 0, bytes.length) !== 'complete') throw new Error(lines.join('\n'));
  return encodeResponseHead(head, { edits: undefined, ...session, method }, '')
    .trimEnd()
    .split('\r\n');
}

goldenCases(new URL('cache-control/', import.meta.url), (input) => {
  const { method, responses } = input as Case;
  return Object.fromEntries(
    Object.entries(responses).map(([name, lines]) => {
      const plain = forwarded(lines, method, { ...cookie, sessionFields: [] });
      // Without a token nothing changes.
      if (plain.join('\n') !== lines.join('\n')) throw new Error(`${name}: changed although there is no token`);
      const [byCookie, byHeader] = [forwarded(lines, method, cookie), forwarded(lines, method, header)];
      const same = byCookie.join('\n').replace('Set-Cookie: s=', 'X-Session: ') === byHeader.join('\n');
      return [name, same ? byCookie : { byCookie, byHeader }];
    }),
  );
});
