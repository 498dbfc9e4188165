/** The API server's own judgement of a StickyWorkload. */
import { ApiException, CustomObjectsApi, KubeConfig } from '@kubernetes/client-node';
import { group, kind, plural, version, type StickyWorkload } from '../../../src/api/stickyworkload.ts';
import { kubectl } from '../../support/kubectl.ts';

const crdFolder = 'crds';
const place = { group, version, plural, namespace: 'default' };

/** Installs the CRD as a user does, and waits until the API server serves it. */
export async function installCrd(): Promise<void> {
  await kubectl('apply', '--server-side', '-k', crdFolder);
  await kubectl('wait', '--for=condition=Established', `crd/${plural}.${group}`, '--timeout=30s');
}

export type Verdict = { accepted: StickyWorkload } | { refused: Refusal[] };
/** `field` as the API server names it; empty where the whole object could not be read. */
export type Refusal = { field: string; message: string };

const targetRef = { kind: 'Deployment', name: 'cart' };

/** Submits a spec, which gets a targetRef unless it has its own, without storing anything. */
export async function submit(spec: object, name = 'crd-dry-run'): Promise<Verdict> {
  const body = { apiVersion: `${group}/${version}`, kind, metadata: { name }, spec: { targetRef, ...spec } };
  return judge(() => customObjects().createNamespacedCustomObject({ ...place, body, dryRun: 'All', fieldValidation: 'Strict' }));
}

/** What the API server says to a change of an object that is stored. */
export async function submitChange(stored: StickyWorkload, spec: object): Promise<Verdict> {
  const body = { ...stored, spec: { ...stored.spec, ...spec } };
  return judge(() => customObjects().replaceNamespacedCustomObject({ ...place, name: stored.metadata.name, body, dryRun: 'All', fieldValidation: 'Strict' }));
}

let api: CustomObjectsApi | undefined;

function customObjects(): CustomObjectsApi {
  if (api) return api;
  const config = new KubeConfig();
  config.loadFromDefault();
  api = config.makeApiClient(CustomObjectsApi);
  return api;
}

async function judge(request: () => Promise<unknown>): Promise<Verdict> {
  try {
    return { accepted: (await request()) as StickyWorkload };
  } catch (error) {
    if (error instanceof ApiException && (error.code === 422 || error.code === 400)) return { refused: refusalsOf(error.body) };
    throw error;
  }
}

function refusalsOf(body: unknown): Refusal[] {
  const status = (typeof body === 'string' ? JSON.parse(body) : body) as { message: string; details?: { causes?: Refusal[] } };
  return status.details?.causes?.map(({ field, message }) => ({ field, message })) ?? [{ field: '', message: status.message }];
}
