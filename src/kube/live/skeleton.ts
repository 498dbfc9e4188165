/**
 * The process skeleton on `@dot-i/k8s-operator`: construction, start, init and stop. The one file that knows the package.
 *
 * Its other members were written for client-node 0.20. With 2.x they exit the process, or report success for requests that were never
 * sent. Each is therefore overridden: those that Holdfast could need work, the others throw. Reflectors, queues and writers do the actual
 * work; `start` and `stop` start and stop them.
 */
import type { KubeConfig } from '@kubernetes/client-node';
import dot from '@dot-i/k8s-operator';
import { AppError, describeError } from '../../platform/errors.ts';
import type { Logger } from '../../platform/log.ts';

export type OperatorParts = {
  start: () => Promise<void>;
  stop: () => Promise<void>;
};

export interface OperatorProcess {
  start(): Promise<void>;
  stop(): Promise<void>;
}

export function createOperatorProcess(kubeConfig: KubeConfig, logger: Logger, parts: OperatorParts): OperatorProcess {
  const operator = new HoldfastOperator(kubeConfig, logger, parts);
  return { start: () => operator.start(), stop: () => operator.end() };
}

/** A class, as the base is one; exported for its test only: use createOperatorProcess. */
export class HoldfastOperator extends dot.default {
  private readonly parts: OperatorParts;
  private ended: Promise<void> | undefined;

  constructor(kubeConfig: KubeConfig, logger: Logger, parts: OperatorParts) {
    super(textLogger(logger));
    // The base always loads the default kubeconfig and accepts no other.
    this.kubeConfig = kubeConfig;
    this.parts = parts;
  }

  /** Abstract in the base, which calls it from `start`. */
  protected override async init(): Promise<void> {
    await this.parts.start();
  }

  /** The base aborts its watches, treats that as a failure and exits with 1. */
  override stop(): void {
    this.end().catch((error: unknown) => {
      this.logger.error(describeError(error));
    });
  }

  /** As `stop`; resolves when everything has stopped. */
  async end(): Promise<void> {
    this.ended ??= this.parts.stop();
    await this.ended;
  }

  /** The base builds on `k8sApi.basePath`, which client-node 2 no longer has: "undefined/apis/…". */
  protected override getCustomResourceApiUri(
    group: string,
    version: string,
    plural: string,
    namespace?: string,
  ): string {
    const server = this.kubeConfig.getCurrentCluster()?.server ?? '';
    const prefix = group === '' ? '/api' : `/apis/${group}`;
    const scope = namespace === undefined ? '' : `namespaces/${namespace}/`;
    return `${server}${prefix}/${version}/${scope}${plural}`;
  }

  /** The base exits with 1 on any error and after 30 s of silence, and never lists: deletions during a gap are lost. */
  protected override watchResource(): Promise<never> {
    return refuse('watchResource', 'a reflector');
  }

  /** The base fails on the one-object parameters of client-node 2, and no longer recognises a 409. */
  protected override registerCustomResourceDefinition(): Promise<never> {
    return refuse('registerCustomResourceDefinition', 'the manifests');
  }

  /** The base returns null and sends nothing, as its request has no absolute URL. */
  protected override setResourceStatus(): Promise<never> {
    return refuse('setResourceStatus', 'ObjectWriter.apply of the status');
  }

  /** As setResourceStatus. */
  protected override patchResourceStatus(): Promise<never> {
    return refuse('patchResourceStatus', 'ObjectWriter.apply of the status');
  }

  /** The base swallows the error, so that handleResourceFinalizer returns true for a finalizer that was never written. */
  protected override setResourceFinalizers(): Promise<never> {
    return refuse('setResourceFinalizers', 'ObjectWriter.update');
  }
}

async function refuse(member: string, instead: string): Promise<never> {
  throw new AppError('INTERNAL', `${member} does not work with this Kubernetes client; use ${instead}`, {
    source: 'internal',
    retryable: false,
  });
}

function textLogger(logger: Logger) {
  return {
    debug: (text: string) => {
      logger.debug({ text }, 'operator skeleton');
    },
    info: (text: string) => {
      logger.info({ text }, 'operator skeleton');
    },
    warn: (text: string) => {
      logger.warn({ text }, 'operator skeleton');
    },
    error: (text: string) => {
      logger.error({ text }, 'operator skeleton');
    },
  };
}
