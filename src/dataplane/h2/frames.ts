/** Frames of HTTP/2 (RFC 9113 §4 and §6): their numbers, and their sizes. */

export const FrameType = {
  Data: 0,
  Headers: 1,
  Priority: 2,
  ResetStream: 3,
  Settings: 4,
  PushPromise: 5,
  Ping: 6,
  GoAway: 7,
  WindowUpdate: 8,
  Continuation: 9,
} as const;

/** ACK of SETTINGS and PING has the number of END_STREAM. */
export const Flag = { EndStream: 0x1, Ack: 0x1, EndHeaders: 0x4, Padded: 0x8, Priority: 0x20 } as const;

/** RFC 9113 §7. */
export const ErrorCode = {
  NoError: 0,
  ProtocolError: 1,
  InternalError: 2,
  FlowControlError: 3,
  SettingsTimeout: 4,
  StreamClosed: 5,
  FrameSizeError: 6,
  RefusedStream: 7,
  Cancel: 8,
  CompressionError: 9,
  ConnectError: 10,
  EnhanceYourCalm: 11,
  InadequateSecurity: 12,
  Http11Required: 13,
} as const;
export type ErrorCode = (typeof ErrorCode)[keyof typeof ErrorCode];

export type ErrorName = keyof typeof ErrorCode;
const names = Object.keys(ErrorCode).filter((name): name is ErrorName => name in ErrorCode);

/** Returns the name under which an error is counted. */
export const nameOf = (code: ErrorCode): ErrorName => names.find((name) => ErrorCode[name] === code) ?? 'InternalError';

export const Setting = {
  HeaderTableSize: 1,
  EnablePush: 2,
  MaxConcurrentStreams: 3,
  InitialWindowSize: 4,
  MaxFrameSize: 5,
  MaxHeaderListSize: 6,
  /** RFC 8441. */
  EnableConnectProtocol: 8,
} as const;

export const frameHeaderBytes = 9;
/** What every endpoint must accept, and what this one accepts. */
export const minMaxFrameBytes = 16_384;
export const maxMaxFrameBytes = 2 ** 24 - 1;
export const defaultWindowBytes = 65_535;
export const maxWindowBytes = 2 ** 31 - 1;

export type Frame = { length: number; type: number; flags: number; streamId: number };

/** A fault of the peer that ends the connection: the code of the GOAWAY, and what was wrong, for logs and its debug data. */
export type ConnectionError = { readonly code: ErrorCode; readonly detail: string };

export const protocolError = (detail: string): ConnectionError => ({ code: ErrorCode.ProtocolError, detail });
export const sizeError = (detail: string): ConnectionError => ({ code: ErrorCode.FrameSizeError, detail });
export const flowError = (detail: string): ConnectionError => ({ code: ErrorCode.FlowControlError, detail });
