import type { InvokeResult } from "@pulumi/pulumi/provider/index.js";
import { UserError } from "../../../common/errors.ts";
import type { OperationContext } from "../../../engine/provider.ts";
import type { PropertyMap } from "../../../engine/values.ts";
import { runFailures, runLocal } from "./command.ts";

/** Where no resource is there to speak for, and none to interrupt. */
const ALONE: OperationContext = {
    preview: false,
    signal: new AbortController().signal,
    status: () => {},
    log: () => {},
};

/** The functions of the provider: `command:local:run`, which runs in every preview and update. */
export async function invokeRun(token: string, args: PropertyMap, context: OperationContext = ALONE): Promise<InvokeResult> {
    if (token !== "command:local:run")
        throw new UserError(`the function ${token} is not supported by the embedded engine; the command provider has command:local:run`);
    const failures = runFailures(args);
    if (failures.length) return { outputs: undefined, failures };
    const { command } = args;
    return { outputs: { ...args, ...(await runLocal(String(command), args, undefined, context)) } };
}
