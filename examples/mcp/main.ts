/**
 * A stateful MCP server (revision 2025-11-25, Streamable HTTP) on the TypeScript SDK: each session has notes, in memory. The server hands
 * out the id of a session in the header Mcp-Session-Id of the response to `initialize`; a client ends its session by DELETE.
 */
import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import { z } from 'zod';

const pod = process.env['POD_NAME'] ?? 'local';
const sessions = new Map<string, StreamableHTTPServerTransport>();

/** The tools of one session. */
function createNotes(): McpServer {
  const notes: string[] = [];
  const server = new McpServer({ name: 'notes', version: '1.0.0' });
  server.registerTool('note', { description: 'Keeps a note.', inputSchema: { text: z.string() } }, ({ text }) => {
    notes.push(text);
    return { content: [{ type: 'text', text: JSON.stringify({ pod, notes }) }] };
  });
  return server;
}

/** `onsessioninitialized` is called before the response with the id is sent. */
async function begin(): Promise<StreamableHTTPServerTransport> {
  const transport = new StreamableHTTPServerTransport({
    sessionIdGenerator: randomUUID,
    onsessioninitialized: (id) => {
      sessions.set(id, transport);
    },
    onsessionclosed: (id) => {
      sessions.delete(id);
    },
  });
  await createNotes().connect(transport);
  return transport;
}

async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (request.url !== '/mcp') {
    response.end(pod);
    return;
  }
  const id = request.headers['mcp-session-id'];
  const transport = id === undefined ? await begin() : sessions.get(String(id));
  if (transport === undefined) {
    // Clients start a new session when they get 404 (basic/transports, "Session Management").
    response.writeHead(404).end('no such session');
    return;
  }
  await transport.handleRequest(request, response);
}

const server = createServer((request, response) => {
  handle(request, response).catch((error: unknown) => {
    process.stderr.write(`${String(error)}\n`);
    response.destroy();
  });
});
server.listen(Number(process.env['PORT'] ?? 8080));
process.once('SIGTERM', () => {
  server.close();
  server.closeAllConnections();
});
