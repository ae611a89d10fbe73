/** Why a request that a user's setting directs did not come to a good end. Codes only join. */
export type OutboundErrorCode =
  | 'bad_url'
  | 'bad_header'
  | 'blocked_address'
  | 'dns'
  | 'refused'
  | 'unreachable'
  | 'reset'
  | 'tls'
  | 'timeout'
  | 'redirect'
  | 'answer_too_large'
  | 'bad_answer'
  | 'aborted';

/**
 * `message` is one line for the user: what happened and what to do. It names host and port at most; paths, headers
 * and bodies may carry secrets.
 */
export class OutboundError extends Error {
  constructor(
    readonly code: OutboundErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'OutboundError';
  }

  /** Whether the same request can never succeed before somebody changes a setting. */
  get isPermanent(): boolean {
    return this.code === 'bad_url' || this.code === 'bad_header' || this.code === 'blocked_address';
  }
}

const CERTIFICATE_FAULTS: Record<string, string> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: 'has a certificate that it signed itself',
  SELF_SIGNED_CERT_IN_CHAIN: 'has a certificate of an authority that is not known here',
  UNABLE_TO_GET_ISSUER_CERT: 'has a certificate of an authority that is not known here',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'has a certificate of an authority that is not known here',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'has a certificate that leads to no authority known here',
  CERT_HAS_EXPIRED: 'has a certificate that has expired',
  CERT_NOT_YET_VALID: 'has a certificate that is not valid yet: compare the clocks',
  ERR_TLS_CERT_ALTNAME_INVALID: 'has a certificate for another name',
};
const AUTHORITY_HINT =
  ': give the hub the authority in NODE_EXTRA_CA_CERTS, or the server a public certificate';

/** Makes an OutboundError of what Node reports for a request to `place` (host and port). */
export function describeNetworkFault(error: unknown, place: string): OutboundError {
  if (error instanceof OutboundError) return error;
  const code = (error as NodeJS.ErrnoException).code ?? '';
  const because = { cause: error };
  const certificate = CERTIFICATE_FAULTS[code];
  if (certificate !== undefined) {
    const hint = /SELF_SIGNED|ISSUER|LEAF/.test(code) ? AUTHORITY_HINT : '';
    return new OutboundError('tls', `${place} ${certificate}${hint}`, because);
  }
  if (/^(?:ERR_SSL_|ERR_TLS_|EPROTO|CERT_|CRL_)/.test(code)) {
    return new OutboundError('tls', `${place} and the hub cannot agree on encryption (${code})`, because);
  }
  if (/^(?:ENOTFOUND|ENODATA|EAI_|ESERVFAIL|EREFUSED|ENONAME|EBADNAME|EBADRESP|EFORMERR)/.test(code)) {
    return new OutboundError('dns', `the name of ${place} cannot be resolved: check its spelling`, because);
  }
  if (code.startsWith('HPE_')) {
    return new OutboundError('bad_answer', `${place} does not answer in HTTP that can be read`, because);
  }
  switch (code) {
    case 'ECONNREFUSED':
      return new OutboundError('refused', `${place} refuses connections: nothing listens there`, because);
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
    case 'EADDRNOTAVAIL':
      return new OutboundError('unreachable', `there is no way to ${place} from the hub`, because);
    case 'ETIMEDOUT':
    case 'ETIMEOUT':
      return new OutboundError('timeout', `${place} could not be reached in time`, because);
    default:
      return new OutboundError('reset', `${place} broke the connection off`, because);
  }
}
