/**
 * `npm run bench:engine`: what the embedded engine adds to a program, and how that grows with the number of resources.
 * Each command runs in a process of its own, on an unmodified program, with the state in files.
 */
import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { consoleProgress, during, type Progress } from "../../embedded/common/progress.ts";
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
        print([...small, ...summary(curve)]);
        printCurve(curve);
    } finally {
        await rm(folder, { recursive: true, force: true });
    }
    return 0;
}

/** `preview` and `up` without changes beside the program under an engine that does nothing. */
async function against(progress: Progress, folder: string): Promise<Row[]> {
    await during(progress, `up of ${SMALL} resources`, 6, () => command(folder, SMALL, ["up", "--yes", "--skip-preview"]));
    const seconds = { floor: [] as number[], preview: [] as number[], floorUp: [] as number[], up: [] as number[] };
    await during(progress, `preview, up without changes and their floors, ${RUNS} times in turn`, RUNS * 17, async () => {
        for (let i = 0; i < RUNS; i++) {
            seconds.floor.push((await floor(folder, ["--preview"])).seconds);
            seconds.preview.push((await command(folder, SMALL, ["preview"])).seconds);
            seconds.floorUp.push((await floor(folder, [])).seconds);
            seconds.up.push((await command(folder, SMALL, ["up", "--yes", "--skip-preview", "--expect-no-changes"])).seconds);
        }
    });
    return [
        compare(`preview of ${SMALL} resources`, seconds.preview, "empty engine", seconds.floor, "≤ 2 ×"),
        compare(`up of ${SMALL} resources without changes`, seconds.up, "empty engine", seconds.floorUp, "≤ 2 ×"),
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

function printCurve(points: readonly Point[]): void {
    console.log(
        "\n| resources | up, new | per resource | up, unchanged | per resource | memory at most | state written | per step | time in writes |",
    );
    console.log("|---|---|---|---|---|---|---|---|---|");
    for (const { size, create, same } of points) {
        const per = (value: number): string => ((value / size) * 1000).toFixed(1);
        const { peak, written, writingMs } = create.measured;
        const cells = [
            size,
            `${create.seconds.toFixed(1)} s`,
            `${per(create.seconds)} ms`,
            `${same.seconds.toFixed(1)} s`,
            `${per(same.seconds)} ms`,
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
    return await run(state, size, [join(import.meta.dirname, "engine-process.ts"), ...args, "--stack", "bench"]);
}

async function floor(state: string, args: readonly string[]): Promise<Timed> {
    return await run(state, SMALL, [join(import.meta.dirname, "floor.ts"), ...args]);
}

async function run(state: string, size: number, args: readonly string[]): Promise<Timed> {
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
