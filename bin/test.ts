/** `npm test`: the checks, then every test; the last line counts them. Arguments go to jest. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { spawn } from "node:child_process";
import { projectRoot } from "../embedded/common/paths.ts";
import { run } from "../embedded/common/process.ts";
import { consoleProgress, type Progress } from "../embedded/common/progress.ts";
import { buildNodeImage, missingPackages as missingPackagesOfKind } from "../embedded/kind/index.ts";
import { main as checkMain } from "./check.ts";
import { prepareDefinitions } from "./definitions.ts";
import { installPackages } from "./packages.ts";
import { prepare } from "./prepare.ts";

/** Programs that tests compare with, or work against, and the Debian packages they are in. */
const PROGRAMS: Readonly<Record<string, string>> = { openssl: "openssl", "ssh-agent": "openssh-client", python3: "python3-minimal" };

/** What is to be installed; nobody but root can, and tests say what they do without. */
async function missingPackages(): Promise<string[]> {
    if (process.getuid?.() !== 0) return [];
    const found = await Promise.all(Object.keys(PROGRAMS).map((name) => run("sh", ["-c", 'command -v "$1"', "sh", name])));
    return Object.values(PROGRAMS).filter((_, i) => found[i]?.code !== 0);
}

/** What real kind clusters are made of. Without root their tests say what they lack. */
async function prepareKind(progress: Progress): Promise<void> {
    if (process.getuid?.() !== 0) return;
    await installPackages(await missingPackagesOfKind(), true, progress);
    await buildNodeImage(progress);
}

interface Counts {
    passed: number;
    failed: number;
    skipped: number;
}

/** Runs the tests and answers 0 only if something ran and nothing failed. */
export async function main(args: string[]): Promise<number> {
    const selected = args.length > 0;
    if (!selected) {
        const progress = consoleProgress();
        await installPackages(await missingPackages(), true, progress);
        await prepare(progress);
        await prepareDefinitions(progress);
        await prepareKind(progress);
    }
    const checked = selected ? 0 : await checkMain();
    const { counts, code } = await jest(args);
    if (checked !== 0) counts.failed++;
    console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
    return code !== 0 || counts.failed > 0 || counts.passed === 0 ? 1 : 0;
}

/** What jest says of a run in the file of `--json`. */
interface Report {
    readonly numPassedTests: number;
    readonly numFailedTests: number;
    readonly numPendingTests: number;
    readonly numRuntimeErrorTestSuites: number;
}

/** The report; undefined when jest ended without a whole one, as for arguments it does not know. */
async function reportOf(file: string): Promise<Report | undefined> {
    try {
        return JSON.parse(await readFile(file, "utf8")) as Report;
    } catch {
        return undefined;
    }
}

async function jest(args: readonly string[]): Promise<{ counts: Counts; code: number }> {
    const folder = await mkdtemp(join(tmpdir(), "mcp-platform-test-"));
    const report = join(folder, "report.json");
    try {
        const code = await new Promise<number>((resolve, reject) => {
            const child = spawn(
                process.execPath,
                [
                    "--experimental-vm-modules",
                    "--disable-warning=ExperimentalWarning",
                    join(projectRoot, "node_modules/jest/bin/jest.js"),
                    "--json",
                    "--outputFile",
                    report,
                    ...args,
                ],
                { cwd: projectRoot, stdio: ["ignore", "ignore", "inherit"] },
            );
            child.on("error", reject);
            child.on("close", (status) => resolve(status ?? 1));
        });
        const result = await reportOf(report);
        // What went wrong has been printed by jest; that it counts as a failure is what matters here.
        if (!result) return { code: code || 1, counts: { passed: 0, failed: 1, skipped: 0 } };
        return {
            code,
            counts: {
                passed: result.numPassedTests,
                failed: result.numFailedTests + result.numRuntimeErrorTestSuites,
                skipped: result.numPendingTests,
            },
        };
    } finally {
        await rm(folder, { recursive: true, force: true });
    }
}
