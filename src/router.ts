import { agentRouter } from "./agent-router.ts"
import { router } from "./trpc.ts"

/** Everything that can be asked over the wire. */
export const appRouter = router({ agent: agentRouter })
export type AppRouter = typeof appRouter
