/** Programs that are interrupted while the engine waits for one of their functions: the setting `test:case` names it. */
/* oxlint-disable no-new -- registering a resource is what its constructor is for */
import { setTimeout as delay } from "node:timers/promises";
import * as pulumi from "@pulumi/pulumi";
import { Thing } from "./double.ts";

function says(name: string, work: () => Promise<void>): pulumi.ResourceHook {
    return new pulumi.ResourceHook(name, async () => {
        console.log(`${name} runs`);
        await work();
        console.log(`${name} ends`);
    });
}

const cases: Record<string, () => void> = {
    transform() {
        const never = new Promise<undefined>(() => setTimeout(() => {}, 600_000));
        new Thing("a", {}, { transforms: [() => (console.log("transform runs"), never)] });
    },
    beforeCreate() {
        new Thing("a", {}, { hooks: { beforeCreate: [says("beforeCreate", () => delay(300))] } });
    },
    afterCreate() {
        new Thing("a", {}, { hooks: { afterCreate: [says("afterCreate", () => delay(1_500))] } });
    },
};
cases[new pulumi.Config("test").require("case")]?.();
