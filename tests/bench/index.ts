/**
 * `npm run bench`: how long a user waits, each beside a floor measured in the same run, and what the platform takes.
 * Needs root and built tools; makes a platform of its own beside a running one and removes it. `npm run bench:engine`
 * measures the embedded engine alone, `npm run bench -- kind` the stack `dev` on a kind cluster.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { UserError } from "../../embedded/common/errors.ts";
import { projectRoot } from "../../embedded/common/paths.ts";
import { check } from "../../embedded/common/process.ts";
import { consoleProgress, during, type Progress } from "../../embedded/common/progress.ts";
import { makePlatform, type Platform } from "../support/platform.ts";
import { compare, print, type Row } from "./table.ts";

const RUNS = 5;

export async function main(args: readonly string[]): Promise<number> {
    if (args.length === 1 && args[0] === "engine") return await (await import("./engine.ts")).benchEngine();
    if (args.length === 1 && args[0] === "preview") return await (await import("./preview.ts")).benchPreview();
    if (args[0] === "kind") return await (await import("./kind.ts")).benchKind(args.slice(1));
    if (args.length) throw new UserError(`npm run bench takes no argument but "engine", "kind" or "preview", and got ${args.join(" ")}.`);
    if (process.getuid?.() !== 0) throw new UserError("npm run bench starts clusters that run pods, which needs root: run it as root.");
    const progress = consoleProgress();
    const rows: Row[] = [];
    const platform = await makePlatform();
    try {
        const bare = await bareCluster(progress);
        const first = await timed(progress, "npm start, everything built, no state", platform, "start");
        rows.push(compare("start without state, to the tool call", [first], "bare cluster, cold", [bare.cold], "≤ 40 s"));
        const floor = await repeat(progress, "floor: Node and the Pulumi SDK", () => sdkImport());
        const before = await writes(platform);
        const up = await repeat(progress, "up without changes", () => succeed(platform.engine("up", ["--yes"])));
        const written = (await writes(platform)) - before;
        rows.push(compare("up without changes", up, "import of the SDK", floor, "≤ 4 s"));
        rows.push({ what: `writes at the API server by ${RUNS} such runs`, measured: String(written), floor: "", ratio: "", target: "0" });
        const preview = await repeat(progress, "preview", () => succeed(platform.engine("preview")));
        rows.push(compare("preview", preview, "import of the SDK", floor, "≤ 2.5 s"));
        rows.push({
            what: "cluster and platform, resident",
            measured: `${((await rss(platform)) / 2 ** 30).toFixed(2)} GiB`,
            floor: "",
            ratio: "",
            target: "≤ 2.5 GiB",
        });
        await timed(progress, "npm stop", platform, "stop");
        const again = await timed(progress, "npm start, stopped before", platform, "start");
        rows.push(compare("start after a stop, to the tool call", [again], "bare cluster, warm", [bare.warm], "≤ 20 s"));
    } finally {
        await during(progress, "removing the platform", 5, () => platform.remove());
    }
    print(rows);
    return 0;
}

/** The cluster alone, to a Ready node and a serving CoreDNS: without state, and again with it. */
async function bareCluster(progress: Progress): Promise<{ cold: number; warm: number }> {
    const platform = await makePlatform();
    try {
        const cold = await timed(progress, "floor: bare cluster, cold", platform, "cluster", [
            "start",
            "--api-port",
            String(platform.registryPort),
        ]);
        await timed(progress, "stopping it", platform, "cluster", ["stop"]);
        const warm = await timed(progress, "floor: bare cluster, warm", platform, "cluster", [
            "start",
            "--api-port",
            String(platform.registryPort),
        ]);
        return { cold, warm };
    } finally {
        await platform.remove();
    }
}

async function timed(
    progress: Progress,
    label: string,
    platform: Platform,
    command: string,
    args: readonly string[] = [],
): Promise<number> {
    const all = command === "start" ? ["--config-file", platform.settingsFile, ...args] : args;
    return during(progress, label, undefined, () => succeed(platform.command(command, all)));
}

async function succeed(running: ReturnType<Platform["command"]>): Promise<number> {
    const result = await running;
    if (result.code !== 0)
        throw new Error(`ended with status ${result.code}:\n${(result.stdout + result.stderr).trim().split("\n").slice(-15).join("\n")}`);
    return result.seconds;
}

async function repeat(progress: Progress, label: string, once: () => Promise<number>): Promise<number[]> {
    return during(progress, `${label}, ${RUNS} times`, undefined, async () => {
        await once(); // the first one fills caches
        const seconds: number[] = [];
        for (let i = 0; i < RUNS; i++) seconds.push(await once());
        return seconds;
    });
}

async function sdkImport(): Promise<number> {
    const begun = performance.now();
    await check(process.execPath, ["--input-type=module", "-e", 'await import("@pulumi/pulumi"); await import("@pulumi/kubernetes")'], {
        cwd: projectRoot,
    });
    return (performance.now() - begun) / 1000;
}

/** Writes of the administrator, whom the engine acts as, in the API server's audit log. */
async function writes(platform: Platform): Promise<number> {
    const log = await readFile(join(platform.stateDir, "cluster/hub/log/audit.log"), "utf8");
    const lines = log.split("\n").filter(Boolean);
    return lines.filter((line) => (JSON.parse(line) as { user?: { username?: string } }).user?.username === "admin").length;
}

async function rss(platform: Platform): Promise<number> {
    const { stdout } = await platform.command("cluster", ["status", "--json"]);
    return (JSON.parse(stdout) as { rssBytes: number }).rssBytes;
}
