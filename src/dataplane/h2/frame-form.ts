/** What each frame must be like, whatever the state of its connection and stream (RFC 9113 §6): all but DATA and those with header blocks. */
import { Flag, FrameType, protocolError, sizeError, type ConnectionError, type Frame } from './frames.ts';

type Form = {
  name: string;
  /** Whether it is of one stream, or of the connection. */
  of: 'Stream' | 'Connection' | 'Either';
  length?: number;
};

const forms: Partial<Record<number, Form>> = {
  [FrameType.Priority]: { name: 'PRIORITY', of: 'Stream', length: 5 },
  [FrameType.ResetStream]: { name: 'RST_STREAM', of: 'Stream', length: 4 },
  [FrameType.Settings]: { name: 'SETTINGS', of: 'Connection' },
  [FrameType.Ping]: { name: 'PING', of: 'Connection', length: 8 },
  [FrameType.GoAway]: { name: 'GOAWAY', of: 'Connection' },
  [FrameType.WindowUpdate]: { name: 'WINDOW_UPDATE', of: 'Either', length: 4 },
};

const leastGoAwayBytes = 8;

/** Returns the error of a frame that has not the form of its type. */
export function formError(frame: Frame): ConnectionError | undefined {
  const form = forms[frame.type];
  if (form === undefined) return undefined;
  if (form.of === 'Connection' && frame.streamId !== 0) return protocolError(`${form.name} of a stream`);
  if (form.of === 'Stream' && frame.streamId === 0) return protocolError(`${form.name} of stream 0`);
  return lengthError(frame, form);
}

function lengthError({ type, flags, length }: Frame, form: Form): ConnectionError | undefined {
  if (form.length !== undefined && length !== form.length) {
    return sizeError(`${form.name} is not ${form.length} bytes long`);
  }
  if (type === FrameType.GoAway && length < leastGoAwayBytes) return sizeError('GOAWAY is shorter than 8 bytes');
  const isAcknowledgement = type === FrameType.Settings && (flags & Flag.Ack) !== 0;
  return isAcknowledgement && length > 0 ? sizeError('an acknowledgement with settings') : undefined;
}
