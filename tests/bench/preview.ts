/**
 * `npm run bench -- preview`: how long a preview of the whole production stack takes, beside the same engine on a program
 * that declares nothing. Needs neither root nor a cluster, and changes nothing.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { prepareDefinitions } from "../../bin/definitions.ts";
import { projectRoot } from "../../embedded/common/paths.ts";
import { check } from "../../embedded/common/process.ts";
import { consoleProgress, during } from "../../embedded/common/progress.ts";
import { compare, print } from "./table.ts";

const RUNS = 7;
const STACK = "prod";
const EMPTY = join(import.meta.dirname, "programs/empty");

export async function benchPreview(): Promise<number> {
    const progress = consoleProgress();
    await prepareDefinitions(progress);
    const folder = await mkdtemp(join(tmpdir(), "bench-preview-"));
    const env = { MCP_PLATFORM_STATE: folder, PULUMI_BACKEND_URL: `file://${folder}`, PULUMI_CONFIG_PASSPHRASE: "bench", NO_COLOR: "1" };
    const preview = async (...args: string[]): Promise<{ seconds: number; text: string }> => {
        const begun = performance.now();
        const { stdout } = await check(process.execPath, [join(projectRoot, "bin/run.mjs"), "preview", ...args], { cwd: projectRoot, env });
        return { seconds: (performance.now() - begun) / 1000, text: stdout };
    };
    const times = { empty: [] as number[], whole: [] as number[] };
    const texts = new Set<string>();
    try {
        await during(progress, `preview of ${STACK} and of an empty program, ${RUNS} times in turn`, RUNS * 4, async () => {
            for (let i = 0; i < RUNS; i++) {
                times.empty.push((await preview("--cwd", EMPTY, "--stack", "bench")).seconds);
                const whole = await preview("--stack", STACK);
                times.whole.push(whole.seconds);
                texts.add(whole.text);
            }
        });
    } finally {
        await rm(folder, { recursive: true, force: true });
    }
    print([
        compare(`preview of ${STACK}, wall`, times.whole, "empty program, same engine", times.empty, "≤ 2.5 s, ≤ 2 ×"),
        { what: `different outputs of ${RUNS} previews`, measured: String(texts.size), floor: "", ratio: "", target: "1" },
    ]);
    return 0;
}
