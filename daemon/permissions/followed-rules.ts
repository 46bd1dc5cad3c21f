/** The rules as they are now: followed live, so that one that is revoked speaks no more. */
import { FollowRefused, follow } from "#streams/follow"
import { paths } from "#streams/paths"
import { foldRules, type Rule, type Rules } from "#streams/rule"
import { addressOf, authorization, type FindEndpoint } from "#streams/transport"

export interface FollowedRules {
  /** All there are. Complete once {@link caughtUp} has resolved; until then no question may be answered by them. */
  all(): Iterable<Rule>
  readonly caughtUp: Promise<void>
}

export function followRules(
  endpoint: FindEndpoint,
  {
    signal,
    onChange,
    onRefused,
  }: {
    readonly signal: AbortSignal
    readonly onChange: () => void
    /** The server will not have its rules read: from now on there are none, and everything is asked. */
    readonly onRefused: (reason: string) => void
  },
): FollowedRules {
  let rules: Rules = new Map()
  let settle: () => void = () => undefined
  const caughtUp = new Promise<void>((resolve) => {
    settle = resolve
  })
  const read = async () => {
    for await (const batch of follow({
      url: () => addressOf(endpoint(), paths.rules),
      headers: () => authorization(endpoint()),
      signal,
    })) {
      rules = foldRules(rules, batch.items)
      if (batch.upToDate) settle()
      if (batch.items.length > 0) onChange()
    }
  }
  read()
    .catch((error: unknown) => {
      if (!(error instanceof FollowRefused)) throw error
      rules = new Map()
      onRefused(error.message)
    })
    .finally(settle)
  return { all: () => rules.values(), caughtUp }
}
