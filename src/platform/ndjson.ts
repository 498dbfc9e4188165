/** Lines of newline-delimited JSON, from a stream of bytes. */

/** Splits at `\n` and drops an unfinished last line. Throws RangeError when a line is longer than `maxBytes`. */
export async function* splitLines(chunks: AsyncIterable<Buffer>, maxBytes: number): AsyncGenerator<string> {
  // The pieces are joined once, at the end of the line: joining at each chunk would be quadratic for a long one.
  let pieces: Buffer[] = [];
  let pending = 0;
  for await (const chunk of chunks) {
    let from = 0;
    for (let end = chunk.indexOf(0x0a); end >= 0; end = chunk.indexOf(0x0a, from)) {
      pieces.push(chunk.subarray(from, end));
      checkLength(pending + end - from, maxBytes);
      yield Buffer.concat(pieces).toString('utf8');
      pieces = [];
      pending = 0;
      from = end + 1;
    }
    pieces.push(chunk.subarray(from));
    pending += chunk.length - from;
    checkLength(pending, maxBytes);
  }
}

function checkLength(length: number, maxBytes: number): void {
  if (length > maxBytes) throw new RangeError(`a line is longer than ${maxBytes} bytes`);
}
