import { chmod, mkdir, readdir, readFile, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { build, findByInputs, lookUp } from "../../embedded/cluster/build/builder.ts";
import { findGo, isAtLeast, minimumGo, usableGo } from "../../embedded/cluster/build/go.ts";
import { missingPackages } from "../../embedded/cluster/build/requirements.ts";
import { keyOf } from "../../embedded/cluster/build/module.ts";
import { UserError } from "../../embedded/common/errors.ts";
import { run } from "../../embedded/common/process.ts";
import { fakeTool, remember, removeFolders, temporaryFolder } from "./support.ts";

const go = await findGo();
const usable = go && isAtLeast(go.version, minimumGo);
if (!usable) console.warn(`skipped: the tests that compile need Go ${minimumGo}, found ${go?.version ?? "none"}`);
const withGo = usable ? describe : describe.skip;

const path = process.env["PATH"] ?? "";
afterEach(() => void (process.env["PATH"] = path));
afterAll(removeFolders);

withGo("the builder", () => {
    test("builds once, and finds it from then on in a moment", async () => {
        const folder = await temporaryFolder();
        const [tool, cache, progress] = [await fakeTool(folder), join(folder, "cache"), remember()];
        expect(await lookUp([tool], { cache })).toBeUndefined();
        const [built] = await build([tool], { cache, progress });
        expect((await run(join(built?.folder ?? "", "fake"), [])).stdout).toBe("hello\n");
        expect([progress.steps, progress.results]).toEqual([["building the fake tool"], ["done"]]);
        const begun = performance.now();
        expect(await build([tool], { cache, progress })).toEqual([built]);
        expect(performance.now() - begun).toBeLessThan(100);
        expect(await lookUp([tool], { cache, verify: true })).toEqual([built]);
        expect(progress.steps).toHaveLength(1);
        expect((await readdir(join(cache, "tools"))).filter((name) => name.startsWith("."))).toEqual([]);
    });

    test("builds again when its source changes, and keeps both", async () => {
        const folder = await temporaryFolder();
        const [tool, cache] = [await fakeTool(folder), join(folder, "cache")];
        const [first] = await build([tool], { cache, progress: remember() });
        await writeFile(join(tool.module, "main.go"), 'package main\n\nfunc main() { print("other") }\n');
        const [second] = await build([tool], { cache, progress: remember() });
        expect(second?.folder).not.toBe(first?.folder);
        expect((await run(join(second?.folder ?? "", "fake"), [])).stderr).toBe("other");
    });

    test("says that an entry is damaged and builds it again", async () => {
        const folder = await temporaryFolder();
        const [tool, cache, progress] = [await fakeTool(folder), join(folder, "cache"), remember()];
        const [built] = await build([tool], { cache, progress: remember() });
        const binary = join(built?.folder ?? "", "fake");
        await truncate(binary, 1000);
        expect(await lookUp([tool], { cache })).toBeUndefined();
        await build([tool], { cache, progress });
        expect(progress.logs).toEqual([
            expect.stringMatching(
                /^The cached build of the fake tool is damaged \(fake has 1000 bytes instead of \d+\): it is built again\.$/,
            ),
        ]);
        expect((await run(binary, [])).stdout).toBe("hello\n");
    });

    test("shows the compiler's last words when a build fails, and keeps its output", async () => {
        const folder = await temporaryFolder();
        const tool = await fakeTool(folder, "package main\n\nfunc main() { nonsense() }\n");
        const cache = join(folder, "cache");
        const progress = remember();
        const failure = await build([tool], { cache, progress }).catch((error: unknown) => error);
        expect(failure).toBeInstanceOf(UserError);
        const log = join(cache, "logs", "fake.log");
        expect(String(failure)).toMatch(
            /Building the fake tool failed \(go build ended with status 1\):\n(.*\n)*.*undefined: nonsense\n.*The whole output is in /,
        );
        expect(String(failure)).toContain(log);
        expect(await readFile(log, "utf8")).toContain("undefined: nonsense");
        expect([progress.results, await readdir(join(cache, "tools"))]).toEqual([["failed"], []]);
    });

    test("builds once when two processes want the same at the same time", async () => {
        const folder = await temporaryFolder();
        const [tool, cache] = [await fakeTool(folder), join(folder, "cache")];
        const script = join(import.meta.dirname, "build-fake.ts");
        const both = await Promise.all(
            [1, 2].map(() => run(process.execPath, [script, cache, JSON.stringify(tool)], { env: { NODE_OPTIONS: undefined } })),
        );
        expect(both.map(({ code, stderr }) => [code, stderr])).toEqual([
            [0, ""],
            [0, ""],
        ]);
        const results = both.map(({ stdout }) => JSON.parse(stdout) as { folder: string; results: string[]; logs: string[] });
        expect(results.flatMap((r) => r.results).toSorted()).toEqual(["built by another process", "done"]);
        expect(results[0]?.folder).toBe(results[1]?.folder);
        expect(await readdir(join(cache, "tools"))).toHaveLength(1);
    });
});

/** A `go` that answers as the real one does until it is asked to build. */
async function pretendGo(version: string, onBuild: string): Promise<string> {
    const bin = join(await temporaryFolder(), "bin");
    await mkdir(bin);
    const script = `#!/bin/sh\ncase "$1" in\nversion) echo "go version ${version} linux/amd64" ;;\nenv) echo '{"GOCACHE":"/tmp","GOMODCACHE":"/tmp"}' ;;\nbuild) ${onBuild} ;;\nesac\n`;
    await writeFile(join(bin, "go"), script);
    await chmod(join(bin, "go"), 0o755);
    return bin;
}

describe("the builder, with a pretended Go,", () => {
    test("ends the compiler's whole process group when interrupted and leaves nothing half-done", async () => {
        const folder = await temporaryFolder();
        const pids = join(folder, "pids");
        process.env["PATH"] = `${await pretendGo("go1.26.1", `trap '' INT; sleep 300 & echo $$ $! > ${pids}; wait; wait`)}:${path}`;
        const [tool, cache, progress] = [await fakeTool(folder), join(folder, "cache"), remember()];
        const interrupt = new AbortController();
        const failure = build([tool], { cache, progress, signal: interrupt.signal }).catch((error: unknown) => error);
        let text = "";
        while (!/^\d+ \d+\n/.test(text)) {
            await sleep(20);
            text = await readFile(pids, "utf8").catch(() => "");
        }
        interrupt.abort();
        expect(String(await failure)).toBe(
            "UserError: The build of the fake tool was interrupted. What was finished before it is kept; the same command goes on from there.",
        );
        await sleep(50);
        for (const pid of text.trim().split(" ").map(Number)) expect(await stateOf(pid)).toMatch(/^(gone|Z)$/);
        expect([progress.results, await readdir(join(cache, "tools")), await readdir(join(cache, "logs"))]).toEqual([["failed"], [], []]);
    });

    test("explains what a full disk did", async () => {
        const folder = await temporaryFolder();
        process.env["PATH"] = `${await pretendGo("go1.26.2", 'echo "write /x: no space left on device" >&2; exit 1')}:${path}`;
        await expect(build([await fakeTool(folder)], { cache: join(folder, "cache"), progress: remember() })).rejects.toThrow(
            /no space left on device\nThe disk is full: make room, or move the caches/,
        );
    });

    test("says how much space is missing", async () => {
        const folder = await temporaryFolder();
        process.env["PATH"] = `${await pretendGo("go1.26.3", "exit 1")}:${path}`;
        const tool = { ...(await fakeTool(folder)), cost: { seconds: 1, packages: 1, mebibytes: 1e9 } };
        const failure = build([tool], { cache: join(folder, "cache"), progress: remember() });
        await expect(failure).rejects.toThrow(
            /too little space on the disk of .*: building the fake tool needs 976562\.5 GiB and [\d.]+ GiB are free/,
        );
        await expect(failure).rejects.toBeInstanceOf(UserError);
    });

    test("names the Debian packages that are missing", async () => {
        const folder = await temporaryFolder();
        process.env["PATH"] = await pretendGo("go1.26.4", "exit 1");
        const needs = [
            { package: "gcc", proof: { program: "gcc" } },
            { package: "libseccomp-dev", proof: { pkgConfig: "libseccomp" } },
        ];
        const tool = { ...(await fakeTool(folder)), needs };
        expect(await missingPackages([tool])).toEqual(expect.arrayContaining(["gcc", "libseccomp-dev"]));
        await expect(build([tool], { cache: join(folder, "cache"), progress: remember() })).rejects.toThrow(
            /the fake tool cannot be built: the Debian packages gcc, libseccomp-dev.* must be installed\. Run: apt-get install gcc libseccomp-dev/,
        );
    });
});

describe("a cache that was brought along", () => {
    test("serves whatever Go made it when no Go is there, and not when one is", async () => {
        const folder = await temporaryFolder();
        const [tool, cache] = [await fakeTool(folder), join(folder, "cache")];
        const madeBy = await pretendGo("go1.26.5", 'while [ "$1" != -o ]; do shift; done; echo binary > "$2"');
        process.env["PATH"] = `${madeBy}:${path}`;
        const [made] = await build([tool], { cache, progress: remember() });
        expect(made?.manifest.facts["go"]).toBe("go1.26.5");
        expect(await findByInputs(tool, await keyOf(tool, ""), cache, true)).toEqual(made);
        process.env["PATH"] = `${await pretendGo("go1.26.6", "exit 1")}:${path}`;
        expect(await lookUp([tool], { cache })).toBeUndefined();
        await writeFile(join(tool.module, "go.sum"), "");
        await writeFile(join(tool.module, "main.go"), "package main\n");
        expect(await findByInputs(tool, await keyOf(tool, ""), cache, true)).toBeUndefined();
    });
});

/** The state of a process as the kernel has it, or "gone". */
async function stateOf(pid: number): Promise<string> {
    const text = await readFile(`/proc/${pid}/stat`, "latin1").catch(() => "");
    return /\) (\S)/.exec(text)?.[1] ?? "gone";
}

describe("a Go for builds", () => {
    test("is looked for on PATH first", async () => {
        const bin = await pretendGo("go1.99.5", "exit 1");
        process.env["PATH"] = `${bin}:${path}`;
        expect(await findGo()).toEqual({ path: join(bin, "go"), version: "go1.99.5" });
    });

    test("is refused when it is too old, with what was found and what to do", () => {
        const old = { path: "/usr/bin/go", version: "go1.22.2" };
        expect(() => usableGo(old)).toThrow(
            /^\/usr\/bin\/go is go1\.22\.2, which is too old to build the embedded cluster\. Install Go 1\.26 or newer from /,
        );
    });

    test("is asked for when there is none", () => {
        expect(() => usableGo(undefined)).toThrow(
            /^Go is not installed, and the embedded cluster is built with it\. Install Go 1\.26 or newer from /,
        );
    });
});
