/** Reads a whole store in a process of its own, so that the server goes on: prints the finding, or `null`. */
import { checkStoreFile } from "./check.ts"

process.stdout.write(JSON.stringify(checkStoreFile(process.argv[2] ?? "", "whole")))
