/** The registry beside the nodes, with doubles of the container engines. */
import { afterEach, describe, expect, test } from "@jest/globals";
import { ensureRegistry, removeRegistry } from "../../bin/kind/registry.ts";
import { doubleMachine, type DoubleMachine } from "./support.ts";

const ID = "6f0f3d0e-2b5b-4c1a-9f43-000000000001";
let machine: DoubleMachine | undefined;
afterEach(async () => {
    await machine?.remove();
    machine = undefined;
});

async function begin(provider: "docker" | "podman" = "docker") {
    const on = (machine = await doubleMachine(provider));
    await on.change((it) => (it.networks["kind"] = ["172.18.0.0/16"]));
    return { on, registry: on.plan.registry!, work: await on.work() };
}

describe.each(["docker", "podman"] as const)("under %s", (provider) => {
    test("it is made on the nodes' network with a volume of its own, for this machine alone, and removed with its images", async () => {
        const { on, registry, work } = await begin(provider);
        await ensureRegistry(registry, ID, work);
        const { calls, volumes, containers } = await on.look();
        const [run] = calls.filter(([, verb]) => verb === "run");
        expect(run?.[0]).toBe(provider);
        expect(run).toEqual(
            expect.arrayContaining([
                "--network=kind",
                `--publish=127.0.0.1:${registry.port}:5000`,
                "--volume=kind-registry-data:/var/lib/registry",
                "--cap-drop=ALL",
                "--read-only",
            ]),
        );
        expect(containers.map(({ name }) => name)).toEqual(["kind-registry"]);
        expect(volumes).toEqual({ "kind-registry-data": { "mcp-platform.kind-cluster": ID } });

        await removeRegistry(registry, ID, work);
        await removeRegistry(registry, ID, work);
        const after = await on.look();
        expect([after.containers, after.volumes]).toEqual([[], {}]);
    });
});

test("a second run leaves it as it is, and starts it when it was stopped", async () => {
    const { on, registry, work } = await begin();
    await ensureRegistry(registry, ID, work);
    const [before] = (await on.look()).containers;
    await on.change((it) => (it.containers[0]!.running = false));
    await ensureRegistry(registry, ID, work);
    expect((await on.look()).containers).toEqual([before]);
});

test("on another network it is made again, and keeps its images", async () => {
    const { on, registry, work } = await begin();
    await ensureRegistry(registry, ID, work);
    const [before] = (await on.look()).containers;
    await on.change((it) => (it.containers = it.containers.map((one) => ({ ...one, network: "bridge" }))));
    await ensureRegistry(registry, ID, work);
    const { containers, volumes } = await on.look();
    expect(containers.map(({ id, network }) => [id === before?.id, network])).toEqual([[false, "kind"]]);
    expect(Object.keys(volumes)).toEqual(["kind-registry-data"]);
});

test("removing leaves a container and a volume of another cluster", async () => {
    const { on, registry, work } = await begin();
    await ensureRegistry(registry, ID, work);
    await removeRegistry(registry, "another", work);
    const { containers, volumes } = await on.look();
    expect([containers.length, Object.keys(volumes)]).toEqual([1, ["kind-registry-data"]]);
});
