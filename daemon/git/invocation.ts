/**
 * How git is called in a directory that may be hostile: a repository brings its own configuration, attributes and
 * hooks, and git runs programs that these name, for a mere `git status`. Everything of that kind is overruled here.
 * Pure: it makes the argument list and the environment.
 */
import { isAbsolute, sep } from "node:path"

/** Subcommands that are part of git itself: no alias of a repository can stand for them. */
export type Subcommand =
  | "add"
  | "checkout"
  | "commit"
  | "config"
  | "diff"
  | "fetch"
  | "log"
  | "ls-files"
  | "rev-parse"
  | "show"
  | "stash"
  | "status"
  | "symbolic-ref"
  | "worktree"

/** Overrules the repository's own configuration; a key given here has no other value. */
const FIXED: readonly (readonly [key: string, value: string])[] = [
  ["core.fsmonitor", "false"],
  ["core.hooksPath", "/dev/null"],
  ["core.pager", "cat"],
  ["core.editor", "false"],
  ["core.askPass", "false"],
  ["core.sshCommand", "false"],
  ["core.gitProxy", "none"],
  ["core.attributesFile", "/dev/null"],
  ["core.alternateRefsCommand", "false"],
  ["commit.gpgSign", "false"],
  ["tag.gpgSign", "false"],
  ["log.showSignature", "false"],
  ["gpg.program", "false"],
  ["gpg.openpgp.program", "false"],
  ["gpg.x509.program", "false"],
  ["gpg.ssh.program", "false"],
  ["gpg.ssh.defaultKeyCommand", "false"],
  ["diff.ignoreSubmodules", "all"],
  ["submodule.recurse", "false"],
  ["status.submoduleSummary", "false"],
  ["fetch.recurseSubmodules", "false"],
  ["safe.bareRepository", "explicit"],
  ["protocol.ext.allow", "never"],
  ["gc.auto", "0"],
  ["maintenance.auto", "false"],
  ["init.templateDir", ""],
  ["color.ui", "false"],
]

/** Drivers have names of the repository's choosing: `filter.NAME.clean`. Which there are has to be asked first. */
export const DRIVER_KEYS = "^(filter[.].*[.](clean|smudge|process|required)|merge[.].*[.]driver)$"

/** These look at refs and configuration alone, so no driver can be reached from them. */
const READS_NO_FILES: ReadonlySet<Subcommand> = new Set(["config", "rev-parse", "symbolic-ref"])
export const needsDrivers = (subcommand: Subcommand): boolean => !READS_NO_FILES.has(subcommand)

/** Drivers of `diff` are not overruled by configuration (an empty `diff.external` breaks it) but by these. */
const SHOWS_DIFFERENCES: ReadonlySet<Subcommand> = new Set(["diff", "log", "show"])
const NO_DIFF_PROGRAMS = ["--no-ext-diff", "--no-textconv"]

/** The variables that hold what a driver's key is overruled with. */
const NOTHING = "AGENTZ_GIT_NOTHING"
const FALSE = "AGENTZ_GIT_FALSE"

/** An empty merge driver would count as a merge that went well, so there `false` is run. */
const valueFor = (key: string): string =>
  key.endsWith(".required") || key.startsWith("merge.") ? FALSE : NOTHING

export interface Call {
  /** Absolute. */
  readonly directory: string
  readonly subcommand: Subcommand
  /** Options of the subcommand. What a user or an agent wrote belongs into `paths`. */
  readonly options?: readonly string[]
  /** Taken literally, after `--`: no option and no pattern. */
  readonly paths?: readonly string[]
  /** Keys that {@link DRIVER_KEYS} found. */
  readonly drivers?: readonly string[]
}

export interface Invocation {
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
}

/**
 * Argument list and environment of one call. A driver's name may hold `=`, so its key is given by `--config-env`,
 * which takes the last one as the end of the key; a git too old for that option (2.31) refuses to start.
 */
export function invocationOf(
  { directory, subcommand, options = [], paths, drivers = [] }: Call,
  outer: Readonly<Record<string, string | undefined>>,
): Invocation {
  const fixed = FIXED.flatMap(([key, value]) => ["-c", `${key}=${value}`])
  const overruled = ["credential.helper", ...drivers].map((key) => `--config-env=${key}=${valueFor(key)}`)
  return {
    args: [
      "--no-pager",
      "--no-replace-objects",
      "--literal-pathspecs",
      ...fixed,
      ...overruled,
      "-C",
      directory,
      subcommand,
      ...(SHOWS_DIFFERENCES.has(subcommand) ? NO_DIFF_PROGRAMS : []),
      ...options,
      ...(paths === undefined ? [] : ["--", ...paths]),
    ],
    env: environmentFor(directory, outer),
  }
}

/** No keys, no repository of somebody's choosing, no questions, nothing from the network, and no lock for a look. */
function environmentFor(
  directory: string,
  outer: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  const { PATH = "/usr/bin:/bin", HOME = "/", TMPDIR = "/tmp" } = outer
  return {
    PATH: PATH.split(":")
      .filter((entry) => isAbsolute(entry) && !`${entry}${sep}`.startsWith(`${directory}${sep}`))
      .join(":"),
    HOME,
    TMPDIR,
    LC_ALL: "C",
    GIT_CONFIG_NOSYSTEM: "1",
    GIT_CONFIG_GLOBAL: "/dev/null",
    GIT_ATTR_NOSYSTEM: "1",
    GIT_ALLOW_PROTOCOL: "none",
    GIT_NO_LAZY_FETCH: "1",
    GIT_TERMINAL_PROMPT: "0",
    GIT_OPTIONAL_LOCKS: "0",
    GIT_EDITOR: "false",
    GIT_SEQUENCE_EDITOR: "false",
    GIT_ASKPASS: "false",
    SSH_ASKPASS: "false",
    GIT_PAGER: "cat",
    [NOTHING]: "",
    [FALSE]: "false",
  }
}
