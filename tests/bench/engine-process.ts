/**
 * A command of the embedded engine in a process of its own, measured from inside: `node engine-process.ts up --yes …`
 * with a pipe as descriptor 3, on which a {@link Measured} is written as JSON when the command is done.
 */
import { writeSync } from "node:fs";
import { main } from "../../embedded/engine/cli.ts";
import { StepsFile } from "../../embedded/engine/state/steps-file.ts";
import { Backend } from "../../embedded/engine/state/backend.ts";

export interface Measured {
    /** What the process held at most. Bytes. */
    readonly peak: number;
    /** How often the state was stored, how much was written then, and how long that took. Bytes, milliseconds. */
    readonly writes: number;
    readonly written: number;
    readonly writingMs: number;
    readonly cpuMs: number;
}

const REPORT = 3;

const stored = { writes: 0, written: 0, writingMs: 0 };
const { write } = Backend.prototype;
Backend.prototype.write = async function (reference, text) {
    const begun = performance.now();
    await write.call(this, reference, text);
    stored.writes++;
    stored.written += Buffer.byteLength(text);
    stored.writingMs += performance.now() - begun;
};

const { add } = StepsFile.prototype;
StepsFile.prototype.add = async function (resources, pending) {
    const [begun, size] = [performance.now(), this.size];
    await add.call(this, resources, pending);
    stored.writes++;
    stored.written += this.size - size;
    stored.writingMs += performance.now() - begun;
};

process.exitCode = await main(process.argv.slice(2));
const { maxRSS, userCPUTime, systemCPUTime } = process.resourceUsage();
const measured: Measured = { peak: maxRSS * 1024, ...stored, cpuMs: (userCPUTime + systemCPUTime) / 1000 };
writeSync(REPORT, JSON.stringify(measured));
