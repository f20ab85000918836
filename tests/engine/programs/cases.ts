/** Small programs, one of which runs: the setting `test:case` names it. */
/* oxlint-disable no-new -- registering a resource is what its constructor is for */
import { readFileSync } from "node:fs";
import * as pulumi from "@pulumi/pulumi";
import { Double, Group, Thing } from "./double.ts";

const config = new pulumi.Config("test");

const cases: Record<string, () => unknown> = {
    prints() {
        console.log("to standard output");
        console.error("to standard error");
        pulumi.log.warn("a warning", new Thing("a"));
    },
    throws() {
        new Thing("a");
        throw new Error("the program's own mistake");
    },
    rejects() {
        new Thing("a", { value: Promise.reject(new Error("a promise that failed")) });
    },
    exits() {
        new Thing("a");
        process.exit(0);
    },
    "exits with 3"() {
        process.exit(3);
    },
    "is killed during a step"() {
        new Thing("slow", { delayMs: 1500 });
        setTimeout(() => process.kill(process.pid, "SIGKILL"), 300);
    },
    settings() {
        return {
            plain: config.require("plain"),
            hidden: config.requireSecret("hidden"),
            exposed: readFileSync("/proc/self/environ", "utf8").includes(config.require("hidden")),
            project: pulumi.getProject(),
            stack: pulumi.getStack(),
            organization: pulumi.getOrganization(),
        };
    },
    remote() {
        new pulumi.ComponentResource("double:index:Remote", "a", {}, {}, true);
    },
    "a stack reference"() {
        return { other: new pulumi.StackReference("organization/test/other").getOutput("x") };
    },
    "a required version"() {
        return pulumi.requirePulumiVersion(">=3.0.0");
    },
    "values of every kind"() {
        const provider = new Double("p");
        const group = new Group("g");
        const source = new Thing("source", { value: "s" }, { provider });
        const thing = new Thing(
            "t",
            {
                value: {
                    text: "x",
                    list: [1, true, null, ["nested"]],
                    secret: pulumi.secret({ deep: "hidden away" }),
                    reference: source,
                    component: group,
                    output: source.generated,
                    asset: new pulumi.asset.StringAsset("contents"),
                },
            },
            { provider },
        );
        group.done({ source });
        return { value: thing.value, source };
    },
    async functions() {
        const plain = await pulumi.runtime.invoke("double:index:echo", { say: "hello" });
        const thing = new Thing("a", { value: 1 });
        return { plain, later: pulumi.output(pulumi.runtime.invoke("double:index:echo", { say: thing.generated })) };
    },
    reads() {
        const id = config.require("id");
        const read = Thing.get("seen", id);
        return { generated: read.generated };
    },
    "reads what is not known"() {
        const made = new Thing("made", { value: 1 });
        return { generated: Thing.get("seen", made.id).generated };
    },
    recovers() {
        const broken = new Thing("broken", { failOn: "create" });
        new Thing("fine", { value: pulumi.recover(broken.generated, () => "instead") });
    },
};

const run = cases[config.require("case")];
if (!run) throw new Error(`no such case: ${config.require("case")}`);
export default (await run()) ?? {};
