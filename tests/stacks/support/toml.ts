import { spawnSync } from "node:child_process";

const READ = "import json, sys, tomllib; print(json.dumps([tomllib.loads(text) for text in json.load(sys.stdin)]))";

/** Whether python3's own TOML parser is there (3.11 or newer). */
export const hasTomlParser = spawnSync("python3", ["-c", "import tomllib"]).status === 0;

/** What a real parser reads in TOML documents: Python's, in one process for all of them. */
export function parseToml(...documents: string[]): Record<string, unknown>[] {
    const { status, stdout, stderr } = spawnSync("python3", ["-c", READ], { input: JSON.stringify(documents), encoding: "utf8" });
    if (status !== 0) throw new Error(`not TOML: ${stderr}`);
    return JSON.parse(stdout) as Record<string, unknown>[];
}
