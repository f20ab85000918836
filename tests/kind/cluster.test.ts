/** A cluster's life, with doubles of the container engines and of kind. */
import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { afterEach, describe, expect, test } from "@jest/globals";
import { ensureCluster, removeCluster } from "../../bin/kind/cluster.ts";
import { readMarker, writeMarker } from "../../bin/kind/marker.ts";
import { nodeImageReference } from "../../embedded/kind/index.ts";
import { doubleMachine, type DoubleMachine } from "./support.ts";

const ID = "6f0f3d0e-2b5b-4c1a-9f43-000000000001";
let machine: DoubleMachine | undefined;
afterEach(async () => {
    await machine?.remove();
    machine = undefined;
});

const begin = async (provider: "docker" | "podman" = "docker"): Promise<DoubleMachine> => (machine = await doubleMachine(provider));
const namesOf = async (on: DoubleMachine) => (await on.look()).containers.map(({ name }) => name);

describe.each(["docker", "podman"] as const)("under %s", (provider) => {
    test("a cluster is made with its kubeconfig, its nodes' files and the ranges of its network, and removed without a trace", async () => {
        const on = await begin(provider);
        expect(await ensureCluster(on.plan, ID, await on.work())).toEqual({ cidrs: ["172.18.0.0/16", "fc00::/64"] });
        const { containers, config, kindProviders } = await on.look();
        expect(containers.map(({ name, files }) => [name, files])).toEqual(
            ["test-control-plane", "test-worker"].map((name) => [
                name,
                { "/etc/containerd/certs.d/localhost:5000/hosts.toml": 'server = "http://kind-registry:5000"\n' },
            ]),
        );
        expect(config).toMatchObject({ name: "test", nodes: [{ image: await nodeImageReference() }, { role: "worker" }] });
        expect(existsSync(on.plan.kubeconfig)).toBe(true);
        expect(new Set(kindProviders)).toEqual(new Set([provider]));

        await removeCluster(on.plan, ID, await on.work());
        const after = await on.look();
        expect([after.containers, after.networks, after.volumes]).toEqual([[], {}, {}]);
        expect(existsSync(dirname(dirname(on.plan.kubeconfig)))).toBe(false);
        expect(new Set(after.kindProviders)).toEqual(new Set([provider]));
    });
});

test("a second run makes nothing, and writes the nodes' files again", async () => {
    const on = await begin();
    await ensureCluster(on.plan, ID, await on.work());
    const before = (await on.look()).containers.map(({ id }) => id);
    await on.change((it) => (it.calls = []));
    await ensureCluster(on.plan, ID, await on.work());
    expect((await on.look()).containers.map(({ id }) => id)).toEqual(before);
    expect(new Set(await on.changes())).toEqual(new Set(["exec", "export kubeconfig"]));
});

test("nodes that were stopped are started", async () => {
    const on = await begin();
    await ensureCluster(on.plan, ID, await on.work());
    await on.change((it) => it.containers.forEach((one) => (one.running = false)));
    await ensureCluster(on.plan, ID, await on.work());
    expect((await on.look()).containers.map(({ running }) => running)).toEqual([true, true]);
});

test("what kind left when it failed is removed, and the cluster is made whole", async () => {
    const on = await begin();
    await on.change((it) => (it.kindFails = "failed to create cluster: could not find a log line"));
    await expect(ensureCluster(on.plan, ID, await on.work())).rejects.toThrow(
        /^kind could not make the cluster test: failed to create cluster: could not find a log line: run the update again/,
    );
    expect(await namesOf(on)).toEqual(["test-control-plane"]);
    await on.change((it) => delete it.kindFails);
    await ensureCluster(on.plan, ID, await on.work());
    expect(await namesOf(on)).toEqual(["test-control-plane", "test-worker"]);
    expect((await readMarker(on.plan.kubeconfig))?.nodes).toHaveLength(2);
});

test("a cluster that lost a node is made again", async () => {
    const on = await begin();
    await ensureCluster(on.plan, ID, await on.work());
    await on.change((it) => (it.containers = it.containers.filter(({ name }) => name !== "test-worker")));
    await ensureCluster(on.plan, ID, await on.work());
    expect(await namesOf(on)).toEqual(["test-control-plane", "test-worker"]);
});

test("nodes that kind does not list are an error, and not a cluster without nodes' files", async () => {
    const on = await begin();
    await on.change((it) => (it.kindListsNothing = true));
    await expect(ensureCluster(on.plan, ID, await on.work())).rejects.toThrow(/has 2 of its 2 nodes, and kind lists 0/);
    expect((await readMarker(on.plan.kubeconfig))?.nodes).toBeUndefined();
});

describe("removing", () => {
    test("twice, or before anything was made, is no error", async () => {
        const on = await begin();
        await removeCluster(on.plan, ID, await on.work());
        await ensureCluster(on.plan, ID, await on.work());
        await removeCluster(on.plan, ID, await on.work());
        await removeCluster(on.plan, ID, await on.work());
        expect(await namesOf(on)).toEqual([]);
    });

    test("leaves a network that was there before, and one that others use", async () => {
        const on = await begin();
        await on.change((it) => (it.networks["kind"] = ["172.20.0.0/16"]));
        await ensureCluster(on.plan, ID, await on.work());
        await removeCluster(on.plan, ID, await on.work());
        expect(Object.keys((await on.look()).networks)).toEqual(["kind"]);

        await on.change((it) => (it.networks = {}));
        await ensureCluster(on.plan, ID, await on.work());
        await on.change((it) => it.containers.push({ ...it.containers[0]!, id: "other", name: "other", labels: {} }));
        await removeCluster(on.plan, ID, await on.work());
        expect([await namesOf(on), Object.keys((await on.look()).networks)]).toEqual([["other"], ["kind"]]);
    });

    test("leaves a cluster that was made anew since", async () => {
        const on = await begin();
        await ensureCluster(on.plan, ID, await on.work());
        await removeCluster(on.plan, "the one before", await on.work());
        expect([await namesOf(on), existsSync(on.plan.kubeconfig)]).toEqual([["test-control-plane", "test-worker"], true]);
    });

    test("leaves another cluster that has the name by now", async () => {
        const on = await begin();
        await ensureCluster(on.plan, ID, await on.work());
        await on.change((it) => (it.containers = it.containers.map((one) => ({ ...one, id: `foreign-${one.id}` }))));
        await removeCluster(on.plan, ID, await on.work());
        expect(await namesOf(on)).toEqual(["test-control-plane", "test-worker"]);
    });

    test("leaves files of others in the folder of the kubeconfig", async () => {
        const on = await begin();
        await ensureCluster(on.plan, ID, await on.work());
        const folder = dirname(on.plan.kubeconfig);
        await writeMarker(join(folder, "more", "kubeconfig"), { id: "another", plan: on.plan });
        await removeCluster(on.plan, ID, await on.work());
        expect(await readdir(folder)).toEqual(["more"]);
    });
});
