import { agentEnvironment } from "../../config.ts"
import { programFile } from "../../package-root.ts"
import { launchdPlist, systemdUnit } from "../../service-units.ts"
import { defineCommand } from "../command.ts"
import { usage } from "../refusal.ts"

const UNITS = { systemd: systemdUnit, launchd: launchdPlist } as const

export const service = defineCommand({
  name: "service",
  summary: "prints what keeps agentz up as a service",
  positionals: [],
  flags: { print: { type: "string", value: "KIND", help: "systemd or launchd (what this machine has)" } },
  json: "print {kind, unit} as JSON",
  more: `It prints and changes nothing:
  agentz service --print systemd > ~/.config/systemd/user/agentz.service
  systemctl --user enable --now agentz && loginctl enable-linger
  agentz service --print launchd > ~/Library/LaunchAgents/agentz.plist
  launchctl bootstrap gui/$UID ~/Library/LaunchAgents/agentz.plist
A stop or restart of the service ends the API and no session.`,
  async run({ values, json, io, deps }) {
    const kind = values.print ?? (process.platform === "darwin" ? "launchd" : "systemd")
    if (kind !== "systemd" && kind !== "launchd")
      throw usage(`--print is “${kind}”: it is systemd or launchd.`)
    const unit = UNITS[kind]({
      node: process.execPath,
      program: programFile("agentz"),
      home: deps.config().home,
      path: agentEnvironment().PATH ?? "/usr/local/bin:/usr/bin:/bin",
    })
    io.stdout.write(json ? `${JSON.stringify({ kind, unit })}\n` : unit)
    return 0
  },
})
