/** The entries of our one MutatingWebhookConfiguration, which the manifests create empty. */
import { renderWebhooks } from '../../core/inject/webhooks.ts';
import { webhookConfiguration } from '../../core/names/names.ts';
import { mutatingWebhookConfigurations } from '../../kube/resources.ts';
import type { TranslationFeed } from '../feed/translation-feed.ts';
import type { OwnedObjects } from './owned-objects.ts';

export type WebhookTools = {
  feed: TranslationFeed;
  owned: OwnedObjects;
  webhook: { caPem: string; url?: string };
};

/** Every target of a StickyWorkload, accepted or not: its pods may be created before it is judged, and injection does no harm. */
export async function registerWebhooks({ feed, owned, webhook }: WebhookTools): Promise<undefined> {
  const workloads = feed.latest()?.snapshot.workloads;
  if (!workloads) return;
  const targets = workloads.map(({ metadata, spec }) => ({ namespace: metadata.namespace, kind: spec.targetRef.kind, name: spec.targetRef.name }));
  const caBundle = Buffer.from(webhook.caPem).toString('base64');
  await owned.ensure(mutatingWebhookConfigurations, {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'MutatingWebhookConfiguration',
    metadata: { name: webhookConfiguration },
    webhooks: renderWebhooks(targets, { caBundle, ...(webhook.url !== undefined && { url: webhook.url }) }),
  });
}
