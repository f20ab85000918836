/** Options as the SDK sends them: inherited ones, those of components, and values that are outputs. */
/* oxlint-disable no-new -- registering a resource is what its constructor is for */
import * as pulumi from "@pulumi/pulumi";
import { Group, Thing } from "./double.ts";

/** A component whose children come later than its constructor ends. */
class Slow extends pulumi.ComponentResource {
    constructor(name: string, opts?: pulumi.ComponentResourceOptions) {
        super("test:group:Slow", name, {}, opts);
    }
    protected override async initialize(): Promise<object> {
        await new Promise((resolve) => setTimeout(resolve, 50));
        new Thing("late", { delayMs: 100 }, { parent: this });
        return {};
    }
}

const outer = new Group("outer", {}, { protect: true, retainOnDelete: true });
const inner = new Group("inner", {}, { parent: outer });
const leaf = new Thing("leaf", { delayMs: 50 }, { parent: inner });
new Thing("below-leaf", {}, { parent: leaf });
const slow = new Slow("slow");

new Thing("after-outer", {}, { dependsOn: outer });
new Thing("after-slow", {}, { dependsOn: [slow] });
new Thing("later", {}, { dependsOn: pulumi.output([outer, slow]) });
new Thing("ward", {}, { deletedWith: outer, replaceWith: [leaf, inner] });

const source = new Thing("source", { value: "v1" });
new Thing("triggered", {}, { replacementTrigger: source.generated });
new Thing("secretly", {}, { replacementTrigger: pulumi.secret({ version: 1 }) });
new Thing("patient", {}, { customTimeouts: { read: "1m30s" } });
