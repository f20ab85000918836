/** `npm test`: the checks, then every test; the last line counts them. Arguments go to jest. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { spawn } from "node:child_process";
import { projectRoot } from "../embedded/common/paths.ts";
import { consoleProgress } from "../embedded/common/progress.ts";
import { main as checkMain } from "./check.ts";
import { prepare } from "./prepare.ts";

interface Counts {
    passed: number;
    failed: number;
    skipped: number;
}

/** Runs the tests and answers 0 only if something ran and nothing failed. */
export async function main(args: string[]): Promise<number> {
    const selected = args.length > 0;
    if (!selected) await prepare(consoleProgress());
    const checked = selected ? 0 : await checkMain();
    const { counts, code } = await jest(args);
    if (checked !== 0) counts.failed++;
    console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
    return code !== 0 || counts.failed > 0 || counts.passed === 0 ? 1 : 0;
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
        const result = JSON.parse(await readFile(report, "utf8")) as {
            numPassedTests: number;
            numFailedTests: number;
            numPendingTests: number;
            numRuntimeErrorTestSuites: number;
        };
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
