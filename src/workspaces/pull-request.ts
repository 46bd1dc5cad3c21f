/** A pull request of a branch that is at the remote already. */
import { Problem } from "../problem.ts"
import { byHandAt, type Forge, slugOf } from "./forge.ts"
import { gh } from "./gh.ts"
import type { PullRequest } from "./publishing.ts"

type Draft = Pick<PullRequest, "head" | "base" | "title" | "body" | "draft">

/** What `gh` is told. What a person or an agent wrote is never a word of its own: it could be taken for an option. */
export const wordsFor = (forge: Forge, { head, base, title, draft }: Draft): readonly string[] => [
  "pr",
  "create",
  `--repo=${slugOf(forge)}`,
  `--head=${head}`,
  ...(base === null ? [] : [`--base=${base}`]),
  `--title=${title}`,
  "--body-file=-",
  ...(draft ? ["--draft"] : []),
]

/** Throws {@link Problem} where `gh` cannot do it for this host. */
export async function checkGh(forge: Forge, head: string): Promise<void> {
  const { host } = forge
  const status = await gh(["auth", "status", `--hostname=${host}`])
  if (status.how === "missing")
    throw new Problem(
      "gh_missing",
      `GitHub's program gh is not installed: install it and \`gh auth login\`, or make the pull request at ${byHandAt(forge, head)}.`,
    )
  if (status.how === "failed")
    throw new Problem(
      "gh_not_signed_in",
      `gh is not signed in to ${host}: \`gh auth login --hostname ${host}\`, or make the pull request at ${byHandAt(forge, head)}.`,
    )
}

/** Gives its address. */
export async function makePullRequest(forge: Forge, draft: Draft): Promise<string> {
  const ended = await gh(wordsFor(forge, draft), draft.body)
  if (ended.how === "done") return addressIn(ended.said) ?? byHandAt(forge, draft.head)
  const said = ended.how === "failed" ? ended.said.trim() : "gh is gone"
  if (/already exists/i.test(said))
    throw new Problem(
      "pull_request_exists",
      `There is a pull request of ${draft.head} already: ${addressIn(said) ?? said.slice(0, 300)}`,
    )
  throw new Problem(
    "pull_request_failed",
    `gh made no pull request: ${said.slice(0, 500)}. By hand: ${byHandAt(forge, draft.head)}`,
  )
}

const addressIn = (said: string): string | null => /https:\/\/\S+\/\d+/.exec(said)?.[0] ?? null
