/** What went wrong with an agent, in words fit to show. */
import { RequestError } from "@agentclientprotocol/sdk"
import { errorText } from "#streams/error-text"
import { Failure } from "#streams/event"
import { AgentFailed } from "./agent-failed.ts"
import type { AgentExit, AgentProcess } from "./agents/adapter.ts"

const AUTH_REQUIRED = -32000

/** Our own agents put a whole failure into the error's data; a foreign one has a message at best. */
export function failed(error: unknown, process: AgentProcess | undefined): AgentFailed {
  if (error instanceof AgentFailed) return error
  const own = Failure.safeParse(error instanceof RequestError ? error.data : undefined)
  if (own.success) return new AgentFailed(own.data, { cause: error })
  const message = errorText(error)
  if (process && error instanceof RequestError && error.code === AUTH_REQUIRED)
    return new AgentFailed(
      { code: "provider_auth", message: `The agent may not use its model: ${message}`, hint: process.signIn },
      { cause: error },
    )
  return new AgentFailed({ code: "agent_error", message: detailed(error, message) }, { cause: error })
}

/** Some agents answer "Internal error" and put what happened into the data. */
function detailed(error: unknown, message: string): string {
  const data: unknown = error instanceof RequestError ? error.data : undefined
  const more =
    typeof data === "string"
      ? data
      : typeof data === "object" && data !== null && "details" in data && typeof data.details === "string"
        ? data.details
        : typeof data === "object" && data !== null && "message" in data && typeof data.message === "string"
          ? data.message
          : ""
  return more === "" || message.includes(more) ? message : `${message}: ${more.slice(0, 1000)}`
}

/** The answer, or, when the agent's process ends first, why there will be none. */
export function orDied<Answer>(process: AgentProcess | undefined, answer: Promise<Answer>): Promise<Answer> {
  if (!process) return answer
  // When a process ends its connection closes as well, which says less; so wait whether it is the end.
  const explained = answer.catch(async (error: unknown) => {
    if (error instanceof RequestError || error instanceof AgentFailed) throw error
    throw new AgentFailed(failureOf(await process.exited))
  })
  return Promise.race([
    explained,
    process.exited.then((exit) => Promise.reject(new AgentFailed(failureOf(exit)))),
  ])
}

function failureOf({ code, signal, lastWords }: AgentExit): Failure {
  const how = signal === null ? `with exit code ${code}` : `by signal ${signal}`
  const said = lastWords === "" ? "" : ` Its last words: ${lastWords}`
  return {
    code: "agent_exited",
    message: `The agent's process ended ${how}.${said}`,
    hint: "Send a message to go on: it is started again with the conversation. Its whole log is agent.log in the session's folder.",
  }
}

/** Whether the agent ended of its own before it answered. */
export const diedBefore = (error: unknown): boolean =>
  error instanceof AgentFailed && error.failure.code === "agent_exited"
