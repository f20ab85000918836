/** Resources whose inputs and options are changed by functions of the program, each in a way of its own. */
/* oxlint-disable no-new -- registering a resource is what its constructor is for */
import * as pulumi from "@pulumi/pulumi";
import { Double, Group, Thing } from "./double.ts";

const mode = new pulumi.Config("test").get("mode");

/** Notes on each resource that has a trail who was there. */
function marked(who: string): pulumi.ResourceTransform {
    return ({ props, opts }) =>
        Array.isArray(props["trail"]) ? { props: { ...props, trail: [...props["trail"], who] }, opts } : undefined;
}

function options(change: Record<string, unknown>): pulumi.CustomResourceOptions {
    return { transforms: [({ props, opts }) => ({ props, opts: { ...opts, ...change } })] };
}

pulumi.runtime.registerResourceTransform(marked("stack"));
pulumi.runtime.registerInvokeTransform(({ token, args, opts }) => ({ args: { ...args, say: `${token} ${String(args["say"])}` }, opts }));

const grandparent = new Group("grandparent", {}, { transforms: [marked("grandparent")] });
const parent = new Group("parent", {}, { parent: grandparent, transforms: [marked("parent")] });
new Thing("child", { trail: [] }, { parent, transforms: [marked("own"), marked("own again")] });
new Thing("bystander", { trail: [] });

const source = new Thing("source", { value: "from source" });
const keeps: pulumi.ResourceTransform = ({ props, opts }) => ({ props: { ...props, added: "by the transform" }, opts });
const given = {
    secret: pulumi.secret({ deep: "hidden away" }),
    inner: { list: [1, null, pulumi.secret("hidden too")] },
    later: source.generated,
    both: pulumi.secret(source.generated),
    asset: new pulumi.asset.StringAsset("contents"),
    reference: source,
};
new Thing("untouched", given, { transforms: [() => undefined] });
new Group("referring", { reference: source }, { transforms: [() => undefined] });
new Thing("kept", given, { transforms: [keeps, keeps] });
new Thing(
    "applied",
    { value: source.generated, secret: pulumi.secret("quiet"), nested: { inner: source.generated } },
    {
        transforms: [
            ({ props, opts }) => ({
                props: {
                    value: pulumi.output(props["value"]).apply((text) => `${String(text)}!`),
                    secret: pulumi.output(props["secret"]).apply((text) => `very ${String(text)}`),
                    nested: pulumi.output(props["nested"]).apply(({ inner }) => `${String(inner)}, nested`),
                },
                opts,
            }),
        ],
    },
);
new Thing("late", {}, { transforms: [async ({ opts }) => ({ props: { value: await Promise.resolve(1), from: source.generated }, opts })] });

new Thing("protected", {}, options({ protect: true }));
new Thing("retained", {}, options({ retainOnDelete: true }));
new Thing("dependent", {}, options({ dependsOn: [source] }));
new Thing("timed", {}, options({ customTimeouts: { create: "5m" } }));
new Thing("quiet", { value: "x" }, options({ additionalSecretOutputs: ["copy"] }));
new Thing("with", {}, options({ deletedWith: source }));
new Thing("elsewhere", {}, options({ provider: new Double("other", { region: "there" }) }));
new Thing("hiding", { value: 1 }, { hideDiffs: ["value"], ...options({}) });
new Thing("ignoring", { value: mode === "again" ? 2 : 1 }, options({ ignoreChanges: ["value"] }));
new Thing("replacing", { value: mode === "again" ? 2 : 1, deleteFirst: true }, options({ replaceOnChanges: ["value"] }));
if (mode === "again") new Thing("new name", {}, options({ aliases: [{ name: "old name" }] }));
else new Thing("old name");

if (mode === "fails") {
    const broken = new Thing("broken", {}, { transforms: [() => Promise.reject(new Error("this transform cannot"))] });
    new Thing("behind", { value: broken.generated });
}

export default { said: pulumi.runtime.invoke("double:index:echo", { say: "hello" }) };
