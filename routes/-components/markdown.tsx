import type { ComponentProps } from "react"
import { type Components, defaultRehypePlugins, Streamdown } from "streamdown"
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
      controls={controls}
      lineNumbers={false}
      codeBlockMaxHeight={480}
    >
      {text}
    </Streamdown>
  )
}

const rehypePlugins = [defaultRehypePlugins.sanitize].filter((plugin) => plugin !== undefined)
const linkSafety = { enabled: false }
const controls = { code: { copy: true, download: false }, table: false, mermaid: false, image: false }

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
  return (
    <span className="text-quiet">
      [image{alt ? `: ${alt}` : ""}
      {typeof src === "string" && allowedHref(src) ? `, ${src}` : ""}]
    </span>
  )
}

const components: Components = { a: SafeLink, img: NamedImage }
