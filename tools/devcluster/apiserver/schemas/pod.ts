/** Pods: the fields that the kubelet implements, with their defaults, and some that need no implementation on one node. Others are unknown. */
import type { Schema } from '../../schema/schema.ts';
import {
  anything,
  atomic,
  bool,
  conditions,
  each,
  int32,
  int64,
  intOrString,
  kindOf,
  list,
  listBy,
  localReference,
  metadata,
  object,
  or,
  quantities,
  text,
  texts,
  time,
} from './terms.ts';

const httpGet = object({
  path: or(text, '/'),
  port: intOrString,
  host: text,
  scheme: or(text, 'HTTP'),
  httpHeaders: list(object(each(text, 'name value'))),
});
const handler = { exec: object({ command: texts }), httpGet, tcpSocket: object({ port: intOrString, host: text }) };

const probe = object({
  ...handler,
  initialDelaySeconds: int32,
  timeoutSeconds: or(int32, 1),
  periodSeconds: or(int32, 10),
  successThreshold: or(int32, 1),
  failureThreshold: or(int32, 3),
  terminationGracePeriodSeconds: int64,
});
const lifecycle = object({ preStop: object({ ...handler, sleep: object({ seconds: int64 }) }) });

const fieldReference = atomic(object({ apiVersion: or(text, 'v1'), fieldPath: text }));
const keyReference = atomic(object({ name: or(text, ''), key: text, optional: bool }));
const valueFrom = object({
  fieldRef: fieldReference,
  configMapKeyRef: keyReference,
  secretKeyRef: keyReference,
});

const tcp = or(text, 'TCP');
const container = object({
  ...each(text, 'name image restartPolicy imagePullPolicy'),
  ...each(texts, 'command args'),
  ports: listBy(['containerPort', 'protocol'], object({ name: text, containerPort: int32, protocol: tcp })),
  env: listBy(['name'], object({ ...each(text, 'name value'), valueFrom })),
  resources: or(object(each(quantities, 'limits requests')), {}),
  volumeMounts: listBy(['mountPath'], object({ ...each(text, 'name mountPath subPath'), readOnly: bool })),
  ...each(probe, 'livenessProbe readinessProbe startupProbe'),
  lifecycle,
  terminationMessagePath: or(text, '/dev/termination-log'),
  terminationMessagePolicy: or(text, 'File'),
  securityContext: anything,
});
const containers = listBy(['name'], container);

const items = list(object({ ...each(text, 'key path'), mode: int32 }));
const downwardItems = list(object({ path: text, fieldRef: fieldReference, mode: int32 }));
const defaultMode = or(int32, 0o644);
const source = object({ name: text, items, optional: bool });

const volume = object({
  name: text,
  emptyDir: object({ medium: text, sizeLimit: intOrString }),
  configMap: object({ name: text, items, defaultMode, optional: bool }),
  secret: object({ secretName: text, items, defaultMode, optional: bool }),
  downwardAPI: object({ items: downwardItems, defaultMode }),
  projected: object({
    defaultMode,
    sources: list(
      object({
        ...each(source, 'configMap secret'),
        downwardAPI: object({ items: downwardItems }),
        serviceAccountToken: object({ audience: text, expirationSeconds: or(int64, 3600), path: text }),
      }),
    ),
  }),
});

const podSpec: Schema = object({
  volumes: listBy(['name'], volume),
  ...each(containers, 'initContainers containers'),
  restartPolicy: or(text, 'Always'),
  terminationGracePeriodSeconds: or(int64, 30),
  dnsPolicy: or(text, 'ClusterFirst'),
  schedulerName: or(text, 'default-scheduler'),
  ...each(text, 'serviceAccountName serviceAccount nodeName priorityClassName preemptionPolicy'),
  ...each(bool, 'automountServiceAccountToken enableServiceLinks shareProcessNamespace'),
  priority: int32,
  securityContext: or(anything, {}),
  imagePullSecrets: listBy(['name'], localReference),
  ...each(anything, 'affinity nodeSelector'),
  ...each(list(anything), 'tolerations topologySpreadConstraints'),
});

export const podTemplate: Schema = object({ metadata, spec: podSpec });

const addresses = listBy(['ip'], object({ ip: text }));

export const pod: Schema = kindOf({
  spec: or(podSpec, {}),
  status: object({
    observedGeneration: int64,
    ...each(text, 'phase message reason hostIP podIP qosClass'),
    conditions,
    ...each(addresses, 'hostIPs podIPs'),
    startTime: time,
    ...each(list(anything), 'initContainerStatuses containerStatuses'),
  }),
});
