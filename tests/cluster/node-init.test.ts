import { spawn, type ChildProcess } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer, connect, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { builtTools } from "../../embedded/cluster/build.ts";
import { readJson } from "../../embedded/cluster/files.ts";
import { isAlive, kill, runs, waitUntil } from "../../embedded/cluster/processes.ts";
import type { ProcessSpec, TreeSpec } from "../../embedded/cluster/specification.ts";
import type { TreeRecord, TreeStatus } from "../../embedded/cluster/tree-control.ts";
import { freePorts, skipped } from "./support.ts";

const tools = await builtTools(["node-init"]);
if (!tools) skipped("node-init", "it is not built (npm start builds it)");

let folder = "";
let keeper: ChildProcess | undefined;
const file = (name: string): string => join(folder, name);
const status = (): TreeStatus | undefined => readJson<TreeStatus>(file("status.json"));
const of = (name: string): NonNullable<TreeStatus["processes"]>[number] | undefined =>
    status()?.processes?.find((each) => each.name === name);
const record = (): TreeRecord | undefined => readJson<TreeRecord>(file("tree.json"));
const program = (name: string, script: string, waitFor: ProcessSpec["waitFor"] = []): ProcessSpec => ({
    name,
    argv: ["/bin/sh", "-c", script],
    env: { PATH: "/usr/bin:/bin" },
    log: file(`${name}.log`),
    waitFor,
});

async function start(processes: readonly ProcessSpec[], change: Partial<TreeSpec> = {}): Promise<void> {
    const spec: TreeSpec = {
        name: "test",
        revision: "r",
        namespaces: [],
        cgroups: [],
        keeperCgroups: [],
        mounts: [],
        sysctls: [],
        treeFile: file("tree.json"),
        statusFile: file("status.json"),
        keeperStatusFile: file("status.json"),
        log: file("init.log"),
        processes,
        forwards: [],
        ...change,
    };
    writeFileSync(file("spec.json"), JSON.stringify(spec));
    keeper = spawn(join(tools?.["node-init"] ?? "", "node-init"), ["start", file("spec.json")], { stdio: "ignore" });
    await waitUntil(() => existsSync(file("status.json")) && (existsSync(file("tree.json")) || status()?.error !== undefined), 5000);
}

beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "tree-"))));
afterEach(() => {
    const running = record();
    if (isAlive(running) && running) kill(running.pid);
    keeper?.kill("SIGKILL");
    rmSync(folder, { recursive: true });
});

(tools ? describe : describe.skip)("a tree", () => {
    it("records its first process, so that it can be recognised", async () => {
        await start([]);
        expect(isAlive(record())).toBe(true);
        expect(record()?.keeperPid).toBe(keeper?.pid);
    });

    it("starts a program again when it ends, later each time, and counts", async () => {
        await start([program("short", "date +%s%N; exit 3")]);
        expect(await waitUntil(() => (of("short")?.restarts ?? 0) >= 4, 6000)).toBe(true);
        expect(of("short")?.lastExit).toBe("ended with status 3");
        const times = [...readFileSync(file("short.log"), "utf8").matchAll(/^(\d{19})$/gm)].map((match) =>
            Number(BigInt(match[1] ?? 0) / 1_000_000n),
        );
        const gaps = times.slice(1).map((time, i) => time - (times[i] ?? 0));
        expect(gaps[0]).toBeGreaterThanOrEqual(180);
        expect(gaps[2]).toBeGreaterThanOrEqual(780);
    });

    it("starts a killed program again", async () => {
        await start([program("long", "exec sleep 100")]);
        await waitUntil(() => of("long")?.state === "running", 2000);
        const before = of("long")?.pid ?? 0;
        kill(before);
        expect(await waitUntil(() => of("long")?.state === "running" && of("long")?.pid !== before, 5000)).toBe(true);
        expect(of("long")?.lastExit).toBe("ended by signal killed");
    });

    it("holds a program back until its conditions are true", async () => {
        await start([program("late", "exec sleep 100", [{ file: file("gate") }, { unix: file("socket") }])]);
        await new Promise((resolve) => setTimeout(resolve, 200));
        expect(of("late")?.state).toBe("waiting");
        writeFileSync(file("gate"), "");
        await new Promise((resolve) => setTimeout(resolve, 200));
        expect(of("late")?.state).toBe("waiting");
        const server = createServer();
        await new Promise<void>((resolve) => server.listen(file("socket"), resolve));
        expect(await waitUntil(() => of("late")?.state === "running", 2000)).toBe(true);
        server.close();
    });

    it("reaps the orphans of its programs", async () => {
        await start([program("parent", `(exec sleep 0.3) & echo $! > ${file("orphan")}; exec sleep 0.1`)]);
        await waitUntil(() => existsSync(file("orphan")) && readFileSync(file("orphan"), "utf8") !== "", 2000);
        const orphan = Number(readFileSync(file("orphan"), "utf8"));
        expect(runs(orphan)).toBe(true);
        expect(await waitUntil(() => !existsSync(`/proc/${orphan}`), 3000)).toBe(true);
    });

    it("ends its programs with itself", async () => {
        await start([program("stays", "exec sleep 100")]);
        await waitUntil(() => of("stays")?.state === "running", 2000);
        const stays = of("stays")?.pid ?? 0;
        expect(runs(stays)).toBe(true);
        kill(record()?.pid ?? 0);
        expect(await waitUntil(() => !runs(stays), 5000)).toBe(true);
    });

    it("forwards a loopback port, with each side ending on its own", async () => {
        const echo = createServer({ allowHalfOpen: true }, (socket) => {
            let heard = "";
            socket.on("data", (data: Buffer) => (heard += String(data)));
            socket.on("end", () => socket.end(`heard ${heard}`)); // answers only after the other side has ended
        });
        await new Promise<void>((resolve) => echo.listen(0, "127.0.0.1", resolve));
        const [port = 0] = await freePorts(1);
        await start([], { forwards: [{ listen: `127.0.0.1:${port}`, to: `127.0.0.1:${(echo.address() as AddressInfo).port}` }] });
        const answer = await new Promise<string>((resolve, reject) => {
            let text = "";
            const client = connect({ port, host: "127.0.0.1", allowHalfOpen: true }, () => client.end("hello"));
            client.on("data", (data: Buffer) => (text += String(data)));
            client.on("end", () => resolve(text));
            client.on("error", reject);
        });
        expect(answer).toBe("heard hello");
        echo.close();
    });

    it("says why it cannot start", async () => {
        const server = createServer();
        await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
        const { port } = server.address() as AddressInfo;
        await start([], { forwards: [{ listen: `127.0.0.1:${port}`, to: "127.0.0.1:1" }] });
        expect(status()?.error).toMatch(/address already in use/);
        server.close();
    });

    it("keeps a program's log bounded without losing its end", async () => {
        await start([program("chatty", "i=0; while :; do i=$((i+1)); head -c 1000000 /dev/zero | tr '\\\\0' x; echo; sleep 0.3; done")]);
        expect(await waitUntil(() => existsSync(file("chatty.log.1")), 20_000, 100)).toBe(true);
        // Copied first and emptied then; afterwards the program writes on into the same file.
        expect(await waitUntil(() => statSync(file("chatty.log")).size < statSync(file("chatty.log.1")).size, 5000)).toBe(true);
        const size = statSync(file("chatty.log")).size;
        expect(await waitUntil(() => statSync(file("chatty.log")).size > size, 5000)).toBe(true);
        expect(statSync(file("chatty.log")).size).toBeLessThan(8 << 20);
    }, 30_000);
});
