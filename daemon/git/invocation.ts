/**
 * How git is called in a directory that may be hostile: a repository brings its own configuration, attributes and
 * hooks, and git runs programs that these name, for a mere `git status`. Everything of that kind is overruled here.
 * Pure: it makes the argument list and the environment.
 */
import { isAbsolute, sep } from "node:path"
import type { Protocol } from "./address.ts"

/** Subcommands that are part of git itself: no alias of a repository can stand for them. */
export type Subcommand =
  | "add"
  | "cat-file"
  | "check-attr"
  | "check-ref-format"
  | "checkout"
  | "clone"
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
  | "push"
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

/** How to reach a remote, and who one is there, says the user's own configuration: only in a call that reads no repository's. */
const USERS_TO_SAY: ReadonlySet<string> = new Set(["core.sshCommand", "core.gitProxy"])

/** In a call that reaches a remote. One that says nothing for so long is away. */
const FIXED_FOR_REMOTES: typeof FIXED = [
  ["http.lowSpeedLimit", "1"],
  ["http.lowSpeedTime", "30"],
  ["push.followTags", "false"],
  ["push.gpgSign", "false"],
  ["push.negotiate", "false"],
  ["push.recurseSubmodules", "no"],
]

/** Drivers have names of the repository's choosing: `filter.NAME.clean`. Which there are has to be asked first. */
export const DRIVER_KEYS = "^(filter[.].*[.](clean|smudge|process|required)|merge[.].*[.]driver)$"

/** These look at refs and configuration alone, so no driver can be reached from them. */
const READS_NO_FILES: ReadonlySet<Subcommand> = new Set([
  "check-ref-format",
  "clone",
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
  /** The file that says where the history begins, of a repository that has only the newest commits. */
  readonly shallow?: string
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
  /**
   * Reaches a remote, and by nothing but this protocol or one that the user's own configuration puts in its place. That
   * configuration says how to sign in; a repository's must not be read beside it, so such a call needs `own`, or clones.
   */
  readonly network?: Protocol
  /** Keys that {@link DRIVER_KEYS} found. */
  readonly drivers?: readonly string[]
}

export interface Invocation {
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string | undefined>>
}

/**
 * Argument list and environment of one call. A driver's name may hold `=`, so its key is given by `--config-env`,
 * which takes the last one as the end of the key; a git too old for that option (2.31) refuses to start.
 */
export function invocationOf(call: Call, outer: Readonly<Record<string, string | undefined>>): Invocation {
  const { directory, own, subcommand, settings = [], options = [], paths, drivers = [] } = call
  const far = call.network !== undefined
  const standing = far ? [...FIXED.filter(([key]) => !USERS_TO_SAY.has(key)), ...FIXED_FOR_REMOTES] : FIXED
  const fixed = [...standing, ...settings].flatMap(([key, value]) => ["-c", `${key}=${value}`])
  const emptied = [...(far ? [] : ["credential.helper"]), ...drivers]
  const overruled = emptied.map((key) => `--config-env=${key}=${valueFor(key)}`)
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
      ...(call.network !== undefined && variablesToReach(call.network, outer)),
    },
  }
}

/** What of the user's environment says how a remote is reached and who one is there. */
export const REACHING: readonly string[] = [
  "SSH_AUTH_SOCK",
  "GIT_SSH",
  "GIT_SSH_COMMAND",
  "GIT_CONFIG_GLOBAL",
  "GIT_CONFIG_SYSTEM",
  "GIT_SSL_CAINFO",
  "SSL_CERT_FILE",
  "SSL_CERT_DIR",
  "HTTPS_PROXY",
  "https_proxy",
  "ALL_PROXY",
  "all_proxy",
  "NO_PROXY",
  "no_proxy",
  "XDG_CONFIG_HOME",
  "XDG_RUNTIME_DIR",
  "DBUS_SESSION_BUS_ADDRESS",
  "GH_HOST",
  "GH_CONFIG_DIR",
  "GH_TOKEN",
  "GITHUB_TOKEN",
]

/** The user's configuration may turn `https` into `ssh` and the other way round. */
function variablesToReach(protocol: Protocol, outer: Readonly<Record<string, string | undefined>>) {
  const given = REACHING.flatMap((name) => (outer[name] ? [[name, outer[name]] as const] : []))
  return {
    GIT_CONFIG_NOSYSTEM: "0",
    // Left out, git looks where users have it.
    GIT_CONFIG_GLOBAL: undefined,
    ...Object.fromEntries(given),
    GIT_ALLOW_PROTOCOL: protocol === "file" ? "file" : [...new Set([protocol, "https", "ssh"])].join(":"),
    SSH_ASKPASS_REQUIRE: "never",
    // A helper that many have, which would open a window.
    GCM_INTERACTIVE: "never",
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

const variablesFor = ({ gitDir, index, objects, alternates, shallow }: Own, directory: string) => ({
  ...SIGNATURE,
  GIT_DIR: gitDir,
  GIT_WORK_TREE: directory,
  ...(index !== undefined && { GIT_INDEX_FILE: index }),
  ...(objects !== undefined && { GIT_OBJECT_DIRECTORY: objects }),
  ...(shallow !== undefined && { GIT_SHALLOW_FILE: shallow }),
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
