/** Times as Kubernetes writes them: RFC 3339 in UTC, whole seconds. The moment is given; no clock is read. */
export const formatTime = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19)}Z`;
