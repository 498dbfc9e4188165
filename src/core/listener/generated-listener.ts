/** The only listener of a Gateway that Holdfast generates. */
import { holds } from '../status/dated-conditions.ts';
import { acceptedUnless, conflictedIf, type JudgedListener } from './listener.ts';

export const generatedListener = ({ namespace, name }: { namespace: string; name: string }): JudgedListener => ({
  name: 'http',
  id: 'http',
  protocol: 'HTTP',
  port: 80,
  allowedRoutes: { from: 'Same', kinds: [] },
  from: { kind: 'Gateway', namespace, name },
  verdicts: {
    accepted: acceptedUnless(undefined),
    resolvedRefs: holds('ResolvedRefs', 'ResolvedRefs', 'The listener has no references to resolve.'),
    conflicted: conflictedIf(undefined),
  },
  certificates: [],
});
