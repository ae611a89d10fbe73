/**
 * Why signing in by the provider came to nothing. The page has a text for each; nothing else of it reaches the
 * browser.
 */
export type ProviderFaultCode =
  /** The provider does not answer, or not as it should. */
  | 'unreachable'
  /** The user said no over there. */
  | 'cancelled'
  /** Begun too long ago, in another browser, or finished before. */
  | 'expired'
  /** What the provider answered does not hold. */
  | 'refused'
  /** Nobody here is connected with this identity. */
  | 'unknown'
  | 'disabled'
  /** Of sign-up: the provider has not checked the address, or gives none. */
  | 'email_unverified'
  /** Of sign-up: somebody here has that address. */
  | 'email_taken'
  /** Of connecting: another user has this identity. */
  | 'taken'
  /** Of connecting: the user has another identity of this provider. */
  | 'already_connected'
  /** Of connecting: the session is over. */
  | 'signed_out'
  | 'invitation'
  | 'too_many_requests'
  | 'internal';

export class ProviderFault extends Error {
  /** @param detail for the log: no secret, nothing of a token */
  constructor(
    readonly code: ProviderFaultCode,
    detail: string = code,
    options?: ErrorOptions,
  ) {
    super(detail, options);
    this.name = 'ProviderFault';
  }
}
