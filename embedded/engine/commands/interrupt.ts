/** Ctrl-C: once ends what is running, twice ends this process. The state is whole at any time. */
import { EXIT } from "./exit-codes.ts";

export interface Interrupt {
    readonly signal: AbortSignal;
    release(): void;
}

/** @param say told what a second press will do */
export function catchInterrupts(say: (text: string) => void): Interrupt {
    const controller = new AbortController();
    const stop = (): void => {
        if (controller.signal.aborted) {
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
