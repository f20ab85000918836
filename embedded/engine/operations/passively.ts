import type { Deployment } from "../deployment/deployment.ts";
import { endPassive } from "../deployment/passive.ts";
import { hostProgram } from "../host/session.ts";

/** Does the work of an operation while the program serves its hooks, after its providers got their settings of today. */
export async function passively(deployment: Deployment, work: () => Promise<void>): Promise<void> {
    deployment.passive = true;
    await hostProgram(deployment, async () => {
        if (deployment.canceled || deployment.reporter.failed) return;
        endPassive(deployment);
        await work();
    });
}
