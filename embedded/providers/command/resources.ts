import type { CheckFailure } from "@pulumi/pulumi/provider/index.js";
import type { OldState, OperationContext } from "../../engine/provider.ts";
import { Unknown, type PropertyMap } from "../../engine/values.ts";
import { newId, textOf } from "./lifecycle.ts";
import { localFailures, runLocal } from "./local/command.ts";
import type { Remote } from "./remote/index.ts";
import { watched } from "./watch.ts";

/** What the provider does for resources of one type. Inputs are part of the outputs; here it is only about the others. */
export interface ResourceType {
    failures(inputs: PropertyMap): CheckFailure[] | Promise<CheckFailure[]>;
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
function copies(remote: () => Promise<Remote>): ResourceType {
    const copy = async (inputs: PropertyMap, context: OperationContext): Promise<PropertyMap> => {
        const { copy: copyTo } = await remote();
        await watched(context, (watch) => copyTo(inputs, context.folder ?? ".", watch));
        return {};
    };
    return {
        failures: async (inputs) => (await remote()).copyFailures(inputs),
        newId: () => newId(""),
        unknown: () => ({}),
        create: copy,
        update: async (olds, news, context) => ((await remote()).mustCopyAgain(olds.inputs, news) ? await copy(news, context) : {}),
        delete: async () => {},
    };
}

export interface Resources {
    /** The resource types by token. */
    readonly types: Readonly<Record<string, ResourceType>>;
    close(): Promise<void>;
}

/** What is about other hosts is loaded when it is first asked for: a program without pays nothing for it. */
export function openResources(): Resources {
    let loaded: Promise<Remote> | undefined;
    const remote = (): Promise<Remote> => (loaded ??= import("./remote/index.ts").then(({ openRemote }) => openRemote()));
    return {
        types: {
            "command:local:Command": commands(localFailures, runLocal),
            "command:remote:Command": commands(
                async (inputs) => (await remote()).commandFailures(inputs),
                async (...run) => await (await remote()).runCommand(...run),
            ),
            "command:remote:CopyToRemote": copies(remote),
        },
        close: async () => (await loaded)?.close(),
    };
}
