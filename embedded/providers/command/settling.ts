export interface Patience {
    /** Without any output for so long after the end, the rest is not waited for. */
    readonly idleMs: number;
    readonly longestMs: number;
    /** More than this cannot have been on its way when the command ended. */
    readonly mostBytes: number;
}

/**
 * Waits for the end of a command and of its output. A process that it leaves behind may hold the output open for ever:
 * after the command itself has ended, only what was on its way is waited for.
 */
export class Settling {
    readonly #patience: Patience;
    readonly #settled = Promise.withResolvers<"closed" | "held">();
    #idle: NodeJS.Timeout | undefined;
    #longest: NodeJS.Timeout | undefined;
    #bytes = 0;
    #exited = false;
    #over = false;

    constructor(patience: Patience) {
        this.#patience = patience;
    }

    /** Bytes arrived. */
    saw(bytes: number): void {
        if (!this.#exited) return;
        this.#bytes += bytes;
        if (this.#bytes > this.#patience.mostBytes) this.#settled.resolve("held");
        else this.#idle?.refresh();
    }

    /** The command has ended; its output may not have. */
    exited(): void {
        if (this.#over) return;
        this.#exited = true;
        this.#idle = setTimeout(() => this.#settled.resolve("held"), this.#patience.idleMs);
        this.#longest = setTimeout(() => this.#settled.resolve("held"), this.#patience.longestMs);
    }

    /** All output has ended. */
    closed(): void {
        this.#settled.resolve("closed");
    }

    /** How it ended: with all its output, with output that something still holds open, or cut by the signal. */
    async settled(signal: AbortSignal): Promise<"closed" | "held" | "cut"> {
        const cut = Promise.withResolvers<"cut">();
        const onAbort = () => cut.resolve("cut");
        if (signal.aborted) onAbort();
        signal.addEventListener("abort", onAbort, { once: true });
        try {
            return await Promise.race([this.#settled.promise, cut.promise]);
        } finally {
            this.#over = true;
            clearTimeout(this.#idle);
            clearTimeout(this.#longest);
            signal.removeEventListener("abort", onAbort);
        }
    }
}
