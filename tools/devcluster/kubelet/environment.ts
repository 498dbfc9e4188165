/** The environment variables of a container. Pure, except for the given reader of ConfigMaps and Secrets. */
import { readField } from './fields.ts';
import { notFound } from './keyed.ts';
import type { Keyed, ReadKeyed } from './keyed.ts';
import type { Container, EnvVariable, KeyRef, Pod } from './pod.ts';
import { StartRefused } from './start-refused.ts';

export type Environment = Readonly<Record<string, string>>;

/** Of two variables of the same name the later wins; each can refer to those before it. */
export function buildEnvironment(
  container: Container,
  { pod, podIp, read }: { pod: Pod; podIp: string; read: ReadKeyed },
): Environment {
  const env: Record<string, string> = {};
  for (const variable of container.env ?? []) {
    const value = valueOf(variable, { pod, podIp, read });
    if (value !== undefined) env[variable.name] = variable.valueFrom ? value : expand(value, env);
  }
  return env;
}

function valueOf(
  { value = '', valueFrom }: EnvVariable,
  { pod, podIp, read }: { pod: Pod; podIp: string; read: ReadKeyed },
): string | undefined {
  if (!valueFrom) return value;
  const { fieldRef, secretKeyRef, configMapKeyRef } = valueFrom;
  if (secretKeyRef) return readKey({ kind: 'Secret', name: secretKeyRef.name }, secretKeyRef, { pod, read });
  if (configMapKeyRef) {
    return readKey({ kind: 'ConfigMap', name: configMapKeyRef.name }, configMapKeyRef, { pod, read });
  }
  const field = fieldRef && readField(pod, podIp, fieldRef.fieldPath);
  if (field === undefined) {
    throw new StartRefused('CreateContainerConfigError', `unsupported fieldPath: ${fieldRef?.fieldPath}`);
  }
  return field;
}

function readKey(
  keyed: Keyed,
  { key, optional }: KeyRef,
  { pod, read }: { pod: Pod; read: ReadKeyed },
): string | undefined {
  const found = read(keyed);
  const value = found?.get(key);
  if (value !== undefined || optional) return value?.toString();
  const message = found
    ? `couldn't find key ${key} in ${keyed.kind} ${pod.metadata.namespace}/${keyed.name}`
    : notFound(keyed);
  throw new StartRefused('CreateContainerConfigError', message);
}

/** Replaces `$(NAME)` by the variable, if it exists, and `$$` by `$`. */
export const expand = (text: string, env: Environment): string =>
  text.replaceAll(/\$(?:\$|\(([^)]*)\))/g, (whole: string, name?: string) =>
    name === undefined ? '$' : (env[name] ?? whole),
  );
