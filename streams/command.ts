/**
 * What the control plane asks of a session, in the imperative: it has not happened yet. Commands wait in the
 * inbox stream; the daemon of the current epoch takes them, whenever it lives.
 */
import { z } from "zod"
import { Attachment, Decision, PermissionMode } from "./event.ts"
import { MessageId, RequestId, TurnId } from "./ids.ts"
import { LimitChange, Limits } from "./session-limits.ts"

/** What to do with a message while a turn runs: after it, into it where the agent can, or instead of it. */
export const SendMode = z.enum(["queue", "steer", "interrupt"])
export type SendMode = z.infer<typeof SendMode>

const command = <Type extends string, Shape extends z.ZodRawShape>(type: Type, shape: Shape) =>
  z.object({ type: z.literal(type), at: z.string(), ...shape })

export const Command = z.discriminatedUnion("type", [
  command("user_message", {
    messageId: MessageId,
    text: z.string().min(1),
    mode: SendMode,
    attachments: z.array(Attachment).optional(),
  }),
  /** Takes back a message that no turn has begun with. */
  command("withdraw", { messageId: MessageId }),
  command("permission_response", {
    requestId: RequestId,
    decision: Decision,
    /** What to tell the agent along with a refusal. */
    note: z.string().optional(),
    /** The very option of the agent that was chosen, where it offers more than ours. */
    optionId: z.string().optional(),
  }),
  /** From now on calls are answered by this mode. */
  command("set_mode", { mode: PermissionMode }),
  /** What the session is called from now on. Nothing for a daemon to do. */
  command("set_title", { title: z.string() }),
  /** Sets one of the options that the agent offers. */
  command("set_config_option", { optionId: z.string(), value: z.string() }),
  /** Ends the running turn. Void for a daemon that started later. */
  command("cancel_requested", {}),
  /** A session that waits for a limit to be lifted does not go on by itself any more. `turnId`: the turn it ended. */
  command("stop_waiting", { turnId: TurnId }),
  /**
   * What the session may use from now on: `change` of what holds, so that two who set at once both have their way.
   * Without it, as older versions wrote it, `limits` are all there are. Void for a daemon that started later.
   */
  command("set_limits", { limits: Limits, change: LimitChange.optional() }),
  /** Takes up the last turn, which failed or was cut off. Void once another one has begun: `turns` is how many there were. */
  command("resume_requested", { turns: z.number().int().positive() }),
  /** Keeps the files as they are now. */
  command("checkpoint_requested", { requestId: RequestId, note: z.string().optional() }),
  /** Takes down what made the work tree ready, then keeps the files: it is to be given back. */
  command("give_back_requested", { requestId: RequestId }),
  /** Puts the files back to checkpoint `n`. Void once another turn has begun: `turns` is how many there were. */
  command("restore_requested", {
    requestId: RequestId,
    n: z.number().int().positive(),
    turns: z.number().int().nonnegative(),
  }),
  /** Brings the session's branch to this remote of its repository, also while a turn runs. */
  command("push_requested", { requestId: RequestId, remote: z.string() }),
  /** Ends the daemon when the turn in progress has been cancelled. Void for a daemon that started later. */
  command("stop", {}),
  /**
   * Epoch `epoch` is granted. Appended with `Stream-Seq` = the padded epoch, so that of many claimants exactly
   * one succeeds. `incarnation` names the claimant. It is granted to a daemon that is about to start, which
   * `resume` asks to take up an interrupted turn, or for saying on behalf of a dead one how the session stands.
   */
  command("starting", {
    epoch: z.number().int().positive(),
    incarnation: z.string(),
    purpose: z.enum(["daemon", "closing"]),
    resume: z.boolean(),
    /** The process that asked for it: while it lives, the daemon may still come. */
    by: z
      .object({ pid: z.number().int(), startTime: z.string(), bootId: z.string(), host: z.string() })
      .optional(),
  }),
])
export type Command = z.infer<typeof Command>

/** The `Stream-Seq` of an epoch: padded, because the protocol compares it as text. */
export const streamSeqOf = (epoch: number): string => String(epoch).padStart(12, "0")

/** Reads one command. `null` when its type is not known here or its shape is off. */
export function parseCommand(value: unknown): Command | null {
  const parsed = Command.safeParse(value)
  return parsed.success ? parsed.data : null
}

/** What a message may weigh as JSON, so that it fits into an event with room to spare. */
export const MAX_TEXT_BYTES = 512 * 1024
