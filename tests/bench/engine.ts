/**
 * `npm run bench:engine`: what the embedded engine adds to a program, and how that grows with the number of resources.
 * Each command runs in a process of its own, on an unmodified program, with the state in files.
 */
import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "../../embedded/common/process.ts";
import { consoleProgress, during, type Progress } from "../../embedded/common/progress.ts";
import { controlPlaneBinaries } from "../support/apiserver.ts";
import { configMaps } from "./configmaps.ts";
import type { Measured } from "./engine-process.ts";
import { compare, print, type Row } from "./table.ts";

const RUNS = 5;
const SMALL = 500;
const SIZES = [500, 1_000, 2_000, 5_000];
const PROJECT = join(import.meta.dirname, "programs/resources");
const GIB = 2 ** 30;
const MIB = 2 ** 20;

interface Timed {
    readonly seconds: number;
    readonly measured: Measured;
}

/** Measures and prints. Takes about five minutes. */
export async function benchEngine(): Promise<number> {
    const progress = consoleProgress();
    const folder = await mkdtemp(join(tmpdir(), "bench-engine-"));
    try {
        const small = await against(progress, join(folder, "ratio"));
        const curve = await growth(progress, folder);
        print([...small, ...summary(curve), ...(await againstKubectl(progress))]);
        printCurve(curve);
    } finally {
        await rm(folder, { recursive: true, force: true });
    }
    return 0;
}

/** Objects of a cluster, where there is an API server to make them in, and something to compare with. */
async function againstKubectl(progress: Progress): Promise<Row[]> {
    const missing = [
        ...((await controlPlaneBinaries()) ? [] : ["a built API server (npm start)"]),
        ...((await run("kubectl", ["version", "--client"]).catch(() => undefined)) ? [] : ["kubectl"]),
    ];
    if (!missing.length) return await configMaps(progress);
    console.log(`skipped: ConfigMaps, for want of ${missing.join(" and ")}`);
    return [];
}

/** `preview` and `up` without changes beside the program under an engine that does nothing. */
async function against(progress: Progress, folder: string): Promise<Row[]> {
    await during(progress, `up of ${SMALL} resources`, 6, () => command(folder, SMALL, ["up", "--yes", "--skip-preview"]));
    const times = { floor: [] as number[], preview: [] as number[], floorUp: [] as number[], up: [] as number[] };
    await during(progress, `preview, up without changes and their floors, ${RUNS} times in turn`, RUNS * 17, async () => {
        for (let i = 0; i < RUNS; i++) {
            times.floor.push((await floor(folder, ["--preview"])).seconds);
            times.preview.push((await command(folder, SMALL, ["preview"])).seconds);
            times.floorUp.push((await floor(folder, [])).seconds);
            times.up.push((await command(folder, SMALL, ["up", "--yes", "--skip-preview", "--expect-no-changes"])).seconds);
        }
    });
    return [
        compare(`preview of ${SMALL} resources`, times.preview, "empty engine", times.floor, "≤ 2 ×"),
        compare(`up of ${SMALL} resources without changes`, times.up, "empty engine", times.floorUp, "≤ 2 ×"),
    ];
}

interface Point {
    readonly size: number;
    readonly create: Timed;
    readonly same: Timed;
}

async function growth(progress: Progress, folder: string): Promise<Point[]> {
    const points: Point[] = [];
    for (const size of SIZES) {
        const state = join(folder, String(size));
        points.push(
            await during(progress, `${size} resources: up, and up without changes`, Math.ceil(size / 70), async () => ({
                size,
                create: await command(state, size, ["up", "--yes", "--skip-preview"]),
                same: await command(state, size, ["up", "--yes", "--skip-preview", "--expect-no-changes"]),
            })),
        );
    }
    return points;
}

const row = (what: string, measured: string, target: string): Row => ({ what, measured, floor: "", ratio: "", target });

function summary(points: readonly Point[]): Row[] {
    const largest = points.at(-1);
    if (!largest) return [];
    const { size, create, same } = largest;
    const peak = Math.max(create.measured.peak, same.measured.peak) / GIB;
    return [
        row(`up of ${size} new resources`, `${create.seconds.toFixed(1)} s`, "≤ 60 s"),
        row(`up of ${size} resources without changes`, `${same.seconds.toFixed(1)} s`, "≤ 60 s"),
        row("memory of the engine's process in either, at most", `${peak.toFixed(2)} GiB`, "≤ 1 GiB"),
    ];
}

const seconds = (value: number): string => `${value.toFixed(1)} s`;

function printCurve(points: readonly Point[]): void {
    const columns = [
        "resources",
        "up, new",
        "per resource",
        "of it the engine's processor time",
        "up, unchanged",
        "of it the engine's processor time",
    ];
    console.log(`\n| ${[...columns, "memory at most", "state written", "per step", "time in writes"].join(" | ")} |`);
    console.log(`|${"---|".repeat(columns.length + 4)}`);
    for (const { size, create, same } of points) {
        const { peak, written, writingMs, cpuMs } = create.measured;
        const cells = [
            size,
            seconds(create.seconds),
            `${((create.seconds / size) * 1000).toFixed(1)} ms`,
            seconds(cpuMs / 1000),
            seconds(same.seconds),
            seconds(same.measured.cpuMs / 1000),
            `${(Math.max(peak, same.measured.peak) / MIB).toFixed(0)} MiB`,
            `${(written / MIB).toFixed(1)} MiB`,
            `${(written / size / 1024).toFixed(1)} KiB`,
            `${(writingMs / 1000).toFixed(2)} s`,
        ];
        console.log(`| ${cells.join(" | ")} |`);
    }
}

/** Runs a command of the engine on the program with that many resources. */
async function command(state: string, size: number, args: readonly string[]): Promise<Timed> {
    return await measure(state, size, [join(import.meta.dirname, "engine-process.ts"), ...args, "--stack", "bench"]);
}

async function floor(state: string, args: readonly string[]): Promise<Timed> {
    return await measure(state, SMALL, [join(import.meta.dirname, "floor.ts"), ...args]);
}

async function measure(state: string, size: number, args: readonly string[]): Promise<Timed> {
    const begun = performance.now();
    const child = spawn(process.execPath, [...args], {
        cwd: PROJECT,
        env: {
            ...process.env,
            PULUMI_BACKEND_URL: `file://${state}`,
            PULUMI_CONFIG_PASSPHRASE: "bench",
            BENCH_RESOURCES: String(size),
        },
        stdio: ["ignore", "pipe", "pipe", "pipe"],
    });
    const texts = ["", "", "", ""];
    for (const i of [1, 2, 3]) child.stdio[i]?.on("data", (data: Buffer) => (texts[i] += data.toString()));
    const code = await new Promise<number | null>((resolve, reject) => child.on("error", reject).on("close", resolve));
    const seconds = (performance.now() - begun) / 1000;
    if (code !== 0) throw new Error(`${args.join(" ")} ended with ${code}:\n${`${texts[1]}${texts[2]}`.split("\n").slice(-15).join("\n")}`);
    return { seconds, measured: (texts[3] ? JSON.parse(texts[3]) : {}) as Measured };
}
