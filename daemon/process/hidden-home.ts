/**
 * Hides agentz's home from the processes of an agent. They run as the same user, and the home holds the token by
 * which questions are answered: a command that reads it could allow itself anything.
 *
 * On Linux a command gets a user namespace and a mount namespace of its own, in which the home is an empty
 * directory that nothing can be written to, and no capability to change that. Being in another user namespace it can
 * neither look into the memory, the environment or the root of the processes outside. It cannot become another user
 * any more: `sudo` does not work in it. Root would get around all of it, so for root nothing is hidden.
 */
import { spawnSync } from "node:child_process"
import { systemProgram } from "./isolation.ts"

/**
 * Mounts, lets go of what it needed for that, and becomes the command: no process more than without it. A new
 * namespace forgets which signal the death of the parent sends, so it is set in here. Other users' files belong to
 * nobody in it, and ssh reads no included configuration of nobody's: it finds none.
 */
const SCRIPT = `home=$1 mount=$2 setpriv=$3 read=$4 write=$5; shift 5
fail() { echo "agentz: its home could not be hidden and this command was not run" >&2; exit 126; }
show() { mkdir -p "$2" && "$mount" --no-canonicalize --bind -o "$3" "/proc/self/fd/$1" "$2" || fail; }
# Held open, so that they are found again below what hides them.
[ -z "$read" ] || exec 8<"$read" || fail
[ -z "$write" ] || exec 9<"$write" || fail
"$mount" -t tmpfs -o mode=500,size=64k,nosuid,nodev,noexec agentz "$home" || fail
[ -z "$read" ] || show 8 "$read" ro
[ -z "$write" ] || show 9 "$write" rw
"$mount" -o remount,ro,mode=500,size=64k,nosuid,nodev,noexec "$home" || fail
exec 8<&- 9<&-
includes=/etc/ssh/ssh_config.d
[ ! -d "$includes" ] || "$mount" -t tmpfs -o ro,mode=555,size=4k,nosuid,nodev,noexec agentz "$includes"
exec "$setpriv" --no-new-privs --inh-caps=-all --ambient-caps=-all --bounding-set=-all --pdeathsig KILL -- "$@"`

/** Directories of the home that are seen all the same: what an agent's own process is made of, and what it keeps. */
export interface Shown {
  readonly read?: string
  readonly write?: string
}

/** The command that runs `argv` where `home` is empty but for `shown`. Whether that works here says {@link whyHomeIsSeen}. */
export const withHiddenHome = (
  home: string,
  argv: readonly string[],
  { read = "", write = "" }: Shown = {},
): readonly [string, ...string[]] => [
  systemProgram("unshare") ?? "unshare",
  "--user",
  "--map-current-user",
  "--mount",
  "--keep-caps",
  "--",
  "/bin/sh",
  "-c",
  SCRIPT,
  "sh",
  home,
  systemProgram("mount") ?? "mount",
  systemProgram("setpriv") ?? "setpriv",
  read,
  write,
  ...argv,
]

const PATIENCE_MS = 5_000

/** Why `home` cannot be hidden here, found out by trying; `null` when it can. */
export function whyHomeIsSeen(home: string, uid = process.getuid?.()): string | null {
  if (process.platform !== "linux") return "only Linux can hide a directory from a process"
  if (uid === 0) return "root can be kept from nothing"
  const [program, ...args] = withHiddenHome(home, ["/bin/sh", "-c", 'test -z "$(ls -A "$1")"', "sh", home])
  const { status, stderr } = spawnSync(program, args, { cwd: "/", timeout: PATIENCE_MS, encoding: "utf8" })
  if (status === 0) return null
  return stderr?.trim().split("\n")[0] || "the system does not let a user have namespaces of its own"
}
