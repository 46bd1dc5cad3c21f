import { defineConfig } from "@playwright/test"
import { CHROMIUM_FLAGS, findChromium } from "./tests/support/chromium.mjs"

const executablePath = findChromium()
if (!executablePath) throw new Error("There is no Chromium: `npm run test:ui` installs one.")

const ALIKE =
  /(actions|budget|commands|hostile|history|keys|merge|new-session|push|search|tabs|undo|whole)[.]spec[.]ts$/

export default defineConfig({
  testDir: "tests/ui",
  outputDir: "test-results",
  workers: 2,
  // Where others load the machine, a deadline may be missed. What passed at its second try only is named.
  retries: process.env.AGENTZ_TEST_RETRY === "1" ? 1 : 0,
  timeout: 60_000,
  expect: { timeout: 10_000 },
  reporter: process.env.CI ? "line" : "list",
  use: { launchOptions: { executablePath, args: CHROMIUM_FLAGS }, trace: "retain-on-failure" },
  projects: [
    { name: "desktop", use: { viewport: { width: 1280, height: 800 } } },
    // What a narrow page changes; what is the same on any is shown on the desktop, and here with AGENTZ_TEST_LONG=1.
    {
      name: "mobile",
      testIgnore: process.env.AGENTZ_TEST_LONG === "1" ? [] : ALIKE,
      use: { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true },
    },
  ],
})
