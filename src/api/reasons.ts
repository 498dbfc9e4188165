/**
 * Condition types and reasons. A reason is the same word in conditions, events, logs and metrics.
 * Each has a sentence for the reference; the message in the condition or event says what to do.
 */

export const conditionTypes = {
  Accepted: 'The spec is valid and supported, and the target exists.',
  Programmed: 'All owned objects exist, and a proxy serves the route.',
  Injected: 'Every pod has the sidecar that holds it until its sessions end.',
  Draining: 'At least one pod is terminating; it keeps its sessions and gets no new ones.',
  Ready: 'Accepted, Programmed and Injected are True, and at least one pod accepts new sessions.',
} as const;
export type ConditionType = keyof typeof conditionTypes;

export const reasons = {
  // Accepted
  Accepted: 'The spec is valid and the target exists.',
  TargetNotFound: 'The target does not exist.',
  InvalidTargetName: 'No object can have the name in spec.targetRef.',
  TargetConflict: 'An older StickyWorkload claims the same target.',
  TargetPortAmbiguous: 'The target declares no container port, or several, and service.targetPort does not select one.',
  CookieConflict: 'An older StickyWorkload on the same Gateway sets the same cookie for the same hosts.',
  UnsupportedSelector: "The target's selector uses matchExpressions, which a Service cannot express.",
  NameReserved: "The StickyWorkload has the name of the proxy's own Service.",
  InvalidRegex:
    'A regular expression in spec.route.matches, spec.sessionPersistence.newSessionOn or spec.sessionPersistence.exclude is not supported: it is invalid, too large, or uses syntax that RE2 does not have.',
  InvalidCIDR: 'An entry of spec.drain.connections.excludeCIDRs is not a valid CIDR.',
  UnsupportedField: 'A field is set that this version does not support.',
  InvalidCookie: 'Browsers would discard the cookie: it must be Secure, which secure Auto does not ensure.',
  GatewayNotFound: 'A Gateway in spec.route.parentRefs does not exist.',
  UnsupportedGatewayClass: 'Another controller manages the GatewayClass of a Gateway in spec.route.parentRefs.',
  NotAllowedByListeners: 'No listener of a Gateway allows routes of this namespace or kind.',
  NoMatchingListenerHostname: 'No listener of a Gateway has a hostname in common with spec.route.hostnames.',
  HostnameConflict:
    'An older route of the other kind, HTTPRoute or GRPCRoute, has a hostname in common with the route on the same listener, which serves routes of one kind for a host.',
  NoMatchingParent: 'A Gateway has no usable listener with the given sectionName.',
  TranslationFailed:
    'The operator cannot translate the object, because of a defect of Holdfast. Its previous version stays in effect, and other objects are not affected.',
  // Programmed
  Programmed: 'All owned objects exist, and a proxy serves the route.',
  NotAccepted: 'The spec was rejected. Objects that were provisioned earlier remain.',
  ServiceConflict: 'A Service with this name exists and is not managed by Holdfast.',
  RouteConflict: 'An HTTPRoute or GRPCRoute with this name exists and is not managed by Holdfast.',
  GatewayConflict: 'A Gateway, Deployment or other object that the proxy needs exists and is not managed by Holdfast.',
  BackendNotFound: 'A StickyWorkload in spec.route.backends does not exist.',
  BackendNotAccepted: 'A StickyWorkload in spec.route.backends was not accepted and has never been served.',
  RefNotPermitted: 'No ReferenceGrant permits the route to refer to a backend in another namespace.',
  UnsupportedProtocol:
    'The route is a GRPCRoute, and the pods of a StickyWorkload in spec.route.backends get HTTP/1.1.',
  ExternalNameService: 'The Service of a backend is of type ExternalName, which has no pods.',
  Deleting: 'The StickyWorkload is being deleted; it is served until its draining pods have terminated.',
  KeyRingMissing:
    'The Secret with the session keys is missing or damaged; without keys no session token can be signed.',
  ApplyFailed: 'The API server rejected an owned object.',
  RouteShadowed:
    'Another route, of a StickyWorkload or of a user, receives the requests of the route: it is older, or has a regular expression for every path.',
  PolicyOverridden:
    'A rule that leads to a Service of an XBackendTrafficPolicy has sessions of its own, to which the policy does not apply.',
  InvalidParameters:
    'A reference to a HoldfastProxy does not resolve, or the HoldfastProxy is invalid; the proxies continue as they are.',
  AutoscalerConflict:
    'Another HorizontalPodAutoscaler scales the proxies; the number that the HoldfastProxy asks for is not applied.',
  PodsRefused:
    'The API server refuses new pods, because of a ResourceQuota, a LimitRange, PodSecurity or an admission webhook.',
  ProxyNotReady: 'No proxy replica is ready.',
  ResourceRefused:
    'Proxies of a Gateway cannot use a part of their configuration and keep its previous version, because of a defect of Holdfast or because they are older.',
  RouteMissing: 'No route leads to the pods, and spec.route.kind is None.',
  GatewayAPIMissing: 'Gateway API is not installed; the bundled proxy serves the StickyWorkload without it.',
  SessionPersistenceFieldMissing:
    'The installed HTTPRoute CRD has no sessionPersistence field (standard channel); the bundled proxy still persists sessions.',
  // Applied, of a HoldfastProxy
  Applied: 'The HoldfastProxy applies to the proxies of at least one Gateway.',
  NotReferenced: 'No Gateway uses the HoldfastProxy.',
  Pending: 'The HoldfastProxy is being applied to the proxies of a Gateway.',
  // Injected
  Injected: 'Every pod has the sidecar.',
  PodsNotInjected: 'Some pods run without the sidecar; their sessions are cut when they terminate.',
  PreStopConflict:
    'A container has its own preStop hook (exec or sleep), which the sidecar cannot call. The hook is kept, and the container is not held.',
  // Draining
  NoPodsDraining: 'No pod is draining.',
  PodTerminating: 'The pod is terminating; its sessions continue until they end or the deadline passes.',
  PodAbsent: 'The pod of a StatefulSet does not exist at present; its sessions wait for the next pod of its name.',
  // Ready
  Ready: 'New sessions are accepted.',
  NoPodsAccepting: 'No pod accepts new sessions.',
  NotProgrammed: 'Condition Programmed is not True.',
  NotInjected: 'Some pods run without the sidecar.',
  // End of a drain
  DrainComplete: 'The last session of the pod ended.',
  DrainDeadline: 'The drain deadline passed before the last session ended.',
  DrainCutShort:
    'The deadline moved earlier during the drain, because of a second delete, an eviction or a node shutdown.',
  DrainHeld: 'Half of the drain timeout has elapsed, and the pod still has sessions.',
  DrainNotReleased:
    'No proxy counts a session of the draining pod, and it has not terminated: its sidecar cannot reach the operator, or its app takes long to exit.',
  DrainLimited: 'The cluster ends drains before drain.timeout elapses.',
  DrainBroken:
    'The pod disappeared before its sessions ended and before its deadline: it was force-deleted, its node was lost, or its containers exited.',
  SidecarRestarted:
    'The sidecar exited while it held the pod, which ended the hold: the app received SIGTERM while it had sessions.',
  NotTerminating: 'The preStop hook ran although the pod is not being deleted, as happens when a container restarts.',
  // Rotation of session keys
  KeyRotationStarted: 'A new session key was added; it verifies tokens but does not sign them yet.',
  KeyRotationPromoted: 'Every proxy has the new session key, which now signs tokens.',
  KeyRotationComplete: 'Session keys that no live token can use were removed.',
  KeyRotationWaiting: 'A proxy has not confirmed the session keys. The rotation waits, so that no session is lost.',
  KeyRotationFailed: 'The Secret with the session keys could not be written; the rotation will be retried.',
  // Apps
  CarrierConflict:
    'The app sets a cookie or header that carries session tokens. The proxy removes it from responses, so the app does not get it back.',
  // Deletion costs
  DeletionCostConflict: 'Another controller manages the pod-deletion-cost of a pod; Holdfast left it unchanged.',
  DeletionCostFailed: 'The pod-deletion-cost of a pod could not be written; the write will be retried.',
} as const;
export type Reason = keyof typeof reasons;
