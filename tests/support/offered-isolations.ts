import { chooseIsolation, type IsolationKind } from "#daemon/process/isolation"

/** The isolations that this machine offers to this user. Says which are skipped, and what they need. */
export const offeredIsolations = (): readonly IsolationKind[] =>
  (["cgroup", "namespace", "marker"] as const).filter((kind) => {
    const offers = chooseIsolation(`agentz-test-${process.pid}`, kind).kind === kind
    if (!offers)
      console.log(`skipped: no isolation by ${kind} here; it needs root or what docs/isolation.md says`)
    return offers
  })
