/** What the peer of a connection has announced (RFC 9113 §6.5). */
import {
  defaultWindowBytes,
  ErrorCode,
  maxMaxFrameBytes,
  maxWindowBytes,
  minMaxFrameBytes,
  Setting,
  type ConnectionError,
} from './frames.ts';

const bytesOfSetting = 6;

const bad = (code: ErrorCode, detail: string): ConnectionError => ({ code, detail });

export class PeerSettings {
  maxFrameBytes = minMaxFrameBytes;
  initialWindowBytes = defaultWindowBytes;
  maxConcurrentStreams = Number.POSITIVE_INFINITY;
  /** RFC 8441: the peer accepts the extended CONNECT of upgraded streams. */
  enableConnectProtocol = false;

  private readonly mostEnablePush: 0 | 1;

  constructor(peer: 'Client' | 'Server') {
    // RFC 9113 §6.5.2: a server does not receive pushed responses.
    this.mostEnablePush = peer === 'Client' ? 1 : 0;
  }

  /** Returns an error that ends the connection. */
  apply(payload: Buffer): ConnectionError | undefined {
    if (payload.length % bytesOfSetting !== 0) {
      return bad(ErrorCode.FrameSizeError, 'SETTINGS is not made of entries of 6 bytes');
    }
    for (let at = 0; at < payload.length; at += bytesOfSetting) {
      const error = this.set(payload.readUInt16BE(at), payload.readUInt32BE(at + 2));
      if (error !== undefined) return error;
    }
    return undefined;
  }

  private set(id: number, value: number): ConnectionError | undefined {
    switch (id) {
      case Setting.EnablePush:
        return value > this.mostEnablePush
          ? bad(ErrorCode.ProtocolError, `SETTINGS_ENABLE_PUSH is ${value}`)
          : undefined;
      case Setting.MaxConcurrentStreams:
        this.maxConcurrentStreams = value;
        return undefined;
      case Setting.InitialWindowSize:
        if (value > maxWindowBytes) {
          return bad(ErrorCode.FlowControlError, 'SETTINGS_INITIAL_WINDOW_SIZE is above 2^31-1');
        }
        this.initialWindowBytes = value;
        return undefined;
      case Setting.MaxFrameSize:
        if (value < minMaxFrameBytes || value > maxMaxFrameBytes) {
          return bad(ErrorCode.ProtocolError, 'SETTINGS_MAX_FRAME_SIZE is not between 2^14 and 2^24-1');
        }
        this.maxFrameBytes = value;
        return undefined;
      case Setting.EnableConnectProtocol:
        this.enableConnectProtocol = value === 1;
        return value > 1
          ? bad(ErrorCode.ProtocolError, 'SETTINGS_ENABLE_CONNECT_PROTOCOL is neither 0 nor 1')
          : undefined;
      default:
        // RFC 9113 §6.5.2: unknown settings are ignored. The header table and list sizes bind only encoders that use or reach them.
        return undefined;
    }
  }
}
