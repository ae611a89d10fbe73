import { isIP } from 'node:net';
import { OutboundError } from './outbound-error.js';

/** An address taken apart, numeric spellings of IP addresses already made plain. */
export interface OutboundTarget {
  readonly isTls: boolean;
  /** Name or IP address, IPv6 without brackets. */
  readonly host: string;
  readonly port: number;
  /** As the `Host` header has it: the port only where it is not the scheme's own. */
  readonly authority: string;
  /** Path and query. */
  readonly path: string;
  /** Host and port: all of an address that a message may name, since its path may be a secret. */
  readonly place: string;
}

/** @throws OutboundError `bad_url` */
export function parseTarget(address: string | URL): OutboundTarget {
  const text = String(address);
  if (text.length > 2048 || /[\s\u0000-\u001f\u007f\\]/.test(text) || !URL.canParse(text)) {
    throw new OutboundError('bad_url', 'this is not an address: write it like https://name.example/path');
  }
  const url = new URL(text);
  if (url.protocol !== 'https:' && url.protocol !== 'http:') {
    throw new OutboundError('bad_url', 'only http:// and https:// addresses can be called');
  }
  if (url.username !== '' || url.password !== '') {
    throw new OutboundError(
      'bad_url',
      'the address carries a user name or password: give it in its own field',
    );
  }
  const isTls = url.protocol === 'https:';
  const port = url.port === '' ? (isTls ? 443 : 80) : Number(url.port);
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (port === 0 || host === '') throw new OutboundError('bad_url', 'the address has no host or port');
  return {
    isTls,
    host,
    port,
    authority: url.host,
    path: url.pathname + url.search,
    place: `${url.hostname}:${port}`,
  };
}

/** The name to ask a TLS server for, and to find in its certificate; IP addresses are never sent as a name. */
export function nameServer(host: string): string {
  return isIP(host) === 0 ? host.replace(/\.$/, '') : '';
}

/** Those that decide where a message ends or goes, whom it speaks for, or how its answer is packed: the hub's alone. */
const OWN_HEADERS = new Set([
  'accept-encoding',
  'connection',
  'content-length',
  'cookie',
  'expect',
  'host',
  'http2-settings',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'via',
]);

/** @throws OutboundError `bad_header` */
export function checkHeaders(headers: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(headers)) {
    if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}$/.test(name)) {
      throw new OutboundError('bad_header', 'the name of a header has characters that no header name has');
    }
    const lower = name.toLowerCase();
    if (OWN_HEADERS.has(lower) || lower.startsWith('proxy-')) {
      throw new OutboundError('bad_header', `the header ${name} is set by the hub itself: leave it out`);
    }
    if (typeof value !== 'string' || value.length > 8192 || /[^\t\x20-\x7e\x80-\xff]/.test(value)) {
      throw new OutboundError(
        'bad_header',
        `the value of the header ${name} has line breaks or other control characters`,
      );
    }
  }
}
