import { isReachedByHttps } from '../../config/public-scheme.js';
import type { DoorConfig } from './door-config.js';

/** Nothing of an API answer may run or be framed, even when a browser is tricked into showing it. */
export const API_CONTENT_SECURITY_POLICY = "default-src 'none'; frame-ancestors 'none'";

const PERMISSIONS_POLICY = [
  'accelerometer',
  'camera',
  'clipboard-read',
  'display-capture',
  'geolocation',
  'gyroscope',
  'magnetometer',
  'microphone',
  'midi',
  'payment',
  'usb',
]
  .map((feature) => `${feature}=()`)
  .join(', ');

/** The headers of every answer; page files bring a Content-Security-Policy of their own. */
export function buildSecurityHeaders(
  config: Pick<DoorConfig, 'publicOrigin' | 'tls'>,
): Record<string, string> {
  return {
    'content-security-policy': API_CONTENT_SECURITY_POLICY,
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
    'permissions-policy': PERMISSIONS_POLICY,
    ...(isReachedByHttps(config) && { 'strict-transport-security': 'max-age=31536000' }),
  };
}
