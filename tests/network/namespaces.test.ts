import { expect, test } from "@jest/globals";
import * as command from "@pulumi/command";
import type * as pulumi from "@pulumi/pulumi";
import { createNamespaces } from "../../components/namespaces/namespaces.ts";
import type { ApiServer, Feature } from "../../components/network/facts.ts";
import { networkOf } from "../../components/network/flows.ts";
import { reveal, runProgram, type Registered } from "../program/run.ts";
import { SCENARIOS } from "./expectation.ts";

const { facts, apiServer } = SCENARIOS.FULL;

/** As it is before the cluster is made: a preview knows nothing of what a command will print. */
const unknown = () => new command.local.Command("cluster", { create: "true" }).stdout.apply(() => apiServer);

/** What namespaces with some features register. */
async function made(
    mode: "words" | "preview",
    { features = facts.features, where = () => apiServer }: { features?: readonly Feature[]; where?: () => pulumi.Input<ApiServer> } = {},
): Promise<Registered[]> {
    const { resources } = await runProgram({}, mode, () => {
        createNamespaces(features, networkOf({ ...facts, features }), where());
        return {};
    });
    return resources.filter(({ type }) => type.startsWith("kubernetes:"));
}

const namespaceOf = ({ inputs }: Registered) => (reveal(inputs) as { metadata: { name: string; labels: Record<string, string> } }).metadata;
const isNamespace = ({ type }: Registered) => type.endsWith(":Namespace");

const names = (list: readonly Registered[]) => list.map(({ name, type }) => `${type} ${name}`).toSorted();
/** What is known of the policies. */
const specs = (list: readonly Registered[]) =>
    list.flatMap(({ type, inputs }) => (type.endsWith(":NetworkPolicy") ? [(reveal(inputs) as { spec?: unknown }).spec] : []));

test("the API server's address changes no name, so that a preview knows every policy before there is a cluster", async () => {
    const before = await made("preview", { where: unknown });
    expect(names(before)).toEqual(names(await made("words")));
    expect(new Set(specs(before)).size).toBe(1);
    expect(new Set(specs(await made("preview")).map((spec) => JSON.stringify(spec))).size).toBeGreaterThan(10);
});

test("each namespace is under the restricted Pod Security Standard", async () => {
    const namespaces = (await made("words")).filter(isNamespace).map(namespaceOf);
    expect(namespaces.map(({ name }) => name).toSorted()).toEqual(SCENARIOS.FULL.namespaces.toSorted());
    for (const { labels } of namespaces)
        expect(["enforce", "audit", "warn"].map((use) => labels[`pod-security.kubernetes.io/${use}`])).toEqual(
            Array.from({ length: 3 }, () => "restricted"),
        );
});

test.each<[Feature[], string[]]>([
    [[], []],
    [["registry"], ["registry"]],
    [["registry", "registryRoute"], ["registry"]],
    [["edge"], ["traefik"]],
    [["certManager"], ["cert-manager"]],
    [["challenges"], []],
    [["mesh"], ["mcp-mesh"]],
])("with %j there are %j beside the two that are always there", async (features, namespaces) => {
    const all = (await made("words", { features })).filter(isNamespace).map((one) => namespaceOf(one).name);
    expect(all.toSorted()).toEqual(["mcp-runtime", "mcp-servers", ...namespaces].toSorted());
});
