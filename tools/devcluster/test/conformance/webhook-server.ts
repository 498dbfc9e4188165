/** A mutating webhook of the test itself, over TLS on loopback. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { createCertificates, type Certificates } from '../../../demo/certificate.ts';
import type { Fields } from './body.ts';

export type Review = {
  uid: string;
  operation: string;
  name?: string;
  namespace?: string;
  dryRun: boolean;
  kind: Fields;
  resource: Fields;
  object: Fields & { metadata: Fields };
  oldObject: Fields | null;
  userInfo: Fields;
};
export type Verdict =
  | { allowed?: boolean; patch?: object[]; status?: Fields; warnings?: string[] }
  | 'no answer'
  | 'nonsense';

export type WebhookServer = { clientConfig: { url: string; caBundle: string }; reviews: Review[]; close(): void };

const certificates = new Map<'only', Promise<Certificates>>();

/** Shared by all servers of a run: generating them takes time. */
function sharedCertificates(): Promise<Certificates> {
  const made = certificates.get('only') ?? createCertificates({ addresses: ['127.0.0.1'] });
  certificates.set('only', made);
  return made;
}

export async function startWebhook(decide: (review: Review) => Verdict): Promise<WebhookServer> {
  const { caPem, certPem, keyPem } = await sharedCertificates();
  const reviews: Review[] = [];
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const review = await readReview(request);
    reviews.push(review);
    const verdict = decide(review);
    if (verdict !== 'no answer') response.setHeader('content-type', 'application/json').end(answerTo(review, verdict));
  };
  const server = createServer({ cert: certPem, key: keyPem }, (request, response) => {
    answer(request, response).catch((error: Error) => response.destroy(error));
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    clientConfig: { url: `https://127.0.0.1:${port}/mutate`, caBundle: Buffer.from(caPem).toString('base64') },
    reviews,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

async function readReview(request: IncomingMessage): Promise<Review> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return (JSON.parse(Buffer.concat(chunks).toString()) as { request: Review }).request;
}

function answerTo({ uid }: Review, verdict: Exclude<Verdict, 'no answer'>): string {
  if (verdict === 'nonsense') return '{"hello":"world"}';
  const { patch, allowed = true, ...rest } = verdict;
  const patching = patch
    ? { patchType: 'JSONPatch', patch: Buffer.from(JSON.stringify(patch)).toString('base64') }
    : {};
  return JSON.stringify({
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    response: { uid, allowed, ...patching, ...rest },
  });
}
