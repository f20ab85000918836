/** Resources of a package that is served by a plugin: the setting `test:steer` lists them. */
import * as pulumi from "@pulumi/pulumi";
import proto from "@pulumi/pulumi/proto/resource_pb.js";

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

/** Classes of a package that the plugin serves when it is told a parameter. */
class Inner extends pulumi.CustomResource {
    declare readonly generated: pulumi.Output<string>;
    constructor(name: string, ref: Promise<string>, opts: pulumi.CustomResourceOptions = {}) {
        super("within:index:Thing", name, { generated: undefined, value: name }, opts, false, ref);
    }
}

class Within extends pulumi.ProviderResource {
    constructor(name: string, ref: Promise<string>) {
        super("within", name, { region: "here" }, {}, false, ref);
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
const parameter = config.get("parameter");
if (parameter) {
    const request = new proto.RegisterPackageRequest();
    request.setName("outside");
    request.setVersion("1.2.3");
    const parameterization = new proto.Parameterization();
    parameterization.setName("within");
    parameterization.setVersion("7.0.0");
    parameterization.setValue(Buffer.from(parameter));
    request.setParameterization(parameterization);
    const ref = new Promise<string>((resolve, reject) => {
        pulumi.runtime
            .getMonitor()
            ?.registerPackage(request, (error: Error | null, response: { getRef(): string }) =>
                error ? reject(error) : resolve(response.getRef()),
            );
    });
    const provider = new Within("own", ref);
    outputs["plain"] = new Inner("plain", ref).generated;
    outputs["owned"] = new Inner("owned", ref, { provider }).generated;
}
export default outputs;
