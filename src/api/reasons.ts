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
  UnsupportedSelector: "The target's selector has matchExpressions, which a Service cannot express.",
  NameReserved: 'The StickyWorkload has the name that a proxy needs for its own Service.',
  InvalidRegex: 'A regular expression of spec.route.matches or spec.sessionPersistence.newSessionOn cannot be read.',
  InvalidCIDR: 'An entry of spec.drain.connections.excludeCIDRs is no address block.',
  UnsupportedField: 'A field is set that this version does not carry out.',
  InvalidCookie:
    'Browsers would drop the cookie: it must be Secure, and the proxy is not told that TLS ends in front of it.',
  GatewayNotFound: 'A Gateway of spec.route.parentRefs does not exist.',
  UnsupportedGatewayClass: 'A Gateway of spec.route.parentRefs has a class of another controller.',
  NotAllowedByListeners: 'The listeners of a Gateway do not take routes of this namespace or kind.',
  NoMatchingListenerHostname: 'No listener of a Gateway has a host name in common with spec.route.hostnames.',
  NoMatchingParent: 'A Gateway has no listener that is served under the sectionName.',
  // Programmed
  Programmed: 'All owned objects are in place and a proxy carries the traffic.',
  NotAccepted: 'The spec was refused; what had been provisioned stays.',
  ServiceConflict: 'A Service of this name exists and belongs to someone else.',
  RouteConflict: 'An HTTPRoute of this name exists and belongs to someone else.',
  GatewayConflict: 'A Gateway, Deployment or other object that the proxy needs exists and belongs to someone else.',
  BackendNotFound: 'A StickyWorkload of spec.route.backends does not exist.',
  BackendNotAccepted: 'A StickyWorkload of spec.route.backends was refused itself, and has never been served.',
  RefNotPermitted: 'No ReferenceGrant allows the route to refer to a backend of another namespace.',
  ExternalNameService: 'The Service of a backend is a name in the DNS: there are no pods to keep sessions on.',
  Deleting: 'The StickyWorkload was deleted; it is served on until the pods that drain are gone.',
  KeyRingMissing: 'The Secret with the session keys is missing or damaged; without keys no session can be signed.',
  ApplyFailed: 'The API server refused an owned object.',
  ProxyNotReady: 'No replica of the proxy is ready yet.',
  GatewayAPIMissing: 'Gateway API is not installed; the bundled proxy serves the StickyWorkload directly.',
  SessionPersistenceFieldMissing:
    'The installed HTTPRoute has no sessionPersistence (standard channel); the bundled proxy persists sessions all the same.',
  // Injected
  Injected: 'Every pod has the sidecar.',
  PodsNotInjected: 'Pods run without the sidecar: a scale-down cuts their sessions.',
  PreStopConflict:
    'A container has a preStop hook of its own (exec or sleep) that nobody else can call: it is left alone, and the container is not held.',
  // Draining
  NoPodsDraining: 'No pod is draining.',
  PodTerminating: 'The pod was deleted; its sessions go on until they end or the deadline comes.',
  // Ready
  Ready: 'New sessions are accepted.',
  NoPodsAccepting: 'No pod accepts new sessions.',
  NotProgrammed: 'Not all objects are in place.',
  NotInjected: 'Some pods run without the sidecar.',
  // End of a drain
  DrainComplete: 'The last session of the pod ended.',
  DrainDeadline: 'The drain limit came before the last session ended.',
  DrainCutShort: 'The deadline moved earlier while the pod drained: a second delete, an eviction or a node shutdown.',
  DrainHeld: 'Half of the drain limit is over, and the pod still has sessions.',
  DrainLimited: 'Something of the cluster ends a drain before drain.timeout does.',
  DrainBroken:
    'The pod was gone before its sessions had ended and before its limit: deleted by force, its node lost, or its containers ended by themselves.',
  SidecarRestarted:
    'The sidecar ended while it held the pod, and with it the hold: the app was told to stop though it had sessions.',
  NotTerminating: 'The preStop hook ran though the pod is not being deleted, as it does when a container is restarted.',
  // Rotation of session keys
  KeyRotationStarted: 'A new session key was added; it verifies, and does not sign yet.',
  KeyRotationPromoted: 'Every proxy has the new session key, and it signs from now on.',
  KeyRotationComplete: 'Session keys of which no token can be alive were removed.',
  KeyRotationWaiting: 'A proxy has not confirmed the keys; the rotation waits, so that no session is lost.',
  KeyRotationFailed: 'The Secret with the session keys could not be written; the rotation is tried again.',
  // Deletion costs
  DeletionCostConflict: 'Somebody else manages the pod-deletion-cost of a pod; it was left alone.',
  DeletionCostFailed: 'The pod-deletion-cost of a pod could not be written; it is tried again.',
} as const;
export type Reason = keyof typeof reasons;
