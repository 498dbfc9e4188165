/** HTTPRoutes and GRPCRoutes as their users write them: the fields of Gateway API v1.6 that Holdfast reads, with the API server's defaults where it has them. */

/** Go may write an empty list as null. */
type List<T> = readonly T[] | null;

export type HttpRouteSpec = {
  parentRefs?: List<RouteParentRef>;
  hostnames?: List<string>;
  rules?: List<HttpRouteRule>;
};

export type RouteParentRef = {
  group?: string;
  kind?: string;
  namespace?: string;
  name: string;
  sectionName?: string;
  port?: number;
};

export type HttpRouteRule = {
  name?: string;
  matches?: List<HttpRouteMatch>;
  filters?: List<HttpRouteFilter>;
  backendRefs?: List<HttpBackendRef>;
  timeouts?: { request?: string; backendRequest?: string };
  retry?: { codes?: List<number>; attempts?: number; backoff?: string };
  sessionPersistence?: SessionPersistenceSpec;
};

/** The fields of every generation of GEP-1619. */
export type SessionPersistenceSpec = {
  type?: 'Cookie' | 'Header';
  absoluteTimeout?: string;
  /** Until v1.5. */
  idleTimeout?: string;
  /** Until v1.6. */
  sessionName?: string;
  cookieConfig?: { lifetimeType?: 'Session' | 'Permanent' };
  /** From v1.7 on. */
  cookie?: { name?: string; path?: string; lifetimeType?: 'Session' | 'Permanent' };
  header?: { name?: string };
};

export type MatchedValue = { type?: 'Exact' | 'RegularExpression'; name: string; value: string };

export type HttpRouteMatch = {
  path?: { type?: 'Exact' | 'PathPrefix' | 'RegularExpression'; value?: string };
  headers?: List<MatchedValue>;
  queryParams?: List<MatchedValue>;
  method?: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE' | 'CONNECT' | 'OPTIONS' | 'TRACE' | 'PATCH';
};

export type BackendReference = { group?: string; kind?: string; namespace?: string; name: string; port?: number };

export type HttpBackendRef = BackendReference & { weight?: number; filters?: List<HttpRouteFilter> };

/** The field that belongs to `type` has the parameters. */
export type HttpRouteFilter = {
  type: string;
  requestHeaderModifier?: HttpHeaderFilter;
  responseHeaderModifier?: HttpHeaderFilter;
  requestRedirect?: HttpRequestRedirect;
  urlRewrite?: HttpUrlRewrite;
  requestMirror?: HttpRequestMirror;
  cors?: HttpCors;
};

type NameValue = { name: string; value: string };

export type HttpHeaderFilter = { set?: List<NameValue>; add?: List<NameValue>; remove?: List<string> };

export type HttpPathModifier = { type: string; replaceFullPath?: string; replacePrefixMatch?: string };

export type HttpRequestMirror = {
  backendRef: BackendReference;
  percent?: number;
  fraction?: { numerator: number; denominator?: number };
};

export type HttpUrlRewrite = { hostname?: string; path?: HttpPathModifier };

export type HttpCors = {
  allowOrigins?: List<string>;
  allowCredentials?: boolean;
  allowMethods?: List<string>;
  allowHeaders?: List<string>;
  exposeHeaders?: List<string>;
  maxAge?: number;
};

export type HttpRequestRedirect = {
  scheme?: string;
  hostname?: string;
  path?: HttpPathModifier;
  port?: number;
  statusCode?: number;
};

export type GrpcRouteSpec = {
  parentRefs?: List<RouteParentRef>;
  hostnames?: List<string>;
  rules?: List<GrpcRouteRule>;
};

export type GrpcRouteRule = Pick<HttpRouteRule, 'name' | 'filters' | 'backendRefs' | 'sessionPersistence'> & {
  matches?: List<GrpcRouteMatch>;
};

export type GrpcRouteMatch = {
  method?: { type?: 'Exact' | 'RegularExpression'; service?: string; method?: string };
  headers?: List<MatchedValue>;
};
