import { expect, test } from "vitest"
import { groupNameOf, hierarchiesOf, placeIn } from "#daemon/process/cgroup"

test("control groups of both versions are found where they are mounted", () => {
  const mountinfo = [
    "22 1 254:0 / / rw,relatime - ext4 /dev/vda rw",
    "37 31 0:33 / /sys/fs/cgroup/memory rw,relatime shared:9 - cgroup cgroup rw,memory",
    "39 31 0:35 / /sys/fs/cgroup/pids rw,relatime - cgroup cgroup rw,pids",
    "41 31 0:37 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw",
  ].join("\n")
  const own = "8:pids:/\n4:memory:/outer/inner\n0::/user.slice\n"
  expect(hierarchiesOf(mountinfo, own)).toEqual([
    {
      version: 1,
      controllers: ["memory"],
      mount: "/sys/fs/cgroup/memory",
      own: "/sys/fs/cgroup/memory/outer/inner",
    },
    { version: 1, controllers: ["pids"], mount: "/sys/fs/cgroup/pids", own: "/sys/fs/cgroup/pids" },
    {
      version: 2,
      controllers: [],
      mount: "/sys/fs/cgroup/unified",
      own: "/sys/fs/cgroup/unified/user.slice",
    },
  ])
})

test("a mount that shows a part of the hierarchy is read from there, and one that leaves us out not at all", () => {
  const mount = (root: string) => `41 31 0:37 ${root} /cg rw - cgroup2 cgroup2 rw`
  expect(hierarchiesOf(mount("/docker/abc"), "0::/docker/abc/app")).toMatchObject([{ own: "/cg/app" }])
  expect(hierarchiesOf(mount("/docker/abc"), "0::/docker/abcd")).toEqual([])
  expect(hierarchiesOf("", "")).toEqual([])
})

test("a process is in a group by the whole name", () => {
  const name = groupNameOf("/home/a/.agentz", "ses_1")
  expect(placeIn(`9:pids:/${name}\n0::/slice/${name}/epoch-2/run-1\n`, name)).toEqual(["epoch-2", "run-1"])
  expect(placeIn(`9:pids:/${name}\n0::/slice\n`, name)).toEqual([])
  expect(placeIn(`0::/slice/${name}x/epoch-2\n`, name)).toBeNull()
  expect(placeIn("", name)).toBeNull()
})

test("the same session of another home has another group", () => {
  expect(groupNameOf("/a", "ses_1")).not.toBe(groupNameOf("/b", "ses_1"))
})
