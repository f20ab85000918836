/**
 * Resources with hooks that print what they are told, `name moment {…}`. The setting `test:mode` says what differs from
 * the first update.
 */
/* oxlint-disable no-new -- registering a resource is what its constructor is for */
import * as pulumi from "@pulumi/pulumi";
import { Group, Thing } from "./double.ts";

const mode = new pulumi.Config("test").get("mode") ?? "";
const value = mode === "changed" ? "changed" : "first";

function shown(map: Record<string, unknown> | undefined): unknown {
    if (!map) return "-";
    const entries = Object.entries(map).map(([key, item]) => `${key}=${pulumi.Output.isInstance(item) ? "(output)" : String(item)}`);
    return entries.toSorted().join(" ");
}

function says(moment: string, options?: pulumi.ResourceHookOptions): pulumi.ResourceHook {
    return new pulumi.ResourceHook(
        moment,
        ({ name, id, newInputs, oldInputs, newOutputs, oldOutputs }) => {
            const seen = [newInputs, oldInputs, newOutputs, oldOutputs].map(shown).join(" | ");
            console.log(`${moment} ${name} ${id ? "(id)" : "(no id)"}: ${seen}`);
        },
        options,
    );
}

const hooks = {
    beforeCreate: [says("beforeCreate")],
    afterCreate: [says("afterCreate")],
    beforeUpdate: [says("beforeUpdate", { onDryRun: true })],
    afterUpdate: [says("afterUpdate")],
    beforeDelete: [says("beforeDelete")],
    afterDelete: [says("afterDelete")],
};
const fails = new pulumi.ResourceHook("fails", () => Promise.reject(new Error("this hook cannot")));
const warns = new pulumi.ResourceHook("warns", () => Promise.reject(new Error("this hook may not")), { ignoreErrors: true });

if (mode !== "without") {
    new Thing("a", { value, hidden: pulumi.secret("very quiet") }, { hooks });
    new Thing("replaced", { key: value }, { hooks: { beforeCreate: hooks.beforeCreate, afterDelete: hooks.afterDelete } });
    const group = new Group("group", { value }, { hooks });
    new Thing("inside", {}, { parent: group });
    group.done({ value, done: true });
}
if (mode === "fails") {
    const before = new Thing("before", {}, { hooks: { beforeCreate: [fails] } });
    new Thing("behind before", { value: before.generated });
    const after = new Thing("after", {}, { hooks: { afterCreate: [fails] } });
    new Thing("behind after", { value: after.generated });
    const warned = new Thing("warned", {}, { hooks: { beforeCreate: [warns], afterCreate: [warns] } });
    new Thing("behind warned", { value: warned.generated });
    const component = new Group("component", {}, { hooks: { beforeCreate: [fails] } });
    new Thing("in component", {}, { parent: component });
}
if (mode.startsWith("tries")) {
    const again = new pulumi.ErrorHook("again", ({ failedOperation, errors, name }) => {
        console.log(`${name}: ${failedOperation} failed: ${errors.join(", ")}`);
        return errors.length < 3;
    });
    const always = new pulumi.ErrorHook("always", () => true);
    const broken = new pulumi.ErrorHook("broken", () => Promise.reject(new Error("this error hook cannot")));
    new Thing("twice refused", { refusals: 2 }, { hooks: { onError: [again] } });
    new Thing("refused", { refusals: 9 }, { hooks: { onError: [again] } });
    new Thing("half made", { refusals: 2, half: true }, { hooks: { onError: [again] } });
    new Thing("hopeless", { refusals: 1000 }, { hooks: { onError: [always] } });
    new Thing("badly helped", { refusals: 9 }, { hooks: { onError: [broken] } });
}
