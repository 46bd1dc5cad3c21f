import { defineConfig } from "@playwright/test"
import tests from "./playwright.config.ts"

/** `npm run screenshots`: the pictures in `docs/screenshots`, taken from the real program with real sessions. */
export default defineConfig({
  ...tests,
  testDir: "tests/screenshots",
  timeout: 300_000,
  projects: [{ name: "pictures" }],
})
