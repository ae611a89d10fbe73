/** How a machine reaches the hub. */
interface Reaching {
  /** The hub's address, without a slash at its end. */
  readonly url: string;
  /** Of a hub with a certificate of its own: `sha256//…`. */
  readonly pin: string | null;
}

/** The one line that fetches the installer and runs it as root, for a POSIX shell. */
export function buildInstallLine({ url, pin, token }: Reaching & { readonly token: string }): string {
  const installing = ['sudo', 'sh', '-s', '--', '--url', url, '--token', token, ...listWayOptions(url, pin)];
  return `curl -fsSL ${[...listCurlOptions(pin), `${url}/install.sh`].join(' ')} | ${installing.join(' ')}`;
}

/**
 * Fetches the agent and starts it in the folder where it is pasted. The key goes by a file: what stands in a command
 * line can be read by everybody on that machine.
 */
export function buildAgentLine({ url, pin, apiKey }: Reaching & { readonly apiKey: string }): string {
  const starting = [
    ...['node', 'agent.cjs', '--url', url, '--key-file', 'watchkeeper.key'],
    ...listWayOptions(url, pin),
  ];
  return [
    `curl -fsSO ${[...listCurlOptions(pin), `${url}/agent.cjs`].join(' ')} &&`,
    `(umask 077; printf %s '${apiKey}' > watchkeeper.key) &&`,
    starting.join(' '),
  ].join(' ');
}

interface Reporting extends Reaching {
  /** Or a variable of the shell. */
  readonly apiKey: string;
  readonly report: object;
}

/** Sends one report, without texts that hold a quote. */
export function buildReportLine({ url, pin, apiKey, report }: Reporting): string {
  return [
    ['curl', ...listCurlOptions(pin)].join(' '),
    `-H "X-API-Key: ${apiKey}"`,
    `-H "Content-Type: application/json"`,
    `-d ${quote(JSON.stringify(report))}`,
    `${url}/api/monitoring/data`,
  ].join(' ');
}

/** The pin stands in for the authority that such a certificate does not have. */
const listCurlOptions = (pin: string | null): string[] => (pin ? ['-k', '--pinnedpubkey', quote(pin)] : []);

/** As installer and agent take them. */
const listWayOptions = (url: string, pin: string | null): string[] => [
  ...(pin ? ['--pin', quote(pin)] : []),
  ...(isPlainHttpElsewhere(url) ? ['--allow-http'] : []),
];

function isPlainHttpElsewhere(url: string): boolean {
  const { protocol, hostname } = new URL(url);
  return (
    protocol === 'http:' && hostname !== 'localhost' && hostname !== '[::1]' && !hostname.startsWith('127.')
  );
}

const quote = (text: string) => `'${text}'`;
