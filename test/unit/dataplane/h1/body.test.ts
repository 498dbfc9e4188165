import { describe, expect, test } from '@jest/globals';
import { BodyReader } from '../../../../src/dataplane/h1/body.ts';
import type { Framing } from '../../../../src/dataplane/http/message.ts';
import { fc } from '../../../support/fast-check.ts';

type Result = { content: string; consumed: number; done: boolean; refusal: string | undefined; trailers: string };

/** Reads `text` in pieces, cut at the given offsets. */
function read(framing: Framing, text: string, cuts: number[] = []): Result {
  const body = new BodyReader();
  body.begin(framing);
  const bytes = Buffer.from(text, 'latin1');
  let content = '';
  let consumed = 0;
  for (const end of [...new Set([...cuts, bytes.length])].toSorted((a, b) => a - b)) {
    const until = body.read(bytes, consumed, end);
    content += bytes.toString('latin1', body.content.from, body.content.to);
    consumed = until;
    if (until < end || body.refusal !== undefined) break;
  }
  return { content, consumed, done: body.done, refusal: body.refusal?.reason, trailers: body.trailers };
}

const chunked: Framing = { kind: 'chunked' };

describe('the end of a body', () => {
  test('is after the Content-Length, and later bytes belong to the next message', () => {
    expect(read({ kind: 'length', bytes: 5 }, 'helloGET /')).toEqual({
      content: 'hello',
      trailers: '',
      consumed: 5,
      done: true,
      refusal: undefined,
    });
    expect(read({ kind: 'length', bytes: 5 }, 'hell')).toMatchObject({ done: false, consumed: 4 });
    expect(read({ kind: 'length', bytes: 0 }, 'GET /')).toMatchObject({ done: true, consumed: 0 });
  });

  test('is the end of the connection without a length', () => {
    expect(read({ kind: 'untilClose' }, 'all of it')).toMatchObject({ content: 'all of it', done: false });
  });

  test.each([
    ['one chunk', '5\r\nhello\r\n0\r\n\r\n', 'hello'],
    [
      'sizes in either case, with zeros in front',
      '000A\r\n0123456789\r\n0b\r\n0123456789x\r\n0\r\n\r\n',
      '01234567890123456789x',
    ],
    ['extensions, quoted ones too', '1;a;b=c;d="e;\\"f"\r\nx\r\n0;last\r\n\r\n', 'x'],
    ['trailers', '1\r\nx\r\n0\r\nX-Sum: 1\r\nX-Empty:\r\n\r\n', 'x'],
    ['no content', '0\r\n\r\n', ''],
  ])('chunked: %s', (_, text, content) => {
    expect(read(chunked, `${text}NEXT`)).toMatchObject({
      content,
      consumed: text.length,
      done: true,
      refusal: undefined,
    });
  });

  test.each([
    ['an empty size', '\r\n', 'InvalidChunkSize'],
    ['a size that is not hexadecimal', 'g\r\n', 'InvalidChunkSize'],
    ['0x in front', '0x5\r\n', 'InvalidChunkSize'],
    ['a sign', '+5\r\n', 'InvalidChunkSize'],
    ['a blank before the size', ' 5\r\n', 'InvalidChunkSize'],
    ['a blank after the size', '5 \r\n', 'InvalidChunkSize'],
    ['a size above 2^53', '20000000000000\r\n', 'InvalidChunkSize'],
    ['a size that would wrap to 1 in 64 bits', '10000000000000001\r\n', 'InvalidChunkSize'],
    ['seventeen digits, though they are zeros', `${'0'.repeat(17)}\r\n`, 'InvalidChunkSize'],
    ['a bare LF after the size', '5\nhello', 'BareLineFeed'],
    ['a CR without LF after the size', '5\rhello', 'BareCarriageReturn'],
    ['an extension without a name', '5;\r\nhello', 'InvalidChunkExtension'],
    ['an extension with a blank', '5; a\r\nhello', 'InvalidChunkExtension'],
    ['an open quote in an extension', '5;a="b\r\nhello', 'InvalidChunkExtension'],
    ['a bare LF inside an extension', '5;a\nb\r\nhello', 'BareLineFeed'],
    ['extensions beyond 16 KiB', `5;${'a'.repeat(17_000)}\r\n`, 'ChunkExtensionTooLarge'],
    ['more content than its size', '3\r\nhello\r\n', 'InvalidChunkEnd'],
    ['content that ends in LF alone', '1\r\nx\n0\r\n\r\n', 'InvalidChunkEnd'],
    ['a trailer without a colon', '0\r\nnonsense\r\n\r\n', 'InvalidTrailer'],
    ['a trailer with white space before its colon', '0\r\nA : b\r\n\r\n', 'InvalidTrailer'],
    ['a folded trailer', '0\r\nA: b\r\n c\r\n\r\n', 'InvalidTrailer'],
    ['a control character in a trailer', '0\r\nA: b\0\r\n\r\n', 'InvalidTrailer'],
    ['a bare LF in the trailers', '0\r\nA: b\n\r\n', 'BareLineFeed'],
    ['a Content-Length among the trailers', '0\r\nContent-Length: 1\r\n\r\n', 'ForbiddenTrailer'],
    ['a Transfer-Encoding among the trailers', '0\r\nTransfer-Encoding: chunked\r\n\r\n', 'ForbiddenTrailer'],
    ['an X-Forwarded-For among the trailers', '0\r\nX-Forwarded-For: 1.2.3.4\r\n\r\n', 'ForbiddenTrailer'],
    ['an Authorization among the trailers', '0\r\nAuthorization: x\r\n\r\n', 'ForbiddenTrailer'],
    ['trailers beyond 16 KiB', `0\r\nA: ${'a'.repeat(17_000)}\r\n`, 'TrailersTooLarge'],
  ])('chunked is refused for %s', (_, text, reason) => {
    expect(read(chunked, text)).toMatchObject({ refusal: reason, done: false });
  });
});

describe('however the bytes are split', () => {
  const extension = fc.constantFrom('', ';a', ';a=b', ';a="q;\\"q"');
  const chunk = fc.tuple(fc.string({ minLength: 1, maxLength: 40, unit: 'binary-ascii' }), extension);
  const trailer = fc.constantFrom('X-Sum: 1\r\n', 'X-Empty:\r\n');
  const cuts = fc.array(fc.nat(400), { maxLength: 30 });

  test('a valid chunked body gives the same content and the same end', () => {
    fc.assert(
      fc.property(
        fc.array(chunk, { maxLength: 6 }),
        fc.array(trailer, { maxLength: 2 }),
        cuts,
        (chunks, trailers, at) => {
          const text = `${chunks.map(([data, ext]) => `${data.length.toString(16)}${ext}\r\n${data}\r\n`).join('')}0\r\n${trailers.join('')}\r\n`;
          const bounded = at.filter((offset) => offset < text.length);
          const expected = {
            content: chunks.map(([data]) => data).join(''),
            trailers: trailers.join(''),
            consumed: text.length,
            done: true,
            refusal: undefined,
          };
          expect(read(chunked, `${text}GET / HTTP/1.1`, bounded)).toEqual(expected);
        },
      ),
      { numRuns: 300, seed: 7 },
    );
  });

  test('is the same for any bytes in any pieces', () => {
    const soup = fc.array(fc.constantFrom('0', '1', '3', 'a', ';', '=', '"', '\r\n', '\r', '\n', 'xyz', 'A: b', ' '), {
      maxLength: 25,
    });
    fc.assert(
      fc.property(soup, cuts, (parts, at) => {
        const text = parts.join('');
        const bounded = at.filter((offset) => offset < text.length);
        expect(read(chunked, text, bounded)).toEqual(read(chunked, text));
      }),
      { numRuns: 1000, seed: 11 },
    );
  });
});
