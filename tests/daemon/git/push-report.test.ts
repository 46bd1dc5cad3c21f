/** What git says of a push is read the same way every time, and decides whether it is tried again. */
import { expect, test } from "vitest"
import { mayComeBack, pauseAfter, refsTold, troubleOf } from "#daemon/git/push-report"

test("each ref is told with what became of it", () => {
  const said = [
    "To /srv/a.git",
    "*\t0123:refs/agentz/ses_x/1\t[new reference]",
    "=\t0123:refs/heads/a\t[up to date]",
    "!\t0123:refs/heads/b\t[rejected] (non-fast-forward)",
    "Done",
  ].join("\n")
  expect(refsTold(said)).toEqual([
    { ref: "refs/agentz/ses_x/1", outcome: "taken", reason: "[new reference]" },
    { ref: "refs/heads/a", outcome: "taken", reason: "[up to date]" },
    { ref: "refs/heads/b", outcome: "refused", reason: "[rejected] (non-fast-forward)" },
  ])
})

const exited = (message: string, said = "") => ({
  ending: { how: "exited", code: 128 } as const,
  message,
  said,
})

test.each([
  ["push_rejected", exited("", "!\tx:refs/heads/b\t[rejected] (stale info)")],
  ["push_rejected", exited("", "!\tx:refs/heads/b\t[remote rejected] (pre-receive hook declined)")],
  ["remote_auth_failed", exited("fatal: could not read Username for 'https://x': terminal prompts disabled")],
  [
    "remote_auth_failed",
    exited("git@x: Permission denied (publickey).\nCould not read from remote repository."),
  ],
  ["remote_auth_failed", exited("Host key verification failed.")],
  [
    "remote_missing",
    exited(
      "fatal: '/srv/a.git' does not appear to be a git repository\nCould not read from remote repository.",
    ),
  ],
  ["remote_missing", exited("remote: Repository not found.\nfatal: repository 'https://x/' not found")],
  ["remote_away", exited("ssh: Could not resolve hostname x\nCould not read from remote repository.")],
  ["remote_away", exited("fatal: unable to access 'https://x/': Failed to connect to x port 443")],
  ["remote_away", { ending: { how: "timed out", afterMs: 1 } as const, message: "", said: "" }],
  ["push_failed", exited("something else")],
  ["push_failed", { ending: { how: "not started", reason: "ENOENT" } as const, message: "", said: "" }],
])("%s", (trouble, error) => {
  expect(troubleOf(error)).toBe(trouble)
})

test("what may pass is tried again ever more rarely, for about a day; what needs a person is not", () => {
  expect(mayComeBack("remote_away")).toBe(true)
  for (const trouble of ["push_rejected", "remote_auth_failed", "remote_missing"] as const)
    expect(mayComeBack(trouble)).toBe(false)
  expect([1, 2, 3, 4].map(pauseAfter)).toEqual([5_000, 10_000, 20_000, 40_000])
  expect(pauseAfter(20)).toBe(3_600_000)
  expect(pauseAfter(32)).toBeNull()
  const total = Array.from({ length: 31 }, (_, n) => pauseAfter(n + 1) ?? 0).reduce((sum, ms) => sum + ms, 0)
  expect(total / 3_600_000).toBeGreaterThan(20)
})
