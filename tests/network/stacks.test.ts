/** The policies of every settings file: the program's own, for the pods that it makes, in the words of the table. */
import { readdirSync } from "node:fs";
import { beforeAll, describe, expect, test } from "@jest/globals";
import { namespacesOf } from "../../components/namespaces/namespaces.ts";
import type { ApiServer } from "../../components/network/facts.ts";
import { networkOf } from "../../components/network/flows.ts";
import { projectRoot } from "../../embedded/common/paths.ts";
import { networkFactsOf } from "../../infra/network.ts";
import { labelsOf } from "../../operator/controller/builders/names.ts";
import { reveal, runProgram, stackConfig, type Registered } from "../program/run.ts";
import { settingsOf, topologyFor } from "../stacks/support/stacks.ts";
import { EVERYBODY } from "./census.ts";
import { selects, type Endpoint, type PlacedPolicy } from "./evaluator.ts";
import { disagreements, found, verdictsOf } from "./matrix.ts";
import { meaningOf } from "./meaning.ts";
import { unnoticed } from "./noticing.ts";
import { placed } from "./policies.ts";
import { beside, firstOf } from "./ranges.ts";

const STACKS = readdirSync(projectRoot).flatMap((file) => /^Pulumi\.([\w-]+)\.yaml$/.exec(file)?.[1] ?? []);

/** What kind's nodes are asked for once they are there. */
const KIND: ApiServer = { cidrs: ["172.18.0.0/16"], port: 6443 };

interface Workload {
    readonly metadata: { readonly namespace: string; readonly name: string };
    readonly spec: { readonly template: { readonly metadata: { readonly labels: Record<string, string> } } };
}

const networkPolicies = (resources: readonly Registered[]): PlacedPolicy[] =>
    resources
        .filter(({ type }) => type.endsWith(":NetworkPolicy"))
        .map(({ inputs }) => {
            const { metadata, spec } = reveal(inputs) as { metadata: { name: string; namespace: string }; spec: PlacedPolicy["spec"] };
            return { namespace: metadata.namespace, name: metadata.name, spec };
        });

const byName = (list: readonly PlacedPolicy[]) =>
    list.toSorted((a, b) => `${a.namespace}/${a.name}`.localeCompare(`${b.namespace}/${b.name}`));

/** An address of each range that policies name, and the one beside the range: the census knows none of a stack's own. */
function withRanges(policies: readonly PlacedPolicy[]): Map<string, Endpoint> {
    const everybody = new Map(EVERYBODY);
    const blocks = policies.flatMap(({ spec }) =>
        [...(spec.ingress ?? []).flatMap(({ from = [] }) => from), ...(spec.egress ?? []).flatMap(({ to = [] }) => to)].flatMap(
            ({ ipBlock }) => (ipBlock && !ipBlock.cidr.endsWith("/0") ? [ipBlock.cidr] : []),
        ),
    );
    for (const cidr of new Set(blocks))
        for (const range of [cidr, beside(cidr)]) everybody.set(`first of ${range}`, { ip: firstOf(range) });
    return everybody;
}

describe.each(STACKS)("%s", (stack) => {
    let resources: readonly Registered[];
    let policies: PlacedPolicy[];
    let meant: { facts: ReturnType<typeof networkFactsOf>; apiServer: ApiServer };

    beforeAll(async () => {
        const settings = await settingsOf(stack);
        const topology = topologyFor(settings);
        meant = { facts: networkFactsOf(settings, topology), apiServer: topology.apiServer ?? KIND };
        ({ resources } = await runProgram(await stackConfig(stack)));
        policies = placed(meant.facts, meant.apiServer);
    });

    test("the program makes the table's policies, in the table's namespaces", () => {
        // Nothing was run that could know where the API server of a cluster is that is made on the way.
        const known = meant.apiServer === KIND ? placed(meant.facts, { cidrs: [], port: KIND.port }) : policies;
        expect(byName(networkPolicies(resources))).toEqual(byName(known));
    });

    test("every pod that it makes has one role, and the policy of that role", () => {
        const workloads = resources.filter(({ type }) => /:(Deployment|StatefulSet|DaemonSet|Job)$/.test(type));
        expect(workloads.length).toBeGreaterThan(2);
        for (const { inputs, name } of workloads) {
            const { metadata, spec } = reveal(inputs) as Workload;
            const { labels } = spec.template.metadata;
            const selecting = policies.filter(
                (policy) => policy.namespace === metadata.namespace && selects(policy.spec.podSelector, labels),
            );
            expect([name, selecting.map((policy) => policy.name)]).toEqual([name, ["default-deny", expect.stringMatching(/^allow-/)]]);
        }
        const labels = labelsOf({ metadata: { name: "files" } } as Parameters<typeof labelsOf>[0]);
        const selecting = policies.filter(({ namespace, spec }) => namespace === "mcp-servers" && selects(spec.podSelector, labels));
        expect(selecting.map(({ name }) => name)).toEqual(["default-deny", "allow-servers"]);
    });

    test("its policies say what its table says", () => {
        const namespaces = Object.values(namespacesOf(meant.facts.features));
        const everybody = withRanges(policies);
        const table = verdictsOf(meaningOf(networkOf(meant.facts), meant.apiServer, namespaces), namespaces, everybody);
        expect(disagreements(table, found(policies, namespaces, everybody))).toEqual([]);
    });

    test("every change of every policy is noticed", () => {
        expect(unnoticed(policies, withRanges(policies))).toEqual([]);
    });
});

test("an allowlist is for the pods that the operator makes for its server, and no others", () => {
    const egress = [{ cidr: "203.0.113.0/24", ports: [443] }];
    const policies = placed(
        { features: [], ingress: { namespace: "x", labels: { a: "b" } }, servers: { files: { egress }, other: {} } },
        KIND,
    );
    const selecting = (name: string) =>
        policies
            .filter(({ namespace, spec }) => {
                const labels = labelsOf({ metadata: { name } } as Parameters<typeof labelsOf>[0]);
                return namespace === "mcp-servers" && selects(spec.podSelector, labels);
            })
            .map((policy) => policy.name);
    expect([selecting("files"), selecting("other")]).toEqual([
        ["default-deny", "allow-servers", "allow-server-files"],
        ["default-deny", "allow-servers"],
    ]);
});
