import { createFileRoute } from "@tanstack/react-router"
import { type ReactNode, useEffect, useState } from "react"
import { openApi, type RuleInfo } from "./-app/api.ts"
import { clockTime, shortPath } from "./-app/figures.ts"
import { plainText } from "./-app/hidden-characters.ts"
import { allowNotices, noticesDenied, noticesPossible } from "./-app/notices.ts"
import { usePageTitle } from "./-app/page-title.ts"
import { refusalOf } from "./-app/refusal.ts"
import { changeSettings, UNDO_SECONDS, useSettings } from "./-app/settings.ts"
import { useThemeChoice } from "./-app/theme.ts"
import { KeyChoices } from "./-components/key-choices.tsx"
import { Worktrees } from "./-components/worktrees.tsx"

export const Route = createFileRoute("/settings")({ component: SettingsPage })

function SettingsPage() {
  usePageTitle("Settings")
  return (
    <div className="min-h-0 flex-1 overflow-y-auto">
      <div className="mx-auto w-full max-w-2xl px-4 py-6 sm:py-10">
        <h1 className="mb-1 text-xl font-semibold tracking-tight">Settings</h1>
        <p className="mb-6 text-row text-quiet">Kept in this browser. Rules are kept by the server.</p>
        <div className="flex flex-col gap-8">
          <Looks />
          <Typing />
          <Answers />
          <Notices />
          <Rules />
          <Section title="Work trees">
            <Worktrees />
          </Section>
        </div>
      </div>
    </div>
  )
}

function Section({ title, children }: { readonly title: string; readonly children: ReactNode }) {
  return (
    <section aria-label={title}>
      <h2 className="mb-2 border-b border-line pb-1 font-semibold">{title}</h2>
      {children}
    </section>
  )
}

/** One of a few, all of them in sight. */
function Choice<Value extends string>(props: {
  readonly label: string
  readonly value: Value
  readonly choices: readonly (readonly [Value, string])[]
  readonly onChoose: (value: Value) => void
}) {
  const { label, value, choices, onChoose } = props
  return (
    <fieldset className="flex flex-wrap items-center gap-x-4 gap-y-1 py-1.5">
      <legend className="float-left w-44 text-row max-sm:w-full">{label}</legend>
      <div className="flex flex-wrap gap-1.5">
        {choices.map(([each, words]) => (
          <label
            key={each}
            className={`control cursor-pointer has-focus-visible:outline-2 has-focus-visible:outline-offset-2 has-focus-visible:outline-run ${value === each ? "border-ink! bg-sunken" : ""}`}
          >
            <input
              type="radio"
              className="sr-only"
              name={label}
              checked={value === each}
              onChange={() => onChoose(each)}
            />
            {words}
          </label>
        ))}
      </div>
    </fieldset>
  )
}

function Looks() {
  const { density } = useSettings()
  const [theme, setTheme] = useThemeChoice()
  return (
    <Section title="Looks">
      <Choice
        label="Colours"
        value={theme}
        choices={[
          ["system", "As the system"],
          ["light", "Light"],
          ["dark", "Dark"],
        ]}
        onChoose={setTheme}
      />
      <Choice
        label="Rows"
        value={density}
        choices={[
          ["comfortable", "Comfortable"],
          ["compact", "Compact"],
        ]}
        onChoose={(value) => changeSettings({ density: value })}
      />
    </Section>
  )
}

function Typing() {
  const { enter, singleKeys } = useSettings()
  return (
    <Section title="Keyboard">
      <Choice
        label="Enter in a message"
        value={enter}
        choices={[
          ["send", "Sends"],
          ["newline", "New line"],
        ]}
        onChoose={(value) => changeSettings({ enter: value })}
      />
      <Choice
        label="Single keys"
        value={singleKeys ? "on" : "off"}
        choices={[
          ["on", "On"],
          ["off", "Off"],
        ]}
        onChoose={(value) => changeSettings({ singleKeys: value === "on" })}
      />
      <p className="text-note text-quiet">
        Press ? for all keys. With single keys off, only those with Ctrl or ⌘ act.
      </p>
      <KeyChoices />
    </Section>
  )
}

function Answers() {
  const { undoSeconds } = useSettings()
  return (
    <Section title="Answers">
      <Choice
        label="An answer to an agent leaves"
        value={String(undoSeconds)}
        choices={UNDO_SECONDS.map((seconds) => [
          String(seconds),
          seconds === 0 ? "At once" : `After ${seconds} s`,
        ])}
        onChoose={(value) => changeSettings({ undoSeconds: Number(value) })}
      />
      <p className="text-note text-quiet">Until it leaves it can be taken back.</p>
    </Section>
  )
}

function Notices() {
  const { notices } = useSettings()
  const [denied, setDenied] = useState(noticesDenied)
  const choose = async (on: boolean) => {
    if (!on) return changeSettings({ notices: false })
    if (!(await allowNotices())) setDenied(noticesDenied())
  }
  return (
    <Section title="Notifications">
      {noticesPossible() ? (
        <Choice
          label="When an agent needs you"
          value={notices && !denied ? "on" : "off"}
          choices={[
            ["on", "Notify me"],
            ["off", "Do not"],
          ]}
          onChoose={(value) => void choose(value === "on")}
        />
      ) : (
        <p className="text-row text-quiet">This browser shows no notices of pages.</p>
      )}
      <p className="text-note text-quiet">
        Also when a session fails, and when one finishes that you do not look at. One notice per session.
      </p>
      {denied && (
        <p className="mt-1 text-row text-needs" role="status">
          The browser was told to block notices of this page. Allow them at the lock beside the address.
        </p>
      )}
    </Section>
  )
}

function Rules() {
  const [rules, setRules] = useState<readonly RuleInfo[] | null>(null)
  const [problem, setProblem] = useState<string | null>(null)
  useEffect(() => {
    openApi(location.origin)
      .rules()
      .then(
        ({ rules: found }) => setRules(found),
        (error) => setProblem(refusalOf(error).message),
      )
  }, [])
  const revoke = async (ruleId: RuleInfo["ruleId"]) => {
    setProblem(null)
    try {
      await openApi(location.origin).revokeRule({ ruleId })
      setRules((before) => before?.filter((rule) => rule.ruleId !== ruleId) ?? null)
    } catch (error) {
      setProblem(refusalOf(error).message)
    }
  }
  return (
    <Section title="Rules">
      <p className="mb-2 text-row text-quiet">What was allowed for good, and needs no answer any more.</p>
      {problem && (
        <p role="alert" className="text-row text-fail">
          {problem}
        </p>
      )}
      {rules === null ? (
        !problem && <p className="text-row text-quiet">Reading…</p>
      ) : rules.length === 0 ? (
        <p className="text-row">No rules.</p>
      ) : (
        <ul className="divide-y divide-line rounded-md border border-line" aria-label="Rules">
          {rules.map((rule) => (
            <li key={rule.ruleId} className="flex flex-wrap items-center gap-x-3 gap-y-1 px-3 py-2 text-row">
              <span className="min-w-0 flex-1">
                <span className="font-medium">{rule.decision === "deny" ? "Never: " : "Always: "}</span>
                <span className="[overflow-wrap:anywhere]">{plainText(rule.description)}</span>
                <span className="block text-note text-quiet">
                  {rule.agentType} ·{" "}
                  {rule.scope === "directory"
                    ? `in ${shortPath(plainText(rule.workingDir), 48)}`
                    : `in session ${rule.sessionId}`}{" "}
                  · {new Date(rule.createdAt).toLocaleDateString()} {clockTime(rule.createdAt)}
                </span>
              </span>
              <button type="button" className="control" onClick={() => void revoke(rule.ruleId)}>
                Revoke
              </button>
            </li>
          ))}
        </ul>
      )}
    </Section>
  )
}
