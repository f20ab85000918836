import type { OperationContext } from "../../engine/provider.ts";

/** What a running command and the work around it look at and speak to. */
export interface Watch {
    /** Aborted by an interrupt or at the time limit; its reason is the sentence that says which. */
    readonly signal: AbortSignal;
    readonly status: (text: string) => void;
    readonly log: (severity: "info" | "warning", text: string) => void;
}

/** Runs work that ends at an interrupt or at the resource's `customTimeouts`, whichever is first. */
export async function watched<T>(context: OperationContext, work: (watch: Watch) => Promise<T>): Promise<T> {
    const cut = new AbortController();
    const interrupted = () => cut.abort("interrupted");
    if (context.signal.aborted) interrupted();
    context.signal.addEventListener("abort", interrupted, { once: true });
    const limit = context.timeoutSeconds;
    const timer = limit === undefined ? undefined : setTimeout(() => cut.abort(`not ended after ${limit} s`), limit * 1000);
    try {
        return await work({
            signal: cut.signal,
            status: (text) => context.status(text),
            log: (severity, text) => context.log(severity, text),
        });
    } finally {
        clearTimeout(timer);
        context.signal.removeEventListener("abort", interrupted);
    }
}

/** The sentence with which a signal of {@link watched} was aborted. */
export function reasonOf(signal: AbortSignal): string {
    return String(signal.reason);
}

/** Settles with the work, or rejects as soon as the signal is aborted; the work itself goes on. */
export async function unlessCut<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
    if (signal.aborted) throw new Error(reasonOf(signal));
    const { promise: cut, reject } = Promise.withResolvers<never>();
    const onAbort = () => reject(new Error(reasonOf(signal)));
    signal.addEventListener("abort", onAbort, { once: true });
    try {
        return await Promise.race([work, cut]);
    } finally {
        signal.removeEventListener("abort", onAbort);
    }
}
