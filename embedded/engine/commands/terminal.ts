/** What a command reads from and writes to. Standard output is what was asked for; remarks go to standard error. */
import { writeSync } from "node:fs";
import { createInterface } from "node:readline/promises";
import { Writable } from "node:stream";
import { UserError } from "../../common/errors.ts";
import { colorPaint, plainPaint, wantsColor, type Paint } from "../display/colors.ts";
import type { Screen } from "../display/options.ts";
import type { Options } from "./options.ts";

export interface Terminal {
    readonly screen: Screen;
    readonly paint: Paint;
    /** Somebody sits there and may be asked. */
    readonly interactive: boolean;
    /** The output may be redrawn in place. */
    readonly live: boolean;
    /** A remark, on standard error. */
    say(text: string): void;
}

export function openTerminal(options: Options): Terminal {
    const { stdout, stdin } = process;
    const interactive = Boolean(stdout.isTTY && stdin.isTTY) && !options["non-interactive"] && !process.env["CI"];
    return {
        interactive,
        live: Boolean(stdout.isTTY) && !options["non-interactive"] && !process.env["CI"] && process.env["TERM"] !== "dumb",
        paint: wantsColor(options.color, stdout) ? colorPaint : plainPaint,
        say: (text) => writeAll(2, `${text}\n`),
        screen: {
            write: (text) => writeAll(1, text),
            get columns() {
                return stdout.columns || 120;
            },
            get rows() {
                return stdout.rows || 24;
            },
        },
    };
}

/** Written before the call returns, so that a process that ends has said everything; a full pipe is waited for. */
function writeAll(fd: 1 | 2, text: string): void {
    let rest = Buffer.from(text);
    while (rest.length) {
        try {
            rest = rest.subarray(writeSync(fd, rest));
        } catch (error) {
            const { code } = error as NodeJS.ErrnoException;
            if (code === "EPIPE") return; // nobody reads any more, which is their choice
            if (code !== "EAGAIN") throw error;
            Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
        }
    }
}

/** Asks for a text. @param hidden whether it must not be seen while it is typed @throws UserError when the user interrupts */
export async function askText(question: string, hidden: boolean): Promise<string> {
    const output = hidden ? new Writable({ write: (_chunk, _encoding, done) => done() }) : process.stdout;
    const reader = createInterface({ input: process.stdin, output, terminal: true });
    process.stdout.write(`${question}: `);
    try {
        return await reader.question("");
    } catch {
        // Ctrl-C, or the end of the input.
        throw new UserError("Interrupted: nothing was changed.");
    } finally {
        reader.close();
        if (hidden) process.stdout.write("\n");
    }
}

/** Asks until one of the answers, or the beginning of one, is given; the end of the input is the last answer. */
export async function ask<T extends string>(question: string, answers: readonly T[], signal: AbortSignal): Promise<T | undefined> {
    const reader = createInterface({ input: process.stdin, output: process.stdout });
    const ended = new Promise<undefined>((resolve) => reader.once("close", () => resolve(undefined)));
    try {
        for (;;) {
            const text = await Promise.race([reader.question(`${question} [${answers.join("/")}] `, { signal }), ended]);
            if (text === undefined) break;
            const answer = text.trim().toLowerCase();
            const found = answer && answers.find((a) => a.startsWith(answer));
            if (found) return found;
        }
    } catch {
        // interrupted
    } finally {
        reader.close();
    }
    process.stdout.write("\n");
    return undefined;
}
