/** Whether an error of the file system says that something is not there, and not only that it could not be looked at. */
export const isMissing = (error: unknown): boolean =>
  error instanceof Error && "code" in error && MISSING.has(String(error.code))

/** `ESRCH`: of a process that ended while its file in `/proc` was read. */
const MISSING = new Set(["ENOENT", "ENOTDIR", "ESRCH"])
