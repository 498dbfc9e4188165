import { noUpstreamUser, type UpstreamStream } from '../streams.ts';

/**
 * Reads the rest of a response that the client does not get, because its connection can be used again if it ends soon. Returns a function that ends
 * the stream if it has not ended by then.
 */
export function discardResponse(stream: UpstreamStream): () => void {
  let isOver = false;
  const over = () => {
    isOver = true;
  };
  stream.user = {
    ...noUpstreamUser,
    responseContent(_bytes, _range, endStream) {
      isOver = endStream;
    },
    responseEnded: over,
    responseInvalid: over,
    upstreamGone: over,
    upstreamUnreachable: over,
    fault: over,
  };
  return () => {
    if (!isOver) stream.abort();
    isOver = true;
  };
}
