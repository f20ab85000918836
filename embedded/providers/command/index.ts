/**
 * The command provider: commands of this machine (`local/`) and of others over SSH (`remote/`), and files copied there.
 * A changed trigger replaces a resource, any other change updates it. Nothing runs in a preview, and nothing is read back.
 */
import { UserError } from "../../common/errors.ts";
import type { ResourceProvider } from "../../engine/provider.ts";
import { changedPaths, detailedDiff, rootOf } from "../shared/diff.ts";
import { nameOf, typeOf } from "../shared/urn.ts";
import { invokeRun } from "./local/invoke.ts";
import { given, openResources, type ResourceType } from "./resources.ts";

const replaces = (property: string) => property === "triggers";

/** The provider of `@pulumi/command`. Its SSH connections live until `close`. */
export function commandProvider(): ResourceProvider {
    const { types, close } = openResources();
    const lookUp = (urn: string): ResourceType => {
        const token = typeOf(urn);
        const type = types[token];
        if (type) return type;
        const known = `the command provider has ${Object.keys(types).join(", ")}`;
        if (token === "command:remote:CopyFile")
            throw new UserError(`${token} is deprecated and not supported by the embedded engine: use command:remote:CopyToRemote`);
        throw new UserError(`${token} is not supported by the embedded engine; ${known}`);
    };
    return {
        name: "command",
        version: "1.2.1",
        checkConfig: async (_urn, _olds, news) => ({ inputs: news }),
        diffConfig: async () => ({ changes: false, replaces: [] }),
        configure: async () => {},
        check: async (urn, _olds, news) => ({ inputs: news, failures: await lookUp(urn).failures(news) }),
        diff: async (_id, urn, olds, news, ignored) => {
            lookUp(urn);
            // What is inside an asset is no property of its own.
            const paths = [...changedPaths(olds.inputs, news, ignored)];
            const changes = new Map(
                paths.map(([path, change]) => (rootOf(path) === "source" ? ["source", "update" as const] : [path, change])),
            );
            return {
                changes: changes.size > 0,
                replaces: [...new Set([...changes.keys()].map(rootOf).filter(replaces))],
                detailedDiff: detailedDiff(changes, replaces),
            };
        },
        create: async (urn, inputs, context) => {
            const type = lookUp(urn);
            if (context.preview) return { id: "", outs: { ...given(inputs), ...type.unknown(inputs) } };
            const outs = { ...given(inputs), ...(await type.create(inputs, context)) };
            return { id: type.newId(nameOf(urn)), outs };
        },
        update: async (_id, urn, olds, news, _ignored, context) => {
            const type = lookUp(urn);
            if (context.preview) return { outs: { ...given(news), ...type.unknown(news) } };
            return { outs: { ...given(news), ...(await type.update(olds, news, context)) } };
        },
        read: async (id, urn, olds) => {
            if (!olds) throw new UserError(`${typeOf(urn)} "${id}" cannot be imported: a command leaves nothing to read back`);
            return { id, inputs: olds.inputs, props: olds.outputs };
        },
        delete: async (_id, urn, olds, context) => await lookUp(urn).delete(olds, context),
        invoke: invokeRun,
        close,
    };
}
