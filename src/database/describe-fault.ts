const SYSTEM_FAULTS: Record<string, string> = {
  EACCES: 'permission denied',
  EPERM: 'not permitted',
  EROFS: 'the file system is read-only',
  ENOSPC: 'no space left on the disk',
  EDQUOT: 'the disk quota is used up',
  ENOTDIR: 'a part of the path is a file',
  EEXIST: 'a file is in the way',
  ENOENT: 'no such file or directory',
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset',
  ETIMEDOUT: 'no answer in time',
  ENOTFOUND: 'the name is not known',
  EAI_AGAIN: 'the name cannot be resolved',
  EHOSTUNREACH: 'no route to it',
  ENETUNREACH: 'no route to its network',
};

/** The machine-readable code of an error: the system's (`EACCES`) or Postgres' SQLSTATE. */
export function readFaultCode(error: unknown): string | undefined {
  // A name with several addresses fails with a list, one fault for each.
  const { code, errors } = (error ?? {}) as { code?: unknown; errors?: unknown[] };
  if (code === undefined && errors?.[0]) return readFaultCode(errors[0]);
  return typeof code === 'string' ? code : undefined;
}

/** A few words for an operator. Node's own texts of file errors repeat paths and call names; these do not. */
export function describeFault(error: unknown): string {
  const code = readFaultCode(error);
  if (code !== undefined && SYSTEM_FAULTS[code] !== undefined) return SYSTEM_FAULTS[code];
  const message = (error as { message?: unknown } | undefined)?.message ?? error;
  return String(message).split('\n', 1)[0] || code || 'unknown fault';
}
