/**
 * How git is called in a directory that may be hostile: a repository brings its own configuration, attributes and
 * hooks, and git runs programs that these name, for a mere `git status`. Everything of that kind is overruled here.
 * Pure: it makes the argument list and the environment.
 */
import { isAbsolute, sep } from "node:path"

/** Subcommands that are part of git itself: no alias of a repository can stand for them. */
export type Subcommand =
  | "add"
  | "cat-file"
  | "check-attr"
  | "check-ref-format"
  | "checkout"
  | "commit"
  | "commit-tree"
  | "config"
  | "diff"
  | "diff-files"
  | "diff-tree"
  | "fetch"
  | "for-each-ref"
  | "log"
  | "ls-files"
  | "ls-tree"
  | "merge"
  | "merge-base"
  | "merge-tree"
  | "read-tree"
  | "reset"
  | "rev-list"
  | "rev-parse"
  | "show"
  | "stash"
  | "status"
  | "symbolic-ref"
  | "update-index"
  | "update-ref"
  | "worktree"
  | "write-tree"

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
const READS_NO_FILES: ReadonlySet<Subcommand> = new Set([
  "check-ref-format",
  "config",
  "for-each-ref",
  "rev-parse",
  "symbolic-ref",
  "update-ref",
])
/** A repository of our own names no drivers. */
export const needsDrivers = ({ subcommand, own }: Pick<Call, "subcommand" | "own">): boolean =>
  own === undefined && !READS_NO_FILES.has(subcommand)

/** Drivers of `diff` are not overruled by configuration (an empty `diff.external` breaks it) but by these. */
const SHOWS_DIFFERENCES: ReadonlySet<Subcommand> = new Set(["diff", "diff-tree", "log", "show"])
const NO_DIFF_PROGRAMS = ["--no-ext-diff", "--no-textconv"]

/** Who made what we make; the user's own name is for what the user makes. */
const SIGNATURE = {
  GIT_AUTHOR_NAME: "agentz",
  GIT_AUTHOR_EMAIL: "agentz@localhost",
  GIT_COMMITTER_NAME: "agentz",
  GIT_COMMITTER_EMAIL: "agentz@localhost",
}

/** The variables that hold what a driver's key is overruled with. */
const NOTHING = "AGENTZ_GIT_NOTHING"
const FALSE = "AGENTZ_GIT_FALSE"

/** An empty merge driver would count as a merge that went well, so there `false` is run. */
const valueFor = (key: string): string =>
  key.endsWith(".required") || key.startsWith("merge.") ? FALSE : NOTHING

/**
 * A git directory of ours that stands for the repository's: what that has for configuration, attributes and index is
 * not read at all.
 */
export interface Own {
  readonly gitDir: string
  readonly index?: string
  /** Where objects are written; left out, in `gitDir`. */
  readonly objects?: string
  /** Where objects are found beside those. */
  readonly alternates?: string
}

export interface Author {
  readonly name: string
  readonly email: string
}

export interface Call {
  /** Absolute. With `own` the top of the work tree. */
  readonly directory: string
  readonly own?: Own | undefined
  readonly subcommand: Subcommand
  /** Values of the configuration, beside those that are fixed. */
  readonly settings?: readonly (readonly [key: string, value: string])[]
  /** Options of the subcommand. What a user or an agent wrote belongs into `paths`. */
  readonly options?: readonly string[]
  /** Taken literally, after `--`: no option and no pattern. */
  readonly paths?: readonly string[]
  /** Who wrote what is committed, where that is not who commits it. */
  readonly author?: Author & { readonly date: string }
  /** Reads the user's own configuration: only to look into it. */
  readonly usersConfig?: boolean
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
export function invocationOf(call: Call, outer: Readonly<Record<string, string | undefined>>): Invocation {
  const { directory, own, subcommand, settings = [], options = [], paths, drivers = [] } = call
  const fixed = [...FIXED, ...settings].flatMap(([key, value]) => ["-c", `${key}=${value}`])
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
    env: {
      ...environmentFor(directory, outer),
      ...(own && variablesFor(own, directory)),
      ...(call.author && variablesOf(call.author)),
      ...(call.usersConfig === true && usersConfigIn(outer)),
    },
  }
}

const variablesOf = ({ name, email, date }: NonNullable<Call["author"]>) => ({
  GIT_AUTHOR_NAME: name,
  GIT_AUTHOR_EMAIL: email,
  GIT_AUTHOR_DATE: date,
})

const usersConfigIn = ({ HOME = "/", GIT_CONFIG_GLOBAL }: Readonly<Record<string, string | undefined>>) => ({
  GIT_CONFIG_GLOBAL: GIT_CONFIG_GLOBAL ?? `${HOME}/.gitconfig`,
})

const variablesFor = ({ gitDir, index, objects, alternates }: Own, directory: string) => ({
  ...SIGNATURE,
  GIT_DIR: gitDir,
  GIT_WORK_TREE: directory,
  ...(index !== undefined && { GIT_INDEX_FILE: index }),
  ...(objects !== undefined && { GIT_OBJECT_DIRECTORY: objects }),
  ...(alternates !== undefined && { GIT_ALTERNATE_OBJECT_DIRECTORIES: quoted(alternates) }),
})

/** The variable is a list in which a quoted entry may hold its separator. */
const quoted = (path: string): string => `"${path.replace(/["\\]/g, "\\$&")}"`

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
