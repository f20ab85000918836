/** `command:remote:Command`: a command of another host, over SSH. */
import type { CheckFailure } from "@pulumi/pulumi/provider/index.js";
import type { OperationContext } from "../../../engine/provider.ts";
import type { PropertyMap } from "../../../engine/values.ts";
import { SCRIPTS, scriptInputFailures, type PropertyTable } from "../inputs.ts";
import { runScript } from "../lifecycle.ts";
import { connectionFailures, connectionOf, secretsOf } from "./connection.ts";
import type { Pool } from "./pool.ts";
import { remoteRun } from "./run.ts";

const COMMAND: PropertyTable = { ...SCRIPTS, connection: "map" };

/** What is wrong with the inputs, all at once. */
export function remoteFailures(inputs: PropertyMap): CheckFailure[] {
    return [...scriptInputFailures(inputs, COMMAND), ...connectionFailures(inputs)];
}

/** Runs a script on the host of the inputs' connection and returns what it printed. */
export async function runRemote(
    pool: Pool,
    script: string,
    inputs: PropertyMap,
    previous: PropertyMap | undefined,
    context: OperationContext,
): Promise<PropertyMap> {
    const connection = connectionOf(inputs);
    return await runScript(script, inputs, previous, context, remoteRun(pool, connection), secretsOf(connection));
}
