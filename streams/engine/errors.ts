/** What can go wrong with the engine itself. `code` is stable; the message names the remedy. */
export class EngineError extends Error {
  readonly code: string

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = new.target.name
    this.code = code
  }
}

/** Another live process serves this directory. */
export class DataDirBusyError extends EngineError {
  readonly pid: number

  constructor(dir: string, pid: number) {
    super(
      "data_dir_busy",
      `The data directory ${dir} is in use by process ${pid}. Stop that process, or choose another directory.`,
    )
    this.pid = pid
  }
}

/** The directory cannot be trusted with history: wrong owner, open to others, or not ours. */
export class DataDirRefusedError extends EngineError {
  constructor(message: string) {
    super("data_dir_refused", message)
  }
}

/** Something else listens on the port. */
export class PortInUseError extends EngineError {
  constructor(port: number) {
    super(
      "port_in_use",
      `Port ${port} is in use by another program. Choose another port, or 0 for any free one.`,
    )
  }
}

/** The store file failed its check and was not opened. */
export class StoreDamagedError extends EngineError {
  constructor(file: string, finding: string) {
    super(
      "store_damaged",
      `The store ${file} is damaged (${finding}) and was not opened, so that nothing more is lost. Keep a copy of it, then restore the directory from a backup.`,
    )
  }
}

/** The store was found damaged while it was served. What is sound can still be read. */
export class DamageFoundError extends EngineError {
  constructor(finding: string) {
    super(
      "store_damaged",
      `The store is damaged (${finding}) and takes no more writes, so that nothing more is lost. Read what you need, stop the server, keep a copy of its directory, then restore it from a backup.`,
    )
  }
}

/** The store was written by a release this one does not know. */
export class StoreVersionError extends EngineError {
  constructor(found: string) {
    super(
      "store_version",
      `The store has format ${found}, which this release does not read. Start the release that wrote it.`,
    )
  }
}

/** A stored record does not match its checksum, or is missing. */
export class DamagedRecordError extends EngineError {
  constructor(what: string) {
    super("record_damaged", `${what} is damaged. What lies before it can still be read.`)
  }
}

/** The disk takes no commit just now. Nothing was written; the same request may be sent again. */
export class DiskRefusedError extends EngineError {}

export class DiskFullError extends DiskRefusedError {
  constructor(cause?: unknown) {
    super("disk_full", "The disk is full: nothing was written. Free some space and send this again.", {
      cause,
    })
  }
}

/** As the kernel makes a file system after an error of its disk. */
export class DiskReadOnlyError extends DiskRefusedError {
  constructor(cause?: unknown) {
    super(
      "disk_read_only",
      "The disk is read-only: nothing was written. The system's log says why; once it is writable, send this again.",
      { cause },
    )
  }
}

/** The store refused a commit, or never answered. The process should exit: a fresh start is clean. */
export class CommitFailedError extends EngineError {
  constructor(message: string, cause?: unknown) {
    super("commit_failed", message, { cause })
  }
}

/** More connections than the process may have open files for. */
export class CrowdedError extends EngineError {
  constructor() {
    super(
      "too_many_connections",
      "The stream server has as many connections as it may. Close some, or raise its limit of open files.",
    )
  }
}

/** The server is on its way out and takes no more writes. */
export class StoppingError extends EngineError {
  constructor() {
    super("stopping", "The stream server is stopping. Send this again when it is back.")
  }
}
