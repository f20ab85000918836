/** Ctrl-C in a process of its own: once for a clean end, twice for an end at once, and a doubled signal counts once. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { expect, test } from "@jest/globals";
import { projectRoot } from "../../embedded/common/paths.ts";

const PROGRAM = `
import { onInterrupt } from ${JSON.stringify(join(projectRoot, "bin/interrupt.ts"))};
const { signal } = onInterrupt();
signal.addEventListener("abort", () => setTimeout(() => process.exit(7), 1000));
setInterval(() => {}, 1000);
console.log("ready");
`;

/** The exit code after signals with pauses (milliseconds) before each. */
async function codeAfter(...signals: readonly (readonly [pause: number, name: NodeJS.Signals])[]): Promise<number | null> {
    const child = spawn(process.execPath, ["--input-type=module", "--eval", PROGRAM], { stdio: ["ignore", "pipe", "ignore"] });
    const ended = once(child, "exit") as Promise<[number | null]>;
    await once(child.stdout, "data");
    for (const [pause, name] of signals) {
        await delay(pause);
        child.kill(name);
    }
    return (await ended)[0];
}

test("the first Ctrl-C lets the running part come to its end", async () => {
    expect(await codeAfter([0, "SIGINT"])).toBe(7);
});

test("a signal that a parent passes on as well counts once", async () => {
    expect(await codeAfter([0, "SIGTERM"], [20, "SIGTERM"])).toBe(7);
});

test("the second Ctrl-C ends at once", async () => {
    expect(await codeAfter([0, "SIGINT"], [400, "SIGINT"])).toBe(130);
});
