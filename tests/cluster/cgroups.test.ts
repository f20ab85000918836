import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createGroup, groupFolders, missingControllers, parseCgroups, pidsIn } from "../../embedded/cluster/cgroups.ts";

const V1 = `31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755
32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:5 - cgroup cgroup rw,cpu,cpuacct
34 31 0:31 / /sys/fs/cgroup/cpuset rw,relatime - cgroup cgroup rw,cpuset,clone_children
35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory
36 31 0:32 / /mnt/again rw,relatime - cgroup cgroup rw,memory
40 31 0:37 / /sys/fs/cgroup/systemd rw,relatime - cgroup cgroup rw,xattr,release_agent=/lib/systemd/systemd-cgroups-agent,name=systemd
41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw,nsdelegate`;
const V2 = "25 24 0:22 / /sys/fs/cgroup rw,nosuid,nodev,noexec,relatime shared:4 - cgroup2 cgroup2 rw,nsdelegate,memory_recursiveprot";

describe("the machine's cgroups", () => {
    it("are read from the mounts: controllers mounted together, named ones, and each hierarchy once", () => {
        const found = parseCgroups(V1);
        expect(found.version).toBe(1);
        expect(found.hierarchies.map((h) => [h.mountPoint, h.controllers])).toEqual([
            ["/sys/fs/cgroup/cpu,cpuacct", ["cpu", "cpuacct"]],
            ["/sys/fs/cgroup/cpuset", ["cpuset"]],
            ["/sys/fs/cgroup/memory", ["memory"]],
            ["/sys/fs/cgroup/systemd", ["name=systemd"]],
            ["/sys/fs/cgroup/unified", []],
        ]);
    });

    it("are version 2 when the unified hierarchy is the only one, also beside a named one", () => {
        expect(parseCgroups(V2)).toEqual({ version: 2, hierarchies: [{ version: 2, mountPoint: "/sys/fs/cgroup", controllers: [] }] });
        expect(parseCgroups(`${V2}\n40 31 0:37 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,name=systemd`).version).toBe(2);
    });

    it("name what a node would miss", () => {
        expect(missingControllers(parseCgroups(V1), [])).toEqual(["pids", "devices", "freezer"]);
        expect(missingControllers(parseCgroups(V2), ["cpu", "memory", "io"])).toEqual(["pids"]);
        expect(missingControllers({ version: 1, hierarchies: [] }, [])).toContain("memory");
    });

    it("have a group's folder in every hierarchy", () => {
        expect(groupFolders(parseCgroups(V1), "mcp-platform-0a/hub")).toContain("/sys/fs/cgroup/memory/mcp-platform-0a/hub");
        expect(groupFolders(parseCgroups(V1), "g")).toHaveLength(5);
    });
});

describe("a group of the cluster", () => {
    let root = "";
    beforeEach(() => (root = mkdtempSync(join(tmpdir(), "cgroup-"))));
    afterEach(() => rmSync(root, { recursive: true }));

    it("gets its parent's processors and memory nodes at every level, without which nothing could join it", () => {
        for (const folder of ["", "g", "g/node-1"]) {
            mkdirSync(join(root, folder), { recursive: true });
            for (const file of ["cpuset.cpus", "cpuset.mems"]) writeFileSync(join(root, folder, file), folder ? "\n" : "0-3\n");
        }
        createGroup({ version: 1, hierarchies: [{ version: 1, mountPoint: root, controllers: ["cpuset"] }] }, "g/node-1");
        expect(readFileSync(join(root, "g/node-1/cpuset.cpus"), "utf8")).toBe("0-3\n");
        expect(readFileSync(join(root, "g/node-1/cpuset.mems"), "utf8")).toBe("0-3\n");
    });

    it("counts the processes of the groups below it", () => {
        mkdirSync(join(root, "a/b"), { recursive: true });
        writeFileSync(join(root, "a/cgroup.procs"), "11\n12\n");
        writeFileSync(join(root, "a/b/cgroup.procs"), "13\n");
        expect(pidsIn(join(root, "a")).toSorted()).toEqual([11, 12, 13]);
        expect(pidsIn(join(root, "none"))).toEqual([]);
    });
});
