import { Check, Copy } from "lucide-react"
import { type ComponentProps, isValidElement, type ReactNode, useState } from "react"
import { type Components, defaultRehypePlugins, Streamdown, useIsCodeFenceIncomplete } from "streamdown"
import { useColoured } from "../-app/highlight.ts"
import { allowedHref } from "../-app/link-policy.ts"

/**
 * An agent's text. It is not trusted: raw HTML stays text (there is no plugin that would parse it), images are
 * named instead of fetched, and links lead to web and mail addresses only.
 */
export default function Markdown({ text, done }: { readonly text: string; readonly done: boolean }) {
  return (
    <Streamdown
      className="prose-agent space-y-0"
      mode={done ? "static" : "streaming"}
      isAnimating={!done}
      components={components}
      rehypePlugins={rehypePlugins}
      linkSafety={linkSafety}
    >
      {text}
    </Streamdown>
  )
}

const rehypePlugins = [defaultRehypePlugins.sanitize].filter((plugin) => plugin !== undefined)
const linkSafety = { enabled: false }

function SafeLink({ href, children }: ComponentProps<"a">) {
  const allowed = allowedHref(href)
  if (allowed === null)
    return <span title="This link was removed: it does not lead to a web or mail address.">{children}</span>
  return (
    <a href={allowed} title={allowed} target="_blank" rel="noopener noreferrer">
      {children}
    </a>
  )
}

function NamedImage({ alt, src }: ComponentProps<"img">) {
  const address = typeof src === "string" ? allowedHref(src) : null
  return (
    <span className="text-quiet">
      [image{alt ? `: ${alt}` : ""}
      {address ? `, ${address}` : ""}]
    </span>
  )
}

/** A fenced block: the text as it is, coloured once its fence is closed, and a way to take it along. */
function Fence({ children }: ComponentProps<"pre">) {
  const { code, language } = fenceOf(children)
  const coloured = useColoured(code, language, !useIsCodeFenceIncomplete())
  const [copied, setCopied] = useState(false)
  const copy = async () => {
    await navigator.clipboard?.writeText(code)
    setCopied(true)
    setTimeout(() => setCopied(false), 1_500)
  }
  return (
    <div className="group/fence relative">
      <pre
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable without a mouse
        tabIndex={0}
        className="max-h-120 overflow-auto rounded-md bg-sunken px-3 py-2.5 font-mono text-note leading-4.5"
      >
        <code>{coloured ? <Lines coloured={coloured} /> : code}</code>
      </pre>
      <button
        type="button"
        aria-label={copied ? "Copied" : "Copy code"}
        className="absolute top-1 right-1 grid size-7 place-items-center rounded bg-sunken text-quiet opacity-0 group-hover/fence:opacity-100 hover:text-ink focus-visible:opacity-100 touch:size-11 touch:opacity-100"
        onClick={() => void copy()}
      >
        {copied ? <Check size={14} aria-hidden /> : <Copy size={14} aria-hidden />}
      </button>
    </div>
  )
}

/** What stands in a fence, and the language that its first line names. */
function fenceOf(children: ReactNode): { readonly code: string; readonly language: string } {
  if (!isValidElement<ComponentProps<"code">>(children)) return { code: String(children ?? ""), language: "" }
  const { className = "", children: code } = children.props
  const language = /language-([\w+#.-]+)/.exec(className)?.[1]?.toLowerCase() ?? ""
  return { code: String(code ?? "").replace(/\n$/, ""), language }
}

function Lines({ coloured }: { readonly coloured: NonNullable<ReturnType<typeof useColoured>> }) {
  return coloured.map((runs, line) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: a line has no identity but its place
    <span key={line}>
      {runs.map(([text, kind], index) => (
        <span
          // biome-ignore lint/suspicious/noArrayIndexKey: nor has a run
          key={index}
          className={kind === "" ? undefined : `code-${kind}`}
        >
          {text}
        </span>
      ))}
      {line < coloured.length - 1 && "\n"}
    </span>
  ))
}

const Code = ({ children }: ComponentProps<"code">) => <code className="font-mono">{children}</code>

function Table({ children }: ComponentProps<"table">) {
  return (
    <div className="overflow-x-auto">
      <table>{children}</table>
    </div>
  )
}

// Its index signature asks each component to take any props at all.
const components = {
  a: SafeLink,
  img: NamedImage,
  pre: Fence,
  code: Code,
  inlineCode: Code,
  table: Table,
} as unknown as Components
