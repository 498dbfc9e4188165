/** Responses of the proxy itself, where there is none of an app. */
import type { Reply } from '../routing.ts';

export const badGateway = (body: string): Reply => ({ status: 502, reason: 'UpstreamProtocolError', body });
export const gatewayTimeout = (body: string): Reply => ({ status: 504, reason: 'UpstreamTimeout', body });

/** A bug in the proxy ended this request; which one is in the log. */
export const internalError: Reply = {
  status: 500,
  reason: 'InternalError',
  body: 'The proxy failed to process this request because of an internal error, which its log describes. Other requests are not affected.',
};

/** For a request that must not be sent twice: its pod is gone, and another pod might process it a second time. */
export const unreachable: Reply = {
  status: 502,
  reason: 'UpstreamConnectFailed',
  body: 'The pod that was processing this request is unreachable. It may or may not have processed the request, so the request was not sent to another pod.',
};
