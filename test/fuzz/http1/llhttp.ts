/** llhttp as Node has it: its parser alone, without sockets, in its strict mode. */
import { createRequire } from 'node:module';

export type Message = {
  method: string;
  url: string;
  status: number;
  headers: [name: string, value: string][];
  trailers: [name: string, value: string][];
  body: string;
  /** Its end has been read, and was not that of the connection. */
  isComplete: boolean;
  keepsAlive: boolean;
};

/** `error`: the code of llhttp, when it refuses what follows the messages. */
export type Reading = { messages: Message[]; error: string | undefined };

type NodeParser = {
  initialize(kind: number, resource: object, maxHeadBytes: number, leniency: number): void;
  execute(bytes: Buffer): number | Error;
  finish(): Error | undefined;
  close(): void;
  [callback: number]: (...args: never[]) => number | undefined;
};
type NodeParserClass = Record<'REQUEST' | 'RESPONSE' | Callback, number> & (new () => NodeParser);
type Callback = 'kOnHeaders' | 'kOnHeadersComplete' | 'kOnBody' | 'kOnMessageComplete';

const { HTTPParser, methods } = createRequire(import.meta.url)('_http_common') as {
  HTTPParser: NodeParserClass;
  methods: readonly string[];
};

export const knownMethods: ReadonlySet<string> = new Set(methods);

/** More than the proxy accepts, so that its limit counts. */
const maxHeadBytes = 1024 * 1024;

/** Node keeps a parser, and what its callbacks refer to, until it is closed. */
const parsersOfReaders = new FinalizationRegistry<NodeParser>((parser) => parser.close());

/** Reads messages as their bytes arrive. `headRequests`: of which responses have no body, by their number among the final ones. */
export class LlhttpReader implements Reading {
  readonly messages: Message[] = [];
  error: string | undefined;
  private readonly kind: 'REQUEST' | 'RESPONSE';
  private readonly methodOf: (index: number) => string;
  private parser: NodeParser;
  private lines: string[] = [];
  private url = '';
  private finals = 0;
  private isSwitched = false;

  constructor(kind: 'REQUEST' | 'RESPONSE', methodOf: (index: number) => string = () => 'GET') {
    this.kind = kind;
    this.methodOf = methodOf;
    this.parser = this.createParser();
  }

  private createParser(): NodeParser {
    this.isSwitched = false;
    const parser = new HTTPParser();
    parser.initialize(HTTPParser[this.kind], {}, maxHeadBytes, 0);
    const reader = new WeakRef(this);
    parser[HTTPParser.kOnHeaders] = (lines: string[], url: string) => reader.deref()?.headersRead(lines, url);
    parser[HTTPParser.kOnHeadersComplete] = (...head: HeadArguments) => reader.deref()?.headRead(head);
    parser[HTTPParser.kOnBody] = (bytes: Buffer) => reader.deref()?.bodyRead(bytes);
    parser[HTTPParser.kOnMessageComplete] = () => reader.deref()?.messageRead();
    parsersOfReaders.register(this, parser);
    return parser;
  }

  private get current(): Message | undefined {
    return this.messages.at(-1);
  }

  /** More lines than fit into one call, or trailers. */
  private headersRead(lines: string[], url: string): undefined {
    this.lines.push(...lines);
    this.url += url;
  }

  private headRead([, , lines, method, url, status, , isUpgrade, keepsAlive]: HeadArguments): number {
    const headers = pairs([...this.lines.splice(0), ...(lines ?? [])]);
    const message: Message = {
      method: method === undefined ? '' : (methods[method] ?? ''),
      url: url ?? this.url,
      status: status ?? 0,
      headers,
      trailers: [],
      body: '',
      isComplete: false,
      keepsAlive,
    };
    this.url = '';
    this.messages.push(message);
    if (isUpgrade) this.isSwitched = true;
    if (this.kind === 'REQUEST' || message.status < 200) return 0;
    this.finals += 1;
    return this.methodOf(this.finals - 1) === 'HEAD' ? 1 : 0;
  }

  private bodyRead(bytes: Buffer): undefined {
    if (this.current !== undefined) this.current.body += bytes.toString('latin1');
  }

  private messageRead(): undefined {
    if (this.current === undefined) return;
    this.current.isComplete = true;
    this.current.trailers = pairs(this.lines.splice(0));
    this.url = '';
  }

  /** A message that asks for an upgrade is one like any other here: it is not accepted. */
  read(bytes: Buffer): this {
    for (let rest = bytes; rest.length > 0 && this.error === undefined;) {
      if (this.isSwitched && this.current?.isComplete === true) this.parser = this.createParser();
      const result = this.parser.execute(rest);
      if (typeof result !== 'number') this.error = codeOf(result);
      // It stops after a message that asks for an upgrade, and nowhere else.
      const stops = typeof result === 'number' && this.isSwitched && this.current?.isComplete === true;
      const stopsAt = stops ? result : rest.length;
      rest = rest.subarray(stopsAt);
    }
    return this;
  }

  /** The connection has ended: that is how some responses end. */
  finish(): this {
    const error = this.error === undefined ? this.parser.finish() : undefined;
    if (error !== undefined) this.error = codeOf(error);
    return this;
  }
}

type HeadArguments = [
  major: number,
  minor: number,
  lines: string[] | undefined,
  method: number | undefined,
  url: string | undefined,
  status: number | undefined,
  reason: string | undefined,
  isUpgrade: boolean,
  keepsAlive: boolean,
];

const codeOf = (error: Error): string => ('code' in error ? String(error.code) : error.message);

const pairs = (lines: readonly string[]): [string, string][] =>
  Array.from({ length: lines.length / 2 }, (_, at) => [lines[2 * at] ?? '', lines[2 * at + 1] ?? '']);

export const readRequests = (bytes: string): LlhttpReader =>
  new LlhttpReader('REQUEST').read(Buffer.from(bytes, 'latin1'));
