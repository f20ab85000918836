/** Commands of other hosts and copies to them, over SSH connections that are shared until the end of the run. */
import type { CheckFailure } from "@pulumi/pulumi/provider/index.js";
import type { OperationContext } from "../../../engine/provider.ts";
import type { PropertyMap } from "../../../engine/values.ts";
import type { Watch } from "../watch.ts";
import { remoteFailures, runRemote } from "./command.ts";
import { copyFailures, copyToRemote, mustCopyAgain } from "./copy.ts";
import { Pool } from "./pool.ts";

export interface Remote {
    commandFailures(inputs: PropertyMap): CheckFailure[];
    runCommand(script: string, inputs: PropertyMap, previous: PropertyMap | undefined, context: OperationContext): Promise<PropertyMap>;
    copyFailures(inputs: PropertyMap): CheckFailure[];
    copy(inputs: PropertyMap, folder: string, watch: Watch): Promise<void>;
    mustCopyAgain(old: PropertyMap, fresh: PropertyMap): boolean;
    /** Ends all connections. */
    close(): void;
}

export function openRemote(): Remote {
    const pool = new Pool();
    return {
        commandFailures: remoteFailures,
        runCommand: async (...run) => await runRemote(pool, ...run),
        copyFailures,
        copy: async (...copy) => await copyToRemote(pool, ...copy),
        mustCopyAgain,
        close: () => pool.close(),
    };
}
