/** `npm run check`: types, lint and format. */
import { consoleProgress, during } from "../embedded/common/progress.ts";
import { run } from "../embedded/common/process.ts";
import { projectRoot } from "../embedded/common/paths.ts";

const CHECKS: readonly (readonly [label: string, command: string, ...args: string[]])[] = [
    ["types", "tsc", "-p", "."],
    ["lint", "oxlint", "--deny-warnings"],
    ["format", "prettier", "--check", "--log-level=warn", "."],
];

/** Runs every check to its end and answers 1 if one of them found something. */
export async function main(): Promise<number> {
    const progress = consoleProgress();
    let failed = false;
    for (const [label, command, ...args] of CHECKS) {
        await during(progress, label, undefined, async () => {
            const result = await run(command, args, { cwd: projectRoot });
            if (result.code === 0) return;
            console.error(result.stdout + result.stderr);
            throw new Error(label);
        }).catch(() => (failed = true));
    }
    return failed ? 1 : 0;
}
