import { ConfigError } from './config/config-error.js';
import { EXIT_CONFIG, StartError } from './database/start-error.js';

/** One line for people: what is in the way, and what to do. */
export function describeStartFault(error: unknown): string {
  if (error instanceof ConfigError || error instanceof StartError) return error.message;
  const { code, message, port, address } = error as NodeJS.ErrnoException & {
    port?: number;
    address?: string;
  };
  if (code === 'EADDRINUSE') {
    return `Port ${port} on ${address} is in use. Stop what listens there, or set PORT to another one.`;
  }
  if (code === 'EACCES' && port !== undefined) {
    return `This user may not listen on port ${port}. Set PORT to 1024 or above.`;
  }
  if (code === 'EADDRNOTAVAIL') return `HOST=${address} is not an address of this machine.`;
  return `Watchkeeper could not start: ${message || String(error)}`;
}

export function exitCodeOf(error: unknown): number {
  if (error instanceof ConfigError) return EXIT_CONFIG;
  return error instanceof StartError ? error.exitCode : 1;
}
