/** A service with a method of each kind, its servers and its clients: those of grpc-js. Messages are bytes, so that no definition is compiled. */
import { once } from 'node:events';
import {
  credentials,
  makeGenericClientConstructor,
  Metadata,
  Server,
  ServerCredentials,
  status,
  type CallOptions,
  type Client,
  type ClientDuplexStream,
  type ClientReadableStream,
  type ClientUnaryCall,
  type ClientWritableStream,
  type handleBidiStreamingCall,
  type handleClientStreamingCall,
  type handleServerStreamingCall,
  type handleUnaryCall,
  type MethodDefinition,
  type ServiceError,
  type StatusObject,
} from '@grpc/grpc-js';

const same = (bytes: Buffer): Buffer => bytes;
const method = (name: string, requestStream: boolean, responseStream: boolean): MethodDefinition<Buffer, Buffer> => ({
  path: `/shop.Cart/${name}`,
  requestStream,
  responseStream,
  requestSerialize: same,
  requestDeserialize: same,
  responseSerialize: same,
  responseDeserialize: same,
});

type Handler = {
  [Name in 'Who' | 'Echo' | 'Fail' | 'Wait']: handleUnaryCall<Buffer, Buffer>;
} & {
  Collect: handleClientStreamingCall<Buffer, Buffer>;
  Repeat: handleServerStreamingCall<Buffer, Buffer>;
  Chat: handleBidiStreamingCall<Buffer, Buffer>;
};

const definition = {
  Who: method('Who', false, false),
  Echo: method('Echo', false, false),
  Fail: method('Fail', false, false),
  Wait: method('Wait', false, false),
  Collect: method('Collect', true, false),
  Repeat: method('Repeat', false, true),
  Chat: method('Chat', true, true),
};

/** `cancelled`: how many calls the client has given up. */
export type Shop = { name: string; port: number; cancelled: () => number; metadata: () => Metadata; stop(): void };

export async function startShop(name: string): Promise<Shop> {
  let cancelled = 0;
  let metadata = new Metadata();
  const server = new Server({ 'grpc.max_receive_message_length': -1 });
  const shop: Handler = {
    Who: (call, callback) => {
      ({ metadata } = call);
      callback(null, Buffer.from(name));
    },
    Echo: (call, callback) => {
      ({ metadata } = call);
      const [initial, trailing] = [new Metadata(), new Metadata()];
      initial.set('x-initial', 'first');
      trailing.set('x-trailing-bin', Buffer.from([0, 255]));
      call.sendMetadata(initial);
      callback(null, call.request, trailing);
    },
    Fail: (_, callback) => callback({ code: status.FAILED_PRECONDITION, details: 'the cart is empty: 100 %' }),
    Wait: (call) => call.on('cancelled', () => (cancelled += 1)),
    Collect: (call, callback) => {
      const parts: Buffer[] = [];
      call.on('data', (part: Buffer) => parts.push(part));
      call.on('end', () => callback(null, Buffer.concat(parts)));
    },
    Repeat: (call) => {
      for (let count = Number(call.request); count > 0; count -= 1) call.write(Buffer.from(`${name} ${count}`));
      call.end();
    },
    Chat: (call) => {
      call.on('cancelled', () => (cancelled += 1));
      call.on('data', (part: Buffer) => call.write(Buffer.from(`${name}: ${part.toString()}`)));
      call.on('end', () => call.end());
    },
  };
  server.addService(definition, shop);
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    ),
  );
  return { name, port, cancelled: () => cancelled, metadata: () => metadata, stop: () => server.forceShutdown() };
}

/** What a call without a stream comes to. */
export type Outcome = {
  code: number;
  details: string;
  message: string;
  initial: Metadata;
  trailing: Metadata;
};

type Ask = { metadata?: Metadata; options?: CallOptions };
type Unary = (
  request: Buffer,
  metadata: Metadata,
  options: CallOptions,
  callback: (error: ServiceError | null, response?: Buffer) => void,
) => ClientUnaryCall;
type Methods = {
  Collect(callback: (error: ServiceError | null, response?: Buffer) => void): ClientWritableStream<Buffer>;
  Repeat(request: Buffer): ClientReadableStream<Buffer>;
  Chat(metadata: Metadata): ClientDuplexStream<Buffer, Buffer>;
} & Record<'Who' | 'Echo' | 'Fail' | 'Wait', Unary>;

const ShopClient = makeGenericClientConstructor(definition, 'Cart');

export type Customer = {
  methods: Methods;
  call(name: 'Who' | 'Echo' | 'Fail' | 'Wait', request?: string | Buffer, ask?: Ask): Promise<Outcome>;
  close(): void;
};

export function connectCustomer(port: number): Customer {
  const client = new ShopClient(`127.0.0.1:${port}`, credentials.createInsecure(), {
    'grpc.default_authority': 'shop.test',
    'grpc.max_receive_message_length': -1,
    'grpc.use_local_subchannel_pool': 1,
  }) as unknown as Client & Methods;
  return {
    methods: client,
    call: (name, request = '', { metadata = new Metadata(), options = {} } = {}) =>
      new Promise((resolve) => {
        let [message, initial] = ['', new Metadata()];
        const call = client[name](Buffer.from(request), metadata, options, (_, response) => {
          message = response?.toString('latin1') ?? '';
        });
        call.on('metadata', (received: Metadata) => (initial = received));
        call.on('status', ({ code, details, metadata: trailing }: StatusObject) =>
          setImmediate(() => resolve({ code, details, message, initial, trailing })),
        );
      }),
    close: () => client.close(),
  };
}

/** The next message of a stream. */
export async function nextMessage(stream: ClientReadableStream<Buffer>): Promise<string> {
  const [message] = (await once(stream, 'data')) as [Buffer];
  return message.toString();
}

/** The metadata with which a client continues the session that the response began. */
export function cookieOf({ initial }: Outcome): Metadata {
  const metadata = new Metadata();
  for (const line of initial.get('set-cookie')) metadata.add('cookie', line.toString().split(';')[0] ?? '');
  return metadata;
}
