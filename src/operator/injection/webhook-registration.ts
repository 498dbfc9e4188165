/** Writes the entries of Holdfast's MutatingWebhookConfiguration, which the manifests create empty. */
import { renderWebhooks, type WebhookTarget } from '../../core/inject/webhooks.ts';
import { webhookConfiguration } from '../../core/names/names.ts';
import { mutatingWebhookConfigurations } from '../../kube/resources.ts';
import type { TranslationStore } from '../translation/translation-store.ts';
import type { OwnedObjects } from '../apply/owned-objects.ts';

export type WebhookTools = {
  translations: TranslationStore;
  owned: OwnedObjects;
  webhook: { caPem: string; url?: string; namespaces?: readonly string[] };
};

/** Covers every target of a StickyWorkload, accepted or not: its pods may be created before the StickyWorkload is resolved, and injection is harmless. */
export async function registerWebhooks({ translations, owned, webhook }: WebhookTools): Promise<undefined> {
  const workloads = translations.latest()?.snapshot.workloads;
  if (!workloads) return;
  // By name: two StickyWorkloads that claim the same target still make one target.
  const targets = new Map<string, WebhookTarget>();
  for (const { metadata, spec } of workloads) {
    const { namespace } = metadata;
    const { kind, name } = spec.targetRef;
    targets.set(`${namespace}/${kind}/${name}`, { namespace, kind, name });
  }
  const { caPem, ...client } = webhook;
  const caBundle = Buffer.from(caPem).toString('base64');
  await owned.ensure(mutatingWebhookConfigurations, {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'MutatingWebhookConfiguration',
    metadata: { name: webhookConfiguration },
    webhooks: renderWebhooks([...targets.values()], { ...client, caBundle }),
  });
}
