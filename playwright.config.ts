import { execFileSync } from "node:child_process"
import { defineConfig } from "@playwright/test"

const args = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
]

/** Any Chromium of the machine. Playwright's own is never downloaded. */
function chromium(): string {
  const named = process.env.CHROMIUM_PATH
  if (named) return named
  for (const name of ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"])
    try {
      return execFileSync("sh", ["-c", `command -v ${name}`], { encoding: "utf8" }).trim()
    } catch {
      // The next one, then.
    }
  throw new Error("No Chromium was found. Install one or set CHROMIUM_PATH.")
}

export default defineConfig({
  testDir: "tests/ui",
  outputDir: "test-results",
  workers: 1,
  timeout: 30_000,
  expect: { timeout: 7_000 },
  reporter: process.env.CI ? "line" : "list",
  use: { launchOptions: { executablePath: chromium(), args }, trace: "retain-on-failure" },
  projects: [
    { name: "desktop", use: { viewport: { width: 1280, height: 800 } } },
    { name: "mobile", use: { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true } },
  ],
})
