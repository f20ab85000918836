/** The command provider: `@pulumi/command`'s local commands. Remote ones are refused by name. */
import { UserError } from "../../common/errors.ts";
import type { OperationContext, ResourceProvider } from "../../engine/provider.ts";
import { Unknown, type PropertyMap } from "../../engine/values.ts";
import { changedPaths, detailedDiff, rootOf } from "../shared/diff.ts";
import { nameOf, typeOf } from "../shared/urn.ts";
import { commandFailures, newId, runLifecycle } from "./local.ts";

const LOCAL = "command:local:Command";

function onlyLocal(urn: string): void {
    if (typeOf(urn) !== LOCAL)
        throw new UserError(`${typeOf(urn)} is not supported by the embedded engine; the command provider has ${LOCAL}`);
}

const replaces = (property: string) => property === "triggers";

const given = (inputs: PropertyMap): PropertyMap => Object.fromEntries(Object.entries(inputs).filter(([, value]) => value !== null));

const script = (inputs: PropertyMap, name: string) => (typeof inputs[name] === "string" ? inputs[name] : undefined);

async function outputsOf(command: string | undefined, inputs: PropertyMap, previous: PropertyMap | undefined, context: OperationContext) {
    if (context.preview) return { ...given(inputs), stdout: Unknown.instance, stderr: Unknown.instance };
    return { ...given(inputs), ...(await runLifecycle(command, inputs, previous, context)) };
}

/**
 * The provider of `@pulumi/command`. A changed trigger replaces the resource, any other change runs `update`, or
 * `create` where there is none. Nothing runs in a preview, and nothing can be read back.
 */
export function commandProvider(): ResourceProvider {
    return {
        name: "command",
        version: "1.2.1",
        checkConfig: async (_urn, _olds, news) => ({ inputs: news }),
        diffConfig: async () => ({ changes: false, replaces: [] }),
        configure: async () => {},
        check: async (urn, _olds, news) => {
            onlyLocal(urn);
            return { inputs: news, failures: commandFailures(news) };
        },
        diff: async (_id, urn, olds, news, ignored) => {
            onlyLocal(urn);
            const changes = changedPaths(olds.inputs, news, ignored);
            return {
                changes: changes.size > 0,
                replaces: [...new Set([...changes.keys()].map(rootOf).filter(replaces))],
                detailedDiff: detailedDiff(changes, replaces),
            };
        },
        create: async (urn, inputs, context) => {
            onlyLocal(urn);
            const outs = await outputsOf(script(inputs, "create"), inputs, undefined, context);
            return { id: context.preview ? "" : newId(nameOf(urn)), outs };
        },
        update: async (_id, urn, olds, news, _ignored, context) => {
            onlyLocal(urn);
            return { outs: await outputsOf(script(news, "update") ?? script(news, "create"), news, olds.outputs, context) };
        },
        read: async (id, _urn, olds) => {
            if (!olds) throw new UserError(`${LOCAL} "${id}" cannot be imported: a command leaves nothing to read back`);
            return { id, inputs: olds.inputs, props: olds.outputs };
        },
        delete: async (_id, urn, olds, context) => {
            onlyLocal(urn);
            const command = script(olds.inputs, "delete");
            if (command !== undefined) await runLifecycle(command, olds.inputs, olds.outputs, context);
        },
        invoke: async (token) => {
            throw new UserError(`the function ${token} is not supported by the embedded engine`);
        },
        close: async () => {},
    };
}
