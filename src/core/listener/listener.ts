/** What is decided about a listener. */
import { holds, lacks, type Verdict } from '../status/dated-conditions.ts';
import type { GatewayListener } from '../snapshot/snapshot.ts';
import type { ClientCertificates } from '../../wire/routing-table.ts';
import type { LoadedCertificate } from './certificate.ts';

/** The object whose spec has the listener. */
export type ListenerSource = { kind: 'Gateway' | 'ListenerSet'; namespace: string; name: string };

export type JudgedListener = GatewayListener & {
  /** Unique in the routing table: the name of a Gateway's listener, `NAMESPACE/SET/NAME` of a ListenerSet's. */
  id: string;
  from: ListenerSource;
  verdicts: ListenerVerdicts;
  /** Why it is not served: the first of its verdicts that prevents it. */
  problem?: ListenerProblem;
  /** Those that it presents; empty unless its protocol is HTTPS. */
  certificates: LoadedCertificate[];
  /** Those that it demands of clients; absent: none. */
  clientCertificates?: ClientCertificates;
};

export const listenerId = ({ kind, namespace, name }: ListenerSource, listener: string): string =>
  kind === 'Gateway' ? listener : `${namespace}/${name}/${listener}`;

/** Conditions of Gateway API. `overlapping` is set only if it holds, which does not prevent that the listener is served. */
export type ListenerVerdicts = {
  accepted: Verdict;
  resolvedRefs: Verdict;
  conflicted: Verdict;
  overlapping?: Verdict;
};

export type ListenerProblem = { about: 'Accepted' | 'ResolvedRefs' | 'Conflicted'; reason: string; message: string };

/** The reason of Accepted (Gateway API) if clients need certificates, and no authority is known. */
export const noValidAuthority = 'NoValidCACertificate';

/** Whether a listener is valid but for certificates: it keeps its port and hostname, as they may return at any time. */
export const lacksCertificates = ({ about, reason }: ListenerProblem): boolean =>
  about === 'ResolvedRefs' || reason === noValidAuthority;

/** Returns the condition Accepted. */
export const acceptedUnless = (problem: Omit<ListenerProblem, 'about'> | undefined): Verdict =>
  problem === undefined
    ? holds('Accepted', 'Accepted', 'The listener is valid.')
    : lacks('Accepted', problem.reason, problem.message);

/** Returns the condition Conflicted. */
export const conflictedIf = (problem: Omit<ListenerProblem, 'about'> | undefined): Verdict =>
  problem === undefined
    ? lacks('Conflicted', 'NoConflicts', 'The listener does not conflict with another one.')
    : holds('Conflicted', problem.reason, problem.message);
