/** Progress for everything a user waits for longer than two seconds: a live line on a terminal, plain lines elsewhere. */
import { writeSync } from "node:fs";

export interface Step {
    /** Says what is being done right now; replaces the earlier note. */
    note(text: string): void;
    /** Ends the step as done; `text` says what came out of it. */
    done(text?: string): void;
    /** Ends the step as failed. */
    fail(text?: string): void;
}

export interface Progress {
    /**
     * Begins a step.
     * @param label what is being done or awaited, in a few words
     * @param usualSeconds how long it usually takes, shown beside the time gone by
     */
    step(label: string, usualSeconds?: number): Step;
    /** Prints a line of its own above the running steps. */
    log(text: string): void;
}

/** Progress that shows nothing. */
export const silent: Progress = {
    step: () => ({ note() {}, done() {}, fail() {} }),
    log() {},
};

/** Runs `work` as a step, which ends as done or failed with it. */
export async function during<T>(
    progress: Progress,
    label: string,
    usualSeconds: number | undefined,
    work: (step: Step) => Promise<T>,
): Promise<T> {
    const step = progress.step(label, usualSeconds);
    try {
        const result = await work(step);
        step.done();
        return result;
    } catch (error) {
        step.fail();
        throw error;
    }
}

interface Running {
    readonly label: string;
    readonly usual: number | undefined;
    readonly begun: number;
    note: string;
    said: number;
}

const FRAMES = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];
/** Without a terminal a step that goes on is mentioned again after this many milliseconds. */
const REMIND_MS = 15_000;

export function useColor(stream: typeof process.stderr = process.stderr): boolean {
    if (process.env["NO_COLOR"]) return false;
    if (process.env["FORCE_COLOR"] && process.env["FORCE_COLOR"] !== "0") return true;
    return Boolean(stream.isTTY);
}

/** Progress on standard error. */
export function consoleProgress(stream: typeof process.stderr = process.stderr): Progress {
    const live = Boolean(stream.isTTY) && process.env["CI"] === undefined;
    const color = useColor(stream);
    const paint = (code: number, text: string): string => (color ? `\u001b[${code}m${text}\u001b[0m` : text);
    const running = new Set<Running>();
    let drawn = 0;
    let timer: NodeJS.Timeout | undefined;
    let frame = 0;

    const write = (text: string): void => {
        try {
            writeSync(stream.fd, text);
        } catch {
            stream.write(text); // a full pipe answers EAGAIN
        }
    };
    const erase = (): void => {
        if (drawn) write(`\u001b[${drawn}A\u001b[0J`);
        drawn = 0;
    };
    const describe = (r: Running): string => {
        const gone = Math.round((Date.now() - r.begun) / 1000);
        const usual = r.usual ? ` of usually ${r.usual} s` : " s";
        return `${r.label}${r.note ? `: ${r.note}` : ""} ${paint(2, `(${gone}${usual})`)}`;
    };
    const draw = (): void => {
        erase();
        frame++;
        const width = (stream.columns || 80) - 1;
        const lines = [...running].map((r) => `${paint(36, FRAMES[frame % FRAMES.length] ?? "")} ${describe(r)}`.slice(0, width + 20));
        if (lines.length) write(lines.join("\n") + "\n");
        drawn = lines.length;
    };
    const tick = (): void => {
        if (live) return draw();
        for (const r of running) {
            if (Date.now() - r.said < REMIND_MS) continue;
            r.said = Date.now();
            write(`  … ${describe(r)}\n`);
        }
    };
    const line = (text: string): void => {
        if (live) erase();
        write(text + "\n");
        if (live) draw();
    };
    const start = (): void => {
        timer ??= setInterval(tick, live ? 100 : 1000);
        timer.unref();
    };
    return {
        log: line,
        step(label, usual) {
            const r: Running = { label, usual, begun: Date.now(), note: "", said: Date.now() };
            running.add(r);
            if (!live && (usual ?? 0) > 2) line(`  ${label} … (usually ${usual} s)`);
            start();
            const end = (symbol: string, text?: string): void => {
                if (!running.delete(r)) return;
                const seconds = (Date.now() - r.begun) / 1000;
                line(`${symbol} ${label}${text ? `: ${text}` : ""} ${paint(2, `${seconds.toFixed(1)} s`)}`);
                if (!running.size && timer) {
                    clearInterval(timer);
                    timer = undefined;
                }
            };
            return {
                note: (text) => {
                    r.note = text;
                },
                done: (text) => end(paint(32, "✔"), text),
                fail: (text) => end(paint(31, "✘"), text),
            };
        },
    };
}
