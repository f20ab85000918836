/** The code that `import` writes for the program. */
import { expect, test } from "@jest/globals";
import { codeFor } from "../../embedded/engine/commands/import-code.ts";
import { Secret } from "../../embedded/engine/values.ts";
import { resource, snapshot, STACK, urn } from "./support.ts";

const stack = resource("pulumi:pulumi:Stack", "trial-dev", { custom: false });

test("declares what the state has, secrets as settings", () => {
    const map = resource("kubernetes:core/v1:ConfigMap", "my-map", {
        parent: STACK,
        protect: true,
        inputs: { metadata: { name: "x", labels: { "a/b": "c" } }, data: { list: "1" }, finalizers: [], args: ["a"], __defaults: [] },
    });
    const password = resource("random:index/randomPassword:RandomPassword", "pw", {
        parent: urn("kubernetes:core/v1:ConfigMap", "my-map"),
        inputs: { length: 8, keepers: new Secret({ a: "geheim" }) },
    });
    expect(codeFor([map, password], snapshot(stack, map, password))).toBe(`import * as pulumi from "@pulumi/pulumi";
import * as kubernetes from "@pulumi/kubernetes";
import * as random from "@pulumi/random";

const config = new pulumi.Config();

const myMap = new kubernetes.core.v1.ConfigMap("my-map", {
    metadata: {
        name: "x",
        labels: {
            "a/b": "c",
        },
    },
    data: {
        list: "1",
    },
    finalizers: [],
    args: [
        "a",
    ],
}, {
    protect: true,
});

const pw = new random.RandomPassword("pw", {
    length: 8,
    keepers: config.requireSecret("pw-keepers"),
}, {
    parent: myMap,
});
`);
});

test.each([
    ["kubernetes:networking.k8s.io/v1:Ingress", "kubernetes.networking.v1.Ingress"],
    ["kubernetes:example.com/v1:Thing", "kubernetes.apiextensions.CustomResource"],
    ["command:local:Command", "command.local.Command"],
    ["tls:index/privateKey:PrivateKey", "tls.PrivateKey"],
    ["aws:ec2/vpc:Vpc", "aws.ec2.Vpc"],
])("%s is %s", (type, name) => {
    const state = resource(type, "a", { parent: STACK });
    expect(codeFor([state], snapshot(stack, state))).toContain(`const a = new ${name}("a", {});`);
});

test("gives two resources of one name variables of their own", () => {
    const [a, b] = [resource("random:index/randomId:RandomId", "random"), resource("random:index/randomPet:RandomPet", "random")];
    const code = codeFor([a, b], snapshot(a, b));
    expect([...code.matchAll(/^const (\w+) =/gm)].map(([, name]) => name)).toEqual(["random2", "random3"]);
});
