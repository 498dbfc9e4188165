/** Cuts a stream of text into lines, whatever the chunks are. */

export interface LineSplitter {
  /** The lines that this chunk completed, without empty ones. Throws where a line grows beyond the limit. */
  push(chunk: string): string[];
}

export function createLineSplitter(maxLength: number): LineSplitter {
  // A long line comes in many chunks: they are joined once, when it is complete.
  let parts: string[] = [];
  let length = 0;
  return {
    push(chunk) {
      const [first = '', ...others] = chunk.split('\n');
      parts.push(first);
      length += first.length;
      if (length > maxLength) throw new RangeError(`a line is longer than ${maxLength} characters`);
      const last = others.pop();
      if (last === undefined) return [];
      const complete = [parts.join(''), ...others];
      parts = [last];
      length = last.length;
      return complete.filter((line) => line !== '');
    },
  };
}
