/** Ctrl-C for commands of several parts: the first asks the running part to come to a clean end, the second ends at once. */

/** Aborted by the first SIGINT, SIGTERM or SIGHUP. Call `release` when another part listens to the signals itself. */
export function onInterrupt(): { readonly signal: AbortSignal; readonly release: () => void } {
    const controller = new AbortController();
    const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
    const handler = (): void => {
        if (controller.signal.aborted) process.exit(130);
        console.error("\nStopping after what is being done; press Ctrl-C again to stop at once. npm start resumes.");
        controller.abort();
    };
    for (const name of signals) process.on(name, handler);
    return { signal: controller.signal, release: () => signals.forEach((name) => process.off(name, handler)) };
}
