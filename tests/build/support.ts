/** What the builder's tests share: a tiny Go program as the tool, folders of their own, and progress that is remembered. */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Progress } from "../../embedded/common/progress.ts";
import type { Tool } from "../../embedded/cluster/build/tools.ts";

const made: string[] = [];

/** A folder that {@link removeFolders} removes. */
export async function temporaryFolder(): Promise<string> {
    const folder = await mkdtemp(join(tmpdir(), "mcp-platform-build-"));
    made.push(folder);
    return folder;
}

export async function removeFolders(): Promise<void> {
    for (const folder of made.splice(0)) await rm(folder, { recursive: true, force: true });
}

const PROGRAM = `package main

import "os"

func main() { os.Stdout.WriteString("hello\\n") }
`;

/** A Go module of one file. */
export async function fakeTool(folder: string, program: string = PROGRAM): Promise<Tool> {
    const module = join(folder, "module");
    await mkdir(module, { recursive: true });
    await writeFile(join(module, "go.mod"), "module example\n\ngo 1.21\n");
    await writeFile(join(module, "main.go"), program);
    return {
        name: "fake",
        title: "the fake tool",
        module,
        packages: ["."],
        output: "fake",
        cost: { seconds: 5, packages: 50, mebibytes: 1 },
    };
}

export interface RememberedProgress extends Progress {
    readonly steps: string[];
    readonly results: string[];
    readonly logs: string[];
}

export function remember(): RememberedProgress {
    const steps: string[] = [];
    const results: string[] = [];
    const logs: string[] = [];
    const step: Progress["step"] = (label) => {
        steps.push(label);
        return { note() {}, done: (text = "done") => void results.push(text), fail: (text = "failed") => void results.push(text) };
    };
    return { steps, results, logs, step, log: (text) => void logs.push(text) };
}
