/**
 * Condition types and reasons. A reason is the same word in condition, event, log and metric.
 * Each has a sentence for the reference; what a user should do stands in the message where the reason is used.
 */

export const conditionTypes = {
  Accepted: 'The spec can be carried out.',
  Programmed: 'The objects exist and proxies carry the traffic.',
  Injected: 'Every pod has the sidecar that holds it for its sessions.',
  Draining: 'Some pods are on their way out and keep their sessions.',
  Ready: 'All of the above: accepted, programmed, injected and at least one pod accepting.',
} as const;
export type ConditionType = keyof typeof conditionTypes;

export const reasons = {
  // Accepted
  Accepted: 'The spec is valid and the target exists.',
  TargetNotFound: 'The target does not exist.',
  TargetConflict: 'An older StickyWorkload claims the same target.',
  TargetPortAmbiguous: 'The target has no container port, or several, and service.targetPort does not choose.',
  CookieConflict: 'An older StickyWorkload of the same Gateway gives the same cookie to the same hosts.',
  SelectorUnusable: "The target's selector has matchExpressions, which a Service cannot express.",
  NameReserved: 'The StickyWorkload has the name that a proxy needs for its own Service.',
  ExpressionInvalid: 'A regular expression of spec.route.matches cannot be read.',
  FieldNotSupported: 'A field is set that this version does not carry out.',
  // Programmed
  Programmed: 'All owned objects are in place and a proxy carries the traffic.',
  NotAccepted: 'The spec was refused; what had been provisioned stays.',
  ServiceConflict: 'A Service of this name exists and belongs to someone else.',
  RouteConflict: 'An HTTPRoute of this name exists and belongs to someone else.',
  GatewayConflict: 'A Gateway, Deployment or other object that the proxy needs exists and belongs to someone else.',
  KeyRingMissing: 'The Secret with the session keys is missing or damaged; without keys no session can be signed.',
  ApplyFailed: 'The API server refused an owned object.',
  ProxyNotReady: 'No replica of the proxy is ready yet.',
  GatewayAPIMissing: 'Gateway API is not installed; the bundled proxy serves the StickyWorkload directly.',
  SessionPersistenceFieldMissing: 'The installed HTTPRoute has no sessionPersistence (standard channel); the bundled proxy persists sessions all the same.',
  // Injected
  Injected: 'Every pod has the sidecar.',
  PodsNotInjected: 'Pods run without the sidecar: a scale-down cuts their sessions.',
  PreStopConflict: 'A container has a preStop hook of its own that Holdfast does not replace.',
  // Draining
  NoPodDraining: 'No pod is draining.',
  PodTerminating: 'The pod was deleted; its sessions go on until they end or the deadline comes.',
  // Ready
  Ready: 'New sessions are accepted.',
  NoPodAccepting: 'No pod accepts new sessions.',
  NotProgrammed: 'Not all objects are in place.',
  NotInjected: 'Some pods run without the sidecar.',
  // End of a drain
  DrainComplete: 'The last session of the pod ended.',
  DrainDeadline: 'The drain limit came before the last session ended.',
  DrainCutShort: 'The deadline moved earlier while the pod drained: a second delete, an eviction or a node shutdown.',
  NotTerminating: 'The preStop hook ran though the pod is not being deleted, as it does when a container is restarted.',
} as const;
export type Reason = keyof typeof reasons;
