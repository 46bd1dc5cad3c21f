/** What git tells of a push, and what it means for whoever asked for it. Pure. */
import type { GitError } from "./git.ts"

export interface RefTold {
  readonly ref: string
  readonly outcome: "taken" | "refused"
  readonly reason: string
}

/** `FLAG TAB FROM:TO TAB SUMMARY` per ref, as `git push --porcelain` prints it. */
export function refsTold(said: string): readonly RefTold[] {
  return said.split("\n").flatMap((line) => {
    const [, flag = "", ref = "", summary = ""] = /^([ +\-*=!])\t[^:\t]*:([^\t]+)\t(.*)$/.exec(line) ?? []
    if (ref === "") return []
    return [{ ref, outcome: flag === "!" ? ("refused" as const) : ("taken" as const), reason: summary }]
  })
}

/** `remote_away` may come back by itself; the others are for a person. */
export type RemoteTrouble =
  | "push_rejected"
  | "remote_auth_failed"
  | "remote_missing"
  | "remote_away"
  | "push_failed"

const SIGNS: readonly (readonly [RemoteTrouble, RegExp])[] = [
  [
    "push_rejected",
    /non-fast-forward|fetch first|stale info|remote rejected|\[rejected\]|pre-receive hook declined/i,
  ],
  [
    "remote_auth_failed",
    /authentication failed|could not read (username|password)|permission denied|terminal prompts disabled|access denied|host key verification failed|requested URL returned error: 40[13]|unable to get password/i,
  ],
  [
    "remote_missing",
    /repository .*not found|does not appear to be a git repository|project .*not (be )?found|returned error: 404|couldn't find remote ref/i,
  ],
  [
    "remote_away",
    /could not resolve|connection (refused|reset|timed out|closed)|operation timed out|network is unreachable|no route to host|unable to (access|connect)|failed to connect|early EOF|hung up|could not read from remote|returned error: 5\d\d|transfer closed|too slow/i,
  ],
]

/** What kept a call from reaching the remote, or the remote from doing what was asked. */
export function troubleOf({
  ending,
  message,
  said,
}: Pick<GitError, "ending" | "message" | "said">): RemoteTrouble {
  if (ending.how === "timed out") return "remote_away"
  if (ending.how !== "exited") return "push_failed"
  const text = `${said}\n${message}`
  return SIGNS.find(([, sign]) => sign.test(text))?.[0] ?? "push_failed"
}

export const mayComeBack = (trouble: RemoteTrouble): boolean =>
  trouble === "remote_away" || trouble === "push_failed"

/** After so many seconds, doubled each time up to an hour; for about a day. */
const FIRST_MS = 5_000
const LAST_MS = 3_600_000
const MOST = 32

/** How long to wait before the attempt after this one; `null`: nobody tries it again by itself. */
export const pauseAfter = (attempt: number): number | null =>
  attempt >= MOST ? null : Math.min(LAST_MS, FIRST_MS * 2 ** Math.min(attempt - 1, 20))
