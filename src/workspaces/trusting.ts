/** What a repository would run, and allowing it. */
import { kindOf } from "#daemon/git/place"
import { remoteIn } from "#daemon/git/remote"
import type { PlaneContext } from "../plane-context.ts"
import { Problem } from "../problem.ts"
import { checkedWorkingDir } from "../working-dir.ts"
import type { Trusting } from "./keeping.ts"
import { allow, configFileOf, hashOf, isAllowed, repositoryConfig, wantsLeave } from "./repository-config.ts"

export function trusting({ home }: Pick<PlaneContext, "home">): Trusting {
  async function find(workingDir: string) {
    const directory = await checkedWorkingDir(workingDir, home.path)
    const { root, repository } = await kindOf(directory)
    if (repository === null)
      throw new Problem(
        "no_repository",
        `${directory} is in no git repository: only those have commands to allow.`,
      )
    const config = await repositoryConfig(root)
    return { root, repository, config, hash: hashOf(config) }
  }

  return {
    async repositoryConfig(workingDir) {
      const { root, repository, config, hash } = await find(workingDir)
      const allowed = !wantsLeave(config) || (await isAllowed(home.path, repository, hash))
      const read = config.push ? await remoteIn(root, config.remote) : null
      const url = read === null || "why" in read ? {} : { url: read.shown }
      return { root, file: configFileOf(root), ...config, ...url, hash, allowed }
    },

    async allowCommands({ workingDir, hash: seen }) {
      const { root, repository, hash } = await find(workingDir)
      if (hash !== seen)
        throw new Problem(
          "commands_changed",
          `${configFileOf(root)} is not as it was shown any more: look at its commands again.`,
        )
      await allow(home.path, repository, hash)
      return { root, hash, allowed: true as const }
    },
  }
}
