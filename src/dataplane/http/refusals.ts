/** Why a message is refused. A refused request gets a response with `status` and its connection closes; a refused response becomes a 502. */

const refusal = <Reason extends string>(reason: Reason, status: number, body: string) =>
  Object.freeze({ reason, status, body });

export const refusals = {
  InvalidMethod: refusal('InvalidMethod', 400, 'The method is not a token.'),
  InvalidRequestLine: refusal(
    'InvalidRequestLine',
    400,
    'The request line is not "method SP request-target SP HTTP-version".',
  ),
  InvalidRequestTarget: refusal('InvalidRequestTarget', 400, 'The request-target is not valid.'),
  InvalidVersion: refusal('InvalidVersion', 400, 'The protocol version is malformed.'),
  InvalidStatusLine: refusal('InvalidStatusLine', 400, 'The status line is malformed.'),
  BareLineFeed: refusal('BareLineFeed', 400, 'A line ended in LF without CR.'),
  BareCarriageReturn: refusal('BareCarriageReturn', 400, 'A CR was not followed by LF.'),
  ObsoleteFold: refusal('ObsoleteFold', 400, 'A header line began with white space.'),
  WhitespaceBeforeColon: refusal(
    'WhitespaceBeforeColon',
    400,
    'There was white space between a header name and its colon.',
  ),
  MissingColon: refusal('MissingColon', 400, 'A header line had no colon.'),
  InvalidFieldName: refusal('InvalidFieldName', 400, 'A header name held a character that is not allowed.'),
  InvalidFieldValue: refusal('InvalidFieldValue', 400, 'A header value held a control character.'),
  MissingHost: refusal('MissingHost', 400, 'The Host header is missing.'),
  DuplicateHost: refusal('DuplicateHost', 400, 'There was more than one Host header.'),
  InvalidHost: refusal('InvalidHost', 400, 'The Host header is not a host with an optional port.'),
  InvalidContentLength: refusal('InvalidContentLength', 400, 'The Content-Length is not a whole number.'),
  DuplicateContentLength: refusal('DuplicateContentLength', 400, 'There was more than one Content-Length.'),
  ContentLengthWithTransferEncoding: refusal(
    'ContentLengthWithTransferEncoding',
    400,
    'There were both a Content-Length and a Transfer-Encoding.',
  ),
  TransferEncodingInHttp10: refusal('TransferEncodingInHttp10', 400, 'HTTP/1.0 has no Transfer-Encoding.'),
  InvalidTransferEncoding: refusal(
    'InvalidTransferEncoding',
    400,
    'The Transfer-Encoding does not end in one "chunked".',
  ),
  InvalidChunkSize: refusal('InvalidChunkSize', 400, 'A chunk size is not a hexadecimal number.'),
  InvalidChunkExtension: refusal('InvalidChunkExtension', 400, 'A chunk extension is malformed.'),
  ChunkExtensionTooLarge: refusal('ChunkExtensionTooLarge', 400, 'The chunk extensions are too long.'),
  InvalidChunkEnd: refusal('InvalidChunkEnd', 400, 'A chunk did not end in CRLF at its size.'),
  InvalidTrailer: refusal('InvalidTrailer', 400, 'A trailer field is malformed.'),
  ForbiddenTrailer: refusal(
    'ForbiddenTrailer',
    400,
    'A trailer field may not affect how a message is framed, routed or authenticated.',
  ),
  RequestTimeout: refusal('RequestTimeout', 408, 'The request did not arrive in time.'),
  EncryptionRequired: refusal(
    'EncryptionRequired',
    400,
    'This port serves HTTPS, and the request was sent without encryption. Use https:// in its address.',
  ),
  MisdirectedRequest: refusal(
    'MisdirectedRequest',
    421,
    'This connection was opened for another host, which another listener serves. Repeat the request on a connection of its own.',
  ),
  RequestLineTooLong: refusal('RequestLineTooLong', 414, 'The request line is too long.'),
  HeadTooLarge: refusal('HeadTooLarge', 431, 'The header section is too large.'),
  TooManyFields: refusal('TooManyFields', 431, 'There were too many headers.'),
  TrailersTooLarge: refusal('TrailersTooLarge', 431, 'The trailer section is too large.'),
  UnknownTransferCoding: refusal('UnknownTransferCoding', 501, 'The only supported transfer coding is "chunked".'),
  UnsupportedMethod: refusal('UnsupportedMethod', 501, 'CONNECT is not supported.'),
  UnsupportedVersion: refusal('UnsupportedVersion', 505, 'Only HTTP/1.0 and HTTP/1.1 are supported.'),
} as const;

export type RefusalReason = keyof typeof refusals;
export type Refusal = (typeof refusals)[RefusalReason];
