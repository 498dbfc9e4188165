import { kubectl, until } from './kubectl.ts';

/** Resolves when the namespaces that are being deleted have terminated, of whichever test they are. */
export const untilNoneTerminates = (): Promise<true> =>
  until(
    'no namespaces terminating',
    async () =>
      (await kubectl('get', 'namespaces', '--field-selector=status.phase=Terminating', '-o', 'name')) === '' &&
      (true as const),
    120_000,
  );
