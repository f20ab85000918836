/**
 * Performs a task, and dies by SIGKILL at the moment it is told: `node chaos-process.ts '{"folder": …, "dieAt": 7}'`.
 * Prints what is reported, and at the end what it died at, or `done`.
 */
import { writeSync } from "node:fs";
import { messageOf } from "../../../embedded/common/errors.ts";
import { perform, type Task } from "./chaos.ts";

/** What the process is told. */
export interface ChaosTask extends Task {
    /** The number of the moment, or its text; absent to live. */
    readonly dieAt?: number | string;
    /** How long after that moment, so that it is in the middle of something. Milliseconds. */
    readonly dieAfterMs?: number;
    /** Makes each step last. Milliseconds. */
    readonly stepMs?: number;
}

const task = JSON.parse(process.argv[2] ?? "{}") as ChaosTask;
let now = 0;

function die(what: string): void {
    tell(`died ${what}`);
    process.kill(process.pid, "SIGKILL");
}

function tell(line: string): void {
    writeSync(1, `${line}\n`);
}

try {
    await perform(task, tell, async (what) => {
        if (task.stepMs) await new Promise((resolve) => setTimeout(resolve, task.stepMs));
        if (now++ !== task.dieAt && what !== task.dieAt) return;
        if (!task.dieAfterMs) return die(what);
        setTimeout(() => die(`${task.dieAfterMs} ms after: ${what}`), task.dieAfterMs);
    });
    tell("done");
} catch (error) {
    tell(`refused: ${messageOf(error)}`);
}
