/** A gRPC message of 64 bytes: not compressed, its length, and the bytes. */

const payload = Buffer.alloc(64, 'x');
const length = Buffer.alloc(4);
length.writeUInt32BE(payload.length);

export const grpcMessage = Buffer.concat([Buffer.from([0]), length, payload]);
