import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as fc from "fast-check";
import { isAtLeast, minimumGo } from "../../embedded/cluster/build/go.ts";
import { keyOf, pinOf } from "../../embedded/cluster/build/module.ts";
import { tools } from "../../embedded/cluster/build/tools.ts";
import { toolNames } from "../../embedded/cluster/build.ts";
import { projectRoot } from "../../embedded/common/paths.ts";
import { fakeTool, removeFolders, temporaryFolder } from "./support.ts";

afterAll(removeFolders);

describe("the key of a tool", () => {
    test("stays the same for the same inputs, wherever the checkout is", async () => {
        const [a, b] = [await fakeTool(await temporaryFolder()), await fakeTool(await temporaryFolder())];
        expect(await keyOf(a, "go1.26.8")).toEqual(await keyOf(b, "go1.26.8"));
    });

    test.each([
        ["a pin", "go.mod", "module example\n\ngo 1.21\n\nrequire example.org/pinned v1.0.1\n"],
        ["a checksum", "go.sum", "example.org/pinned v1.0.0 h1:AAAA=\n"],
        ["an own source", "main.go", "package main\n\nfunc main() {}\n"],
        ["a new own source", "more.go", "package main\n"],
    ])("changes with %s", async (_what, file, content) => {
        const tool = await fakeTool(await temporaryFolder());
        const before = await keyOf(tool, "go1.26.8");
        await writeFile(join(tool.module, file), content);
        const after = await keyOf(tool, "go1.26.8");
        expect([after.key === before.key, after.inputs === before.inputs]).toEqual([false, false]);
    });

    test("changes with flags", async () => {
        const tool = await fakeTool(await temporaryFolder());
        const plain = await keyOf(tool, "go1.26.8");
        const tagged = await keyOf({ ...tool, tags: ["seccomp"] }, "go1.26.8");
        const set = await keyOf({ ...tool, variables: () => ({ "main.version": "1" }) }, "go1.26.8");
        const linked = await keyOf({ ...tool, cgo: true }, "go1.26.8");
        expect(new Set([plain, tagged, set, linked].map(({ key }) => key)).size).toBe(4);
    });

    test("changes with the compiler, but the inputs' part does not", async () => {
        const tool = await fakeTool(await temporaryFolder());
        const [old, later] = [await keyOf(tool, "go1.26.8"), await keyOf(tool, "go1.26.9")];
        expect([old.key === later.key, old.inputs === later.inputs]).toEqual([false, true]);
    });

    test("does not change with tests", async () => {
        const tool = await fakeTool(await temporaryFolder());
        const before = await keyOf(tool, "go1.26.8");
        await writeFile(join(tool.module, "main_test.go"), "package main\n");
        expect(await keyOf(tool, "go1.26.8")).toEqual(before);
    });

    test("needs a go.mod, and says so", async () => {
        const folder = await temporaryFolder();
        await expect(keyOf({ ...(await fakeTool(folder)), module: folder }, "")).rejects.toThrow(
            /the fake tool cannot be built: .*go\.mod is missing/,
        );
    });
});

describe("the pin of a package", () => {
    const word = fc.stringMatching(/^[a-z]{1,8}$/);
    const modulePath = fc.tuple(word, fc.array(word, { maxLength: 3 })).map(([host, rest]) => [`${host}.org`, ...rest].join("/"));

    test("is the version of the longest module path that begins the package's", () => {
        fc.assert(
            fc.property(
                fc.uniqueArray(modulePath, { minLength: 1, maxLength: 8 }),
                fc.nat(),
                fc.array(word, { maxLength: 3 }),
                (paths, pick, below) => {
                    const goMod = `module example\n\ngo 1.26.0\n\nrequire (\n${paths.map((p, i) => `\t${p} v1.${i}.0 // indirect`).join("\n")}\n)\n`;
                    const packagePath = [paths[pick % paths.length], ...below].join("/");
                    const holding = paths
                        .filter((p) => packagePath === p || packagePath.startsWith(`${p}/`))
                        .toSorted((a, b) => b.length - a.length);
                    expect(pinOf(goMod, packagePath)).toEqual({ module: holding[0], version: `v1.${paths.indexOf(holding[0] ?? "")}.0` });
                },
            ),
        );
    });

    test("is none for a package of no required module", () => {
        expect(pinOf("module example\n\nrequire example.org/a v1.0.0\n", "example.org/ab")).toBeUndefined();
    });
});

describe("the table of tools", () => {
    test("has what the cluster is made of", () => {
        expect(toolNames.toSorted()).toEqual([
            "cni",
            "containerd",
            "coredns",
            "etcd",
            "kubernetes",
            "mkimage",
            "node-init",
            "registry",
            "runc",
            "traefik",
        ]);
    });

    test.each([...tools.values()].map((tool) => [tool.name, tool] as const))(
        "%s asks for no newer Go than users are told to install",
        async (_name, tool) => {
            const asked = /^go (\S+)$/m.exec(await readFile(join(tool.module, "go.mod"), "utf8"))?.[1] ?? "";
            expect(isAtLeast(`go${minimumGo}.0`, asked)).toBe(true);
        },
    );

    test.each([...tools.values()].filter((tool) => tool.variables).map((tool) => [tool.name, tool] as const))(
        "%s tells the version it is pinned to",
        async (_name, tool) => {
            const { version } = await keyOf(tool, "");
            expect(version).toMatch(/^v\d+\.\d+\.\d+$/);
            expect(Object.values(tool.variables?.(version) ?? {}).some((value) => version.includes(value) && value.length > 3)).toBe(true);
        },
    );

    test("covers every module in the repository", async () => {
        const folders = await readdir(join(projectRoot, "embedded/cluster/modules"));
        expect(folders.filter((name) => ![...tools.values()].some((tool) => tool.module.endsWith(`/modules/${name}`)))).toEqual([]);
    });
});

describe("the version of Go", () => {
    test.each([
        ["go1.26.8", true],
        ["go1.27rc1", true],
        ["go2.0", true],
        ["go1.26", true],
        ["go1.25.12", false],
        ["go1.9", false],
        ["gibberish", false],
    ])("%s is new enough: %s", (version, expected) => {
        expect(isAtLeast(version, "1.26")).toBe(expected);
    });
});
