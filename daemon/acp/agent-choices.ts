/** Keeps what an agent lets one choose, tells the session of it, and sets it. */
import { type ClientContext, methods, RequestError, type SessionUpdate } from "@agentclientprotocol/sdk"
import type { ConfigOption, PermissionMode, SlashCommand, Unstamped } from "#streams/event"
import { AgentFailed } from "../agent-failed.ts"
import { commandsOf, MODES, type Offered, optionsOf, ownModeFor } from "./choices.ts"

interface Opened {
  readonly sessionId: string
  readonly offered: Offered
  readonly mode: PermissionMode
  readonly model: string | undefined
  readonly chosen: ReadonlyMap<string, string>
  /** What was chosen is no longer there: say so and go on, rather than fail. A new conversation fails. */
  readonly lenient: boolean
}

export interface AgentChoices {
  /** Takes an update that is about choices; `false`: it is about something else. */
  take(update: SessionUpdate): boolean
  /** Puts a fresh or resumed conversation into the state in which the session was launched and set since. */
  open(context: ClientContext, opened: Opened): Promise<void>
  setMode(mode: PermissionMode): Promise<void>
  setOption(optionId: string, value: string): Promise<void>
}

export function agentChoices(publish: (event: Unstamped) => void): AgentChoices {
  let offered: Offered = { modes: null, configOptions: [] }
  let told = ""
  let commandsTold = ""
  let agent: { readonly context: ClientContext; readonly sessionId: string } | null = null

  const tell = (next: Partial<Offered>) => {
    offered = { ...offered, ...next }
    const options = optionsOf(offered)
    const telling = JSON.stringify(options)
    if (telling === told || (told === "" && options.length === 0)) return
    told = telling
    publish({ type: "config_options", options })
  }

  const tellCommands = (commands: readonly SlashCommand[]) => {
    const telling = JSON.stringify(commands)
    if (telling === commandsTold) return
    commandsTold = telling
    publish({ type: "available_commands", commands: [...commands] })
  }

  async function set(option: ConfigOption, value: string): Promise<void> {
    if (!agent || option.value === value) return
    const { context, sessionId } = agent
    const raw = offered.configOptions.find(({ id }) => id === option.id)
    try {
      if (raw === undefined && option.id === MODES && offered.modes) {
        await context.request(methods.agent.session.setMode, { sessionId, modeId: value })
        tell({ modes: { ...offered.modes, currentModeId: value } })
        return
      }
      const { configOptions } = await context.request(methods.agent.session.setConfigOption, {
        sessionId,
        configId: option.id,
        ...(raw?.type === "boolean" ? { type: "boolean" as const, value: value === "true" } : { value }),
      })
      tell({ configOptions })
    } catch (error) {
      if (!(error instanceof RequestError)) throw error
      throw refused(option, value, error)
    }
  }

  async function setOption(optionId: string, value: string): Promise<void> {
    const options = optionsOf(offered)
    const option = options.find(({ id }) => id === optionId)
    if (!option) {
      const ids = options.map(({ id }) => id).join(", ")
      throw new AgentFailed({
        code: "config_refused",
        message: `This agent has no option “${optionId}”${ids ? `: it has ${ids}` : " and no other"}.`,
      })
    }
    await set(option, value)
  }

  async function setMode(mode: PermissionMode): Promise<void> {
    const own = ownModeFor(mode, optionsOf(offered))
    if (own) await set(own.option, own.value)
  }

  return {
    take(update) {
      switch (update.sessionUpdate) {
        case "config_option_update":
          tell({ configOptions: update.configOptions })
          return true
        case "current_mode_update":
          if (offered.modes) tell({ modes: { ...offered.modes, currentModeId: update.currentModeId } })
          return true
        case "available_commands_update":
          tellCommands(commandsOf(update.availableCommands))
          return true
        default:
          return false
      }
    },
    async open(context, { sessionId, offered: first, mode, model, chosen, lenient }) {
      agent = { context, sessionId }
      tell(first)
      await setMode(mode)
      for (const [optionId, value] of chosen)
        await setOption(optionId, value).catch((error: unknown) => {
          if (!lenient || !(error instanceof AgentFailed)) throw error
          publish({ type: "notice", severity: "warning", category: "agent_option", title: error.message })
        })
      // A model that is not on the list was given to the agent in another way, if at all.
      const option = optionsOf(offered).find(({ category }) => category === "model")
      const onList = option?.choices.some(({ value }) => value === model)
      if (option && model !== undefined && onList && !chosen.has(option.id)) await set(option, model)
    },
    setMode,
    setOption,
  }
}

const refused = ({ name, choices }: ConfigOption, value: string, cause: RequestError): AgentFailed =>
  new AgentFailed(
    {
      code: "config_refused",
      message: `The agent refused ${name} “${value}”: ${cause.message}.`,
      hint: `It offers ${choices.map((one) => one.value).join(", ") || "nothing else"}.`,
    },
    { cause },
  )
