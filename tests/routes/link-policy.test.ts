import { expect, test } from "vitest"
import { allowedHref } from "../../routes/-app/link-policy.ts"

test.each([
  ["https://example.com/a?b#c", "https://example.com/a?b#c"],
  ["http://example.com", "http://example.com/"],
  ["mailto:ada@example.com", "mailto:ada@example.com"],
  ["HTTPS://EXAMPLE.COM", "https://example.com/"],
])("%s is a link", (href, read) => expect(allowedHref(href)).toBe(read))

test.each([
  "javascript:alert(1)",
  "JaVaScRiPt:alert(1)",
  " javascript:alert(1)",
  "java\nscript:alert(1)",
  "data:text/html,<script>alert(1)</script>",
  "vbscript:x",
  "file:///etc/passwd",
  "blob:https://example.com/x",
  "/trpc/agent.spawn",
  "//example.com",
  "#top",
  "",
])("%s is not", (href) => expect(allowedHref(href)).toBeNull())
