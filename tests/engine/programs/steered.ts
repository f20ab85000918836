/** Registers what the setting `test:steer` lists: things with their inputs and options, in components if asked for. */
import * as pulumi from "@pulumi/pulumi";
import { Double, Group, Thing } from "./double.ts";

interface Entry {
    readonly name: string;
    readonly kind?: "thing" | "provider" | "group";
    readonly args?: Record<string, unknown>;
    /** Inputs taken from another's output: input → resource.output. */
    readonly from?: Record<string, string>;
    readonly secret?: readonly string[];
    readonly dependsOn?: readonly string[];
    readonly parent?: string;
    readonly provider?: string;
    readonly providers?: readonly string[];
    readonly deletedWith?: string;
    readonly opts?: Record<string, unknown>;
}

const entries: readonly Entry[] = JSON.parse(new pulumi.Config("test").get("steer") ?? "[]");
const made = new Map<string, pulumi.Resource>();
const get = <T extends pulumi.Resource>(name: string): T => made.get(name) as T;
const outputs: Record<string, unknown> = {};

for (const {
    name,
    kind = "thing",
    args = {},
    from = {},
    secret = [],
    dependsOn,
    parent,
    provider,
    providers,
    deletedWith,
    opts,
} of entries) {
    const inputs: Record<string, unknown> = { ...args };
    for (const [input, source] of Object.entries(from)) {
        const [resource = "", output = ""] = source.split(".");
        inputs[input] = (get<pulumi.Resource>(resource) as unknown as Record<string, unknown>)[output];
    }
    for (const input of secret) inputs[input] = pulumi.secret(inputs[input]);
    const options = {
        ...opts,
        ...(dependsOn && { dependsOn: dependsOn.map((other) => get(other)) }),
        ...(parent && { parent: get(parent) }),
        ...(provider && { provider: get<pulumi.ProviderResource>(provider) }),
        ...(providers && { providers: providers.map((other) => get<pulumi.ProviderResource>(other)) }),
        ...(deletedWith && { deletedWith: get(deletedWith) }),
    };
    if (kind === "provider") made.set(name, new Double(name, inputs, options));
    else if (kind === "group") {
        const group = new Group(name, inputs, options);
        made.set(name, group);
        group.done({ name });
    } else {
        const thing = new Thing(name, inputs, options);
        made.set(name, thing);
        outputs[name] = thing.generated;
    }
}

export default outputs;
