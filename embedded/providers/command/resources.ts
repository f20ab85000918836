import type { CheckFailure } from "@pulumi/pulumi/provider/index.js";
import type { OldState, OperationContext } from "../../engine/provider.ts";
import { Unknown, type PropertyMap } from "../../engine/values.ts";
import { newId, textOf } from "./lifecycle.ts";
import { localFailures, runLocal } from "./local/command.ts";
import { remoteFailures, runRemote } from "./remote/command.ts";
import { copyFailures, copyToRemote, mustCopyAgain } from "./remote/copy.ts";
import type { Pool } from "./remote/pool.ts";
import { watched } from "./watch.ts";

/** What the provider does for resources of one type. Inputs are part of the outputs; here it is only about the others. */
export interface ResourceType {
    failures(inputs: PropertyMap): CheckFailure[];
    newId(name: string): string;
    /** The outputs that a run has yet to decide. */
    unknown(inputs: PropertyMap): PropertyMap;
    create(inputs: PropertyMap, context: OperationContext): Promise<PropertyMap>;
    update(olds: OldState, news: PropertyMap, context: OperationContext): Promise<PropertyMap>;
    delete(olds: OldState, context: OperationContext): Promise<void>;
}

type Runner = (script: string, inputs: PropertyMap, previous: PropertyMap | undefined, context: OperationContext) => Promise<PropertyMap>;

/** Without what is null, which is the same as absent. */
export function given(inputs: PropertyMap): PropertyMap {
    return Object.fromEntries(Object.entries(inputs).filter(([, value]) => value !== null));
}

const OUTPUTS = ["stdout", "stderr", "assets", "archive"];

/** What stays when there is nothing to run. */
function kept(outputs: PropertyMap): PropertyMap {
    const still = Object.entries(outputs).filter(([name]) => OUTPUTS.includes(name));
    return { stdout: "", stderr: "", ...Object.fromEntries(still) };
}

function commands(failures: ResourceType["failures"], run: Runner): ResourceType {
    return {
        failures,
        newId,
        unknown: (inputs) => ({
            stdout: Unknown.instance,
            stderr: Unknown.instance,
            ...(inputs["assetPaths"] ? { assets: Unknown.instance } : {}),
            ...(inputs["archivePaths"] ? { archive: Unknown.instance } : {}),
        }),
        create: async (inputs, context) => {
            const script = textOf(inputs["create"]);
            return script === undefined ? kept({}) : await run(script, inputs, undefined, context);
        },
        update: async (olds, news, context) => {
            const script = textOf(news["update"]) ?? textOf(news["create"]);
            return script === undefined ? kept(olds.outputs) : await run(script, news, olds.outputs, context);
        },
        delete: async (olds, context) => {
            const script = textOf(olds.inputs["delete"]);
            if (script !== undefined) await run(script, olds.inputs, olds.outputs, context);
        },
    };
}

/** Files stay where they were copied to when the resource is deleted. */
function copies(pool: Pool): ResourceType {
    const copy = async (inputs: PropertyMap, context: OperationContext): Promise<PropertyMap> => {
        await watched(context, (watch) => copyToRemote(pool, inputs, context.folder ?? ".", watch));
        return {};
    };
    return {
        failures: copyFailures,
        newId: () => newId(""),
        unknown: () => ({}),
        create: copy,
        update: async (olds, news, context) => (mustCopyAgain(olds.inputs, news) ? await copy(news, context) : {}),
        delete: async () => {},
    };
}

/** The resource types by token. */
export function resourceTypes(pool: Pool): Readonly<Record<string, ResourceType>> {
    return {
        "command:local:Command": commands(localFailures, runLocal),
        "command:remote:Command": commands(remoteFailures, (...args) => runRemote(pool, ...args)),
        "command:remote:CopyToRemote": copies(pool),
    };
}
