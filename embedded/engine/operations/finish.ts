/** How every operation ends. */
import { messageOf } from "../../common/errors.ts";
import type { Deployment } from "../deployment/deployment.ts";
import type { OperationResult } from "../run.ts";
import { STACK_TYPE } from "../urn.ts";

/** Runs the operation's work on a deployment, sees to it that the state is stored, and says how it went. */
export async function conduct(deployment: Deployment, work: () => Promise<void>): Promise<OperationResult> {
    const { reporter, journal, run } = deployment;
    const cancel = (): void => reporter.emit({ type: "cancel" });
    run.signal.addEventListener("abort", cancel, { once: true });
    try {
        reporter.emit({ type: "prelude", config: shownConfig(deployment) });
        await work();
        await journal.flush();
    } catch (error) {
        reporter.diagnostic("error", messageOf(error));
    } finally {
        run.signal.removeEventListener("abort", cancel);
        await deployment.registry.close();
    }
    reporter.summary();
    const snapshot = journal.snapshot();
    const stack =
        [...deployment.news.values()].find(({ state }) => state.type === STACK_TYPE)?.state ??
        snapshot.resources.find(({ type }) => type === STACK_TYPE);
    return { snapshot, changes: reporter.changes, failed: reporter.failed, canceled: deployment.canceled, outputs: stack?.outputs ?? {} };
}

function shownConfig({ run }: Deployment): Record<string, string> {
    return Object.fromEntries(
        Object.entries(run.config).map(([key, value]) => [key, run.configSecretKeys.includes(key) ? "[secret]" : value]),
    );
}
