import { generateSecret, generateURI, verifySync } from 'otplib';

const PERIOD_SECONDS = 30;
const CODE_FORM = /^\d{6}$/;

/** 160 random bits in base32, as RFC 4226 advises. */
export const createTotpSecret = (): string => generateSecret();

/** `otpauth://…`, which apps read from a QR code. `issuer`: how the app names this hub. */
export function buildTotpUri(secret: string, issuer: string, account: string): string {
  return generateURI({ secret, issuer, label: account, period: PERIOD_SECONDS });
}

/** Whether it can only be meant as a code of an app, not as a recovery code. */
export const isTotpCode = (code: string): boolean => CODE_FORM.test(code);

/**
 * The time step that a code belongs to, if it is right now or one step (30 s) before or after: clocks differ, and
 * people type slowly.
 * @param now epoch ms
 */
export function findTimeStep(secret: string, code: string, now: number): number | undefined {
  if (!isTotpCode(code)) return undefined;
  const epoch = Math.floor(now / 1000);
  const verdict = verifySync({
    secret,
    token: code,
    epoch,
    period: PERIOD_SECONDS,
    epochTolerance: PERIOD_SECONDS,
  });
  return verdict.valid && 'timeStep' in verdict ? verdict.timeStep : undefined;
}
