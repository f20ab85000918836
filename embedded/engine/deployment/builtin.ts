/** The provider of the package `pulumi`, which the engine is itself: outputs of other stacks, and values kept in the state. */
import { randomUUID } from "node:crypto";
import { UserError } from "../../common/errors.ts";
import { equal } from "../compare.ts";
import type { ResourceProvider } from "../provider.ts";
import type { EngineRun } from "../run.ts";
import { containsSecret } from "../secretness.ts";
import { parseUrn } from "../urn.ts";
import type { PropertyMap, PropertyValue } from "../values.ts";

const STACK_REFERENCE = "pulumi:pulumi:StackReference";
/** A value that stays as it was when it was first given. */
const STASH = "pulumi:index:Stash";

/** The outputs of another stack, as a stack reference has them; secret ones stay secret and are named. */
async function referenced(run: EngineRun, name: PropertyValue | undefined): Promise<PropertyMap> {
    if (typeof name !== "string") throw new UserError('A stack reference needs the "name" of a stack: ORGANIZATION/PROJECT/STACK.');
    if (!run.stackOutputs) throw new UserError(`The outputs of the stack ${name} cannot be read in this run: it knows no other stacks.`);
    const outputs = await run.stackOutputs(name);
    const secretOutputNames = Object.keys(outputs)
        .filter((key) => containsSecret(outputs[key] ?? null))
        .toSorted();
    return { name, outputs, secretOutputNames };
}

function refuseOther(urn: string): void {
    const { type } = parseUrn(urn);
    if (type !== STASH)
        throw new UserError(`The embedded engine has no resource of the type ${type}. Remove it, or use the official engine.`);
}

export function builtinProvider(run: EngineRun): ResourceProvider {
    return {
        name: "pulumi",
        version: "",
        checkConfig: async (_urn, _olds, inputs) => ({ inputs }),
        diffConfig: async () => ({ changes: false }),
        configure: async () => {},
        async check(urn, _olds, inputs) {
            refuseOther(urn);
            const failures = Object.keys(inputs)
                .filter((key) => key !== "input")
                .map((property) => ({ property, reason: "is not an input of it" }));
            if (!("input" in inputs)) failures.push({ property: "input", reason: "is required" });
            return { inputs, failures };
        },
        diff: async (_id, _urn, olds, news) => ({ changes: !equal(olds.inputs["input"], news["input"]) }),
        async create(urn, inputs, { preview }) {
            refuseOther(urn);
            return { id: preview ? "" : randomUUID(), outs: { input: inputs["input"], output: inputs["input"] } };
        },
        update: async (_id, _urn, olds, news) => ({ outs: { input: news["input"], output: olds.outputs["output"] } }),
        async read(id, urn, olds) {
            if (parseUrn(urn).type === STACK_REFERENCE)
                return { id, inputs: olds?.inputs, props: await referenced(run, olds?.inputs["name"]) };
            refuseOther(urn);
            if (!olds) throw new UserError("values that are kept in the state cannot be imported.");
            return { id, inputs: olds.inputs, props: olds.outputs };
        },
        delete: async () => {},
        async invoke(token, args) {
            if (token !== "pulumi:pulumi:readStackOutputs")
                throw new UserError(`The function ${token} is not supported by the embedded engine. Use the official engine.`);
            return { outputs: await referenced(run, (args as PropertyMap)["name"]) };
        },
        close: async () => {},
    };
}
