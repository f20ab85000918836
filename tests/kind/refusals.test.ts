/** Everything that is refused before anything is made, with doubles of the container engines and of kind. */
import { createServer } from "node:net";
import { once } from "node:events";
import { afterEach, describe, expect, test } from "@jest/globals";
import { OWNER, takenPort } from "../../bin/kind/checks.ts";
import { ensureCluster } from "../../bin/kind/cluster.ts";
import { readMarker } from "../../bin/kind/marker.ts";
import { ensureRegistry } from "../../bin/kind/registry.ts";
import { doubleMachine, type DoubleMachine, type Machine } from "./support.ts";

const ID = "6f0f3d0e-2b5b-4c1a-9f43-000000000001";
let machine: DoubleMachine | undefined;
const servers = new Set<ReturnType<typeof createServer>>();
afterEach(async () => {
    for (const server of servers) server.close();
    servers.clear();
    await machine?.remove();
    machine = undefined;
});

const foreign = (name: string, labels: Record<string, string> = {}) => ({
    id: `foreign-${name}`,
    name,
    running: true,
    labels,
    network: "bridge",
    files: {},
});

const refused: readonly (readonly [what: string, change: (it: Machine) => void, message: RegExp])[] = [
    [
        "a kind cluster of that name which the stack did not make",
        (it) => it.containers.push(foreign("test-control-plane", { "io.x-k8s.kind.cluster": "test" })),
        /^mcp-platform:topology\.name is test, but docker has a kind cluster of that name which this stack did not make \(test-control-plane\): give another name, or remove that cluster with KIND_EXPERIMENTAL_PROVIDER=docker kind delete cluster --name test\./,
    ],
    [
        "a container of the registry's name",
        (it) => it.containers.push(foreign("kind-registry")),
        /^docker has a container kind-registry which this stack did not make, .* docker rm -f kind-registry .*bundled-http/,
    ],
    [
        "the registry's container of another stack",
        (it) => it.containers.push(foreign("kind-registry", { [OWNER]: "another" })),
        /^docker has a container kind-registry which this stack did not make/,
    ],
    [
        "a volume of the registry's name",
        (it) => (it.volumes["kind-registry-data"] = {}),
        /^docker has a volume kind-registry-data which this stack did not make, .* docker volume rm kind-registry-data/,
    ],
    [
        "an engine that does not answer",
        (it) => (it.daemonDown = true),
        /^mcp-platform:topology\.provider is docker, which does not answer \(.*Is the docker daemon running\?\): start Docker/,
    ],
];

describe("refuses, and changes nothing", () => {
    test.each(refused)("%s", async (_what, change, message) => {
        const on = (machine = await doubleMachine("docker"));
        await on.change(change);
        const before = await on.look();
        await expect(ensureCluster(on.plan, ID, await on.work())).rejects.toThrow(message);
        const after = await on.look();
        expect(await on.changes()).toEqual([]);
        expect([after.containers, after.volumes, after.networks]).toEqual([before.containers, before.volumes, before.networks]);
        expect(await readMarker(on.plan.kubeconfig)).toBeUndefined();
    });

    test("an engine that is not there", async () => {
        const on = (machine = await doubleMachine("podman", ["kind"]));
        await expect(ensureCluster(on.plan, ID, await on.work())).rejects.toThrow(
            /^mcp-platform:topology\.provider is podman, but there is no program podman on PATH: install podman .*, or choose docker\.$/,
        );
    });

    test("a cluster of ours whose nodes were replaced by others", async () => {
        const on = (machine = await doubleMachine("docker"));
        await ensureCluster(on.plan, ID, await on.work());
        await on.change((it) => (it.containers = it.containers.map((one) => ({ ...one, id: `foreign-${one.id}` }))));
        await expect(ensureCluster(on.plan, ID, await on.work())).rejects.toThrow(/which this stack did not make/);
    });

    test("ports that something listens on, all at once, with the settings that choose them", async () => {
        const on = (machine = await doubleMachine("docker"));
        const [http, https] = on.plan.ports.map(({ host }) => host);
        const taken = [http, https, on.plan.registry?.port];
        for (const port of taken) {
            const server = createServer().listen(port, "127.0.0.1");
            servers.add(server);
            await once(server, "listening");
        }
        const error = await ensureCluster(on.plan, ID, await on.work()).catch((thrown: Error) => thrown.message);
        expect(String(error).split("\n")).toEqual(
            ["topology.gatewayPort", "topology.gatewayTlsPort", "registry.port"].map((setting, i) =>
                expect.stringContaining(
                    `mcp-platform:${setting} is ${taken[i]}, but 127.0.0.1:${taken[i]} is not free, something listens there already: end it, or give another port.`,
                ),
            ),
        );
        expect(await on.changes()).toEqual([]);
    });

    test("a node image that is not there while there is no way to a registry", async () => {
        const on = (machine = await doubleMachine("docker"));
        await on.change((it) => (it.offline = true));
        const plan = { ...on.plan, nodeImage: "kindest/node:v1.30.0" };
        await expect(ensureCluster(plan, ID, await on.work())).rejects.toThrow(
            /^mcp-platform:topology\.nodeImage is kindest\/node:v1\.30\.0, which docker does not have and could not pull \(.*no such host\): without a way to a registry, make one here with npm run images -- kind-node --provider docker, and give docker\.io\/kindest\/node:v/,
        );
        expect((await on.look()).containers).toEqual([]);
    });
});

test("a failed pull of kind's own node image names the command that makes one", async () => {
    const on = (machine = await doubleMachine("docker"));
    await on.change((it) => {
        it.images = [];
        it.kindFails = 'failed to create cluster: failed to pull image "kindest/node:v1.36.1@sha256:0": command "docker pull" failed';
    });
    await expect(ensureCluster(on.plan, ID, await on.work())).rejects.toThrow(/npm run images -- kind-node --provider docker\.$/);
    expect((await on.look()).config).toBeUndefined();
});

test("a taken port 5000 is known to be AirPlay's on macOS, others are not", () => {
    expect(takenPort({ port: 5000, setting: "registry.port" }, "EADDRINUSE")).toMatch(
        /^mcp-platform:registry\.port is 5000, .* On macOS it is AirPlay's/,
    );
    expect(takenPort({ port: 8080, setting: "topology.gatewayPort" }, "EACCES")).toMatch(
        /nothing can listen there \(EACCES\): end it, or give another port\.$/,
    );
});

test("the registry's program refuses what is not its own as well", async () => {
    const on = (machine = await doubleMachine("docker"));
    await on.change((it) => it.containers.push(foreign("kind-registry")));
    await expect(ensureRegistry({ ...on.plan.registry!, madeHere: false }, ID, await on.work())).rejects.toThrow(/did not make/);
    expect(await on.changes()).toEqual([]);
});
