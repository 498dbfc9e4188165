/** Alerts to clients with which no handshake begins (RFC 8446, section 6). Version 3.3 is that of every record since TLS 1.2. */
const fatal = (description: number): Buffer => Buffer.from([21, 3, 3, 0, 2, 2, description]);

export const alerts = {
  unrecognizedName: fatal(112),
  /** There is no certificate for the handshake. */
  handshakeFailure: fatal(40),
  decodeError: fatal(50),
} as const;
