/** Workflows past the page, by the browser that is signed in there. */
import type { Page } from "@playwright/test"
import type { RealAgentz } from "./real-agentz.ts"

/** Calls a procedure of the router `workflow`. */
export const call = (page: Page, name: string, input: object): Promise<Record<string, string>> =>
  page.evaluate(
    async ([procedure, body]) => {
      const response = await fetch(`/trpc/workflow.${procedure}`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body,
      })
      if (!response.ok) throw new Error(await response.text())
      return (await response.json()).result.data
    },
    [name, JSON.stringify(input)] as const,
  )

export const define = (page: Page, source: string): Promise<unknown> => call(page, "define", { source })

/** Starts a run of it in the project. */
export async function start(page: Page, agentz: RealAgentz, source: string): Promise<string> {
  const { runId = "" } = await call(page, "start", { source, workingDir: agentz.project })
  return runId
}
