/** Resources of a package that is served by a plugin: the setting `test:steer` lists them. */
import * as pulumi from "@pulumi/pulumi";

const config = new pulumi.Config("test");

class Outside extends pulumi.CustomResource {
    declare readonly generated: pulumi.Output<string>;
    constructor(name: string, args: Record<string, unknown>, opts: pulumi.CustomResourceOptions) {
        super("outside:index:Thing", name, { generated: undefined, ...args }, opts);
    }
}

class Whole extends pulumi.ComponentResource {
    declare readonly said: pulumi.Output<string>;
    constructor(name: string, args: pulumi.Inputs) {
        super("outside:index:Whole", name, { said: undefined, ...args }, {}, true);
    }
    ask(who: string): pulumi.Output<{ readonly answer: string }> {
        return pulumi.runtime.call("outside:index:Whole/ask", { __self__: this, who }, this);
    }
}

const version = config.get("version") ?? "";
const outputs: Record<string, unknown> = {};
for (const [name, args] of Object.entries(config.getObject<Record<string, Record<string, unknown>>>("steer") ?? {})) {
    const { secret, ...plain } = args;
    outputs[name] = new Outside(name, { ...plain, ...(secret !== undefined && { secret: pulumi.secret(secret) }) }, { version }).generated;
}
if (config.get("kinds")) {
    const source = new Outside("source", { value: 1 }, { version });
    const all = new Outside(
        "all",
        {
            later: source.generated,
            reference: source,
            secret: pulumi.secret({ deep: "hidden away" }),
            asset: new pulumi.asset.StringAsset("contents"),
            list: [1, true, null, { nested: "x" }],
        },
        { version },
    );
    const said = pulumi.runtime.invoke("outside:index:echo", { say: source.generated }, { version });
    Object.assign(outputs, { all: all.generated, said });
}
if (config.get("whole")) {
    const whole = new Whole(config.require("whole"), { value: pulumi.secret("hidden away") });
    Object.assign(outputs, { said: whole.said, answer: whole.ask("you").apply(({ answer }) => answer) });
}
export default outputs;
