import { agentRouter } from "./agent-router.ts"
import { router } from "./trpc.ts"
import { workflowRouter } from "./workflows/router.ts"

/** Everything that can be asked over the wire. */
export const appRouter = router({ agent: agentRouter, workflow: workflowRouter })
export type AppRouter = typeof appRouter
