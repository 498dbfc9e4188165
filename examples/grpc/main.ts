/**
 * A gRPC server on grpc-js with notes in memory, by user: unary calls (`Note`) and streams (`Talk`). Messages are text, so that it needs no
 * definition and any client can call it.
 */
import {
  Server,
  ServerCredentials,
  type handleBidiStreamingCall,
  type handleUnaryCall,
  type MethodDefinition,
} from '@grpc/grpc-js';

const pod = process.env['POD_NAME'] ?? 'local';
const notesOf = new Map<string, string[]>();

/** `message`: the name of the user, and in a second line the note. Returns JSON. */
function take(message: string): string {
  const [user = '', note = ''] = message.split('\n');
  const notes = [...(notesOf.get(user) ?? []), note];
  notesOf.set(user, notes);
  return JSON.stringify({ pod, notes });
}

const toBytes = (text: string): Buffer => Buffer.from(text);
const fromBytes = (bytes: Buffer): string => bytes.toString();
const method = (name: string, isStream: boolean): MethodDefinition<string, string> => ({
  path: `/notes.Notes/${name}`,
  requestStream: isStream,
  responseStream: isStream,
  requestSerialize: toBytes,
  requestDeserialize: fromBytes,
  responseSerialize: toBytes,
  responseDeserialize: fromBytes,
});

const note: handleUnaryCall<string, string> = ({ request }, callback) => callback(null, take(request));
const talk: handleBidiStreamingCall<string, string> = (call) => {
  call.on('data', (request: string) => call.write(take(request)));
  call.on('end', () => call.end());
};

const server = new Server();
server.addService({ Note: method('Note', false), Talk: method('Talk', true) }, { Note: note, Talk: talk });
server.bindAsync(`[::]:${process.env['PORT'] ?? 8080}`, ServerCredentials.createInsecure(), (error) => {
  if (error) throw error;
});
process.once('SIGTERM', () => server.forceShutdown());
