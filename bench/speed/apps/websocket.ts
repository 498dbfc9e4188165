/** The two frames of a WebSocket whose client and app exchange messages of 64 bytes: rendered once, sent many times. */

const payload = Buffer.alloc(64, 'x');
const finalBinary = 0x82;
const masked = 0x80;

export const serverFrame = Buffer.concat([Buffer.from([finalBinary, payload.length]), payload]);

/** A key of zeros leaves the payload as it is. */
export const clientFrame = Buffer.concat([Buffer.from([finalBinary, masked | payload.length, 0, 0, 0, 0]), payload]);

export const clientFrameBytes = clientFrame.length;
