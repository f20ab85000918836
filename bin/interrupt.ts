/** Ctrl-C for commands of several parts: the first asks the running part to come to a clean end, the second ends at once. */

/** A signal to the whole process group arrives twice when a parent passes it on, too: within this time it is one. */
const ONE_PRESS_MS = 200;

/**
 * Aborted by the first SIGINT, SIGTERM or SIGHUP. Call `release` when another part listens to the signals itself.
 * @param command what resumes the work
 */
export function onInterrupt(command = "npm start"): { readonly signal: AbortSignal; readonly release: () => void } {
    const controller = new AbortController();
    const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
    let last = 0;
    const handler = (): void => {
        const again = Date.now() - last > ONE_PRESS_MS;
        last = Date.now();
        if (controller.signal.aborted) {
            if (again) process.exit(130);
            return;
        }
        console.error(`\nStopping after what is being done; press Ctrl-C again to stop at once. ${command} resumes.`);
        controller.abort();
    };
    for (const name of signals) process.on(name, handler);
    return { signal: controller.signal, release: () => signals.forEach((name) => process.off(name, handler)) };
}
