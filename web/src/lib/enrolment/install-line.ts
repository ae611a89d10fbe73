interface Installing {
  /** The hub's address, without a slash at its end. */
  readonly url: string;
  /** Of a hub with a certificate of its own: `sha256//…`. */
  readonly pin: string | null;
  readonly token: string;
}

/** The one line that fetches the installer and runs it as root, for a POSIX shell. */
export function buildInstallLine({ url, pin, token }: Installing): string {
  const fetching = [
    'curl',
    '-fsSL',
    ...(pin ? ['-k', '--pinnedpubkey', quote(pin)] : []),
    `${url}/install.sh`,
  ];
  const installing = ['sudo', 'sh', '-s', '--', '--url', url, '--token', token];
  if (pin) installing.push('--pin', quote(pin));
  if (isPlainHttpElsewhere(url)) installing.push('--allow-http');
  return `${fetching.join(' ')} | ${installing.join(' ')}`;
}

function isPlainHttpElsewhere(url: string): boolean {
  const { protocol, hostname } = new URL(url);
  return (
    protocol === 'http:' && hostname !== 'localhost' && hostname !== '[::1]' && !hostname.startsWith('127.')
  );
}

const quote = (text: string) => `'${text}'`;
