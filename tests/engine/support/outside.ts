/**
 * A plugin of the package "outside", served by the SDK as plugins written in TypeScript are. What it is asked goes to the
 * file `OUTSIDE_LOG`, a line each; inputs say how it behaves.
 */
import { appendFileSync } from "node:fs";
import * as pulumi from "@pulumi/pulumi";
import * as provider from "@pulumi/pulumi/provider/index.js";

type Inputs = Record<string, unknown>;

function note(text: string): void {
    appendFileSync(process.env["OUTSIDE_LOG"] ?? "/dev/null", `${text}\n`);
}

function nameOf(urn: string): string {
    return urn.slice(urn.lastIndexOf("::") + 2);
}

appendFileSync(process.env["OUTSIDE_PIDS"] ?? "/dev/null", `${process.pid}\n`);

let cancel = (): void => {};
const canceled = new Promise<void>((resolve) => (cancel = resolve));

async function behave(call: string, urn: string, inputs: Inputs): Promise<void> {
    note(`${call} ${nameOf(urn)} ${JSON.stringify(inputs)}`);
    if (inputs["dieOn"] === call) {
        console.error("the plugin is about to end");
        process.exit(3);
    }
    if (inputs["waitOn"] === call) await canceled;
    if (inputs["failOn"] === call) throw new Error(`${call} was refused outside`);
    if (inputs["partialOn"] === call)
        throw Object.assign(new Error("it came to exist"), {
            id: `${nameOf(urn)}-id`,
            properties: { ...inputs, half: true },
            reasons: ["it is not ready", "it is slow"],
        });
}

class Part extends pulumi.CustomResource {
    declare readonly generated: pulumi.Output<string>;
    constructor(name: string, args: Inputs, opts: pulumi.CustomResourceOptions) {
        super("outside:index:Thing", name, { generated: undefined, ...args }, opts);
    }
}

class Whole extends pulumi.ComponentResource {
    readonly said: pulumi.Output<string>;
    constructor(name: string, { value }: { readonly value?: pulumi.Input<unknown> }, opts: pulumi.ComponentResourceOptions) {
        super("outside:index:Whole", name, {}, opts);
        const part = new Part(`${name}-part`, { value }, { parent: this });
        this.said = pulumi.interpolate`${part.generated} within ${name}`;
        this.registerOutputs({ said: this.said });
    }
}

const outside: provider.Provider = {
    version: "1.2.3",
    async check(_urn, _olds, news: Inputs) {
        return news["invalid"] ? { inputs: news, failures: [{ property: "invalid", reason: "must not be" }] } : { inputs: news };
    },
    async diff(_id, _urn, olds: Inputs, news: Inputs) {
        return {
            changes: olds["value"] !== news["value"] || olds["key"] !== news["key"],
            replaces: olds["key"] === news["key"] ? [] : ["key"],
        };
    },
    async create(urn, inputs: Inputs) {
        await behave("create", urn, inputs);
        return { id: `${nameOf(urn)}-id`, outs: { ...inputs, generated: `generated for ${nameOf(urn)}` } };
    },
    async update(_id, urn, _olds, news: Inputs) {
        await behave("update", urn, news);
        return { outs: { ...news, generated: `generated for ${nameOf(urn)}` } };
    },
    async read(id, urn, props: Inputs) {
        await behave("read", urn, props);
        return { id, props: { ...props, seen: true } };
    },
    async delete(_id, urn, props: Inputs) {
        await behave("delete", urn, props);
    },
    async invoke(token, inputs: Inputs) {
        if (inputs["wrong"]) return { outputs: {}, failures: [{ property: "wrong", reason: "must not be" }] };
        return { outputs: { token, said: inputs["say"] } };
    },
    async construct(name, type, inputs, options) {
        note(`construct ${name} ${type}`);
        if (name === "wrong")
            throw new pulumi.InputPropertiesError({ message: "bad", errors: [{ propertyPath: "value", reason: "is wrong" }] });
        const whole = new Whole(name, inputs, options);
        return { urn: whole.urn, state: { said: whole.said } };
    },
    async call(token, args) {
        return { outputs: { answer: pulumi.interpolate`${token} for ${args["who"]}` } };
    },
    async parameterizeValue(name, version, value) {
        note(`parameterize ${name} ${version} ${value}`);
        return { name: value === "wrong" ? "other" : name, version };
    },
    async cancel() {
        note("cancel");
        cancel();
    },
};

await provider.main(outside, process.argv.slice(2));
