/** Ctrl-C: once ends what is running, twice ends this process. The state is whole at any time. */
import { EXIT } from "./exit-codes.ts";

export interface Interrupt {
    readonly signal: AbortSignal;
    release(): void;
}

/** A signal to the whole process group arrives twice when a parent passes it on, too: within this time it is one. */
const ONE_PRESS_MS = 200;

/** @param say told what a second press will do */
export function catchInterrupts(say: (text: string) => void): Interrupt {
    const controller = new AbortController();
    let last = 0;
    const stop = (): void => {
        const again = Date.now() - last > ONE_PRESS_MS;
        last = Date.now();
        if (controller.signal.aborted) {
            if (!again) return;
            say("Ended at once. The state is whole; what was running may have happened or not, the next command looks.");
            process.exit(EXIT.interrupted);
        }
        controller.abort();
    };
    process.on("SIGINT", stop);
    process.on("SIGTERM", stop);
    return {
        signal: controller.signal,
        release() {
            process.off("SIGINT", stop);
            process.off("SIGTERM", stop);
        },
    };
}
