/** What is done before the engine runs a kind stack, with doubles of the container engines and of kind. */
import { createServer } from "node:net";
import { once } from "node:events";
import { afterEach, expect, test } from "@jest/globals";
import { ensureCluster } from "../../bin/kind/cluster.ts";
import { prepareKind } from "../../bin/kind/prepare.ts";
import { ensureRegistry } from "../../bin/kind/registry.ts";
import { silent } from "../../embedded/common/progress.ts";
import { doubleMachine, type DoubleMachine } from "./support.ts";

const ID = "6f0f3d0e-2b5b-4c1a-9f43-000000000001";
let machine: DoubleMachine | undefined;
afterEach(async () => {
    await machine?.remove();
    machine = undefined;
});

const prepare = ({ plan }: DoubleMachine, { fresh = false, pushed = [] as string[] } = {}) =>
    prepareKind({ plan, images: { made: [], pushed }, fresh, progress: silent, signal: new AbortController().signal });

/** A machine on which a stack has been brought up. */
async function madeWhole(): Promise<DoubleMachine> {
    const on = (machine = await doubleMachine("docker"));
    await ensureCluster(on.plan, ID, await on.work());
    if (on.plan.registry) await ensureRegistry(on.plan.registry, ID, await on.work());
    return on;
}

test("changes nothing before a stack is first brought up", async () => {
    const on = (machine = await doubleMachine("docker"));
    expect(await prepare(on, { fresh: true })).toBe("none");
    expect(await on.changes()).toEqual([]);
});

test("refuses what is taken before anything is built, of a stack without state only", async () => {
    const on = (machine = await doubleMachine("docker"));
    const server = createServer().listen(on.plan.ports[0]?.host, "127.0.0.1");
    await once(server, "listening");
    try {
        await expect(prepare(on, { fresh: true })).rejects.toThrow(/^mcp-platform:topology\.gatewayPort is \d+, but 127\.0\.0\.1/);
        expect((await on.look()).kindProviders).toEqual([]);
        expect(await prepare(on)).toBe("none");
    } finally {
        server.close();
    }
});

test("starts nodes and registry that were stopped", async () => {
    const on = await madeWhole();
    await on.change((it) => it.containers.forEach((one) => (one.running = false)));
    expect(await prepare(on)).toBe("there");
    expect((await on.look()).containers.map(({ name, running }) => [name, running])).toEqual([
        ["test-control-plane", true],
        ["test-worker", true],
        ["kind-registry", true],
    ]);
});

test.each([
    ["the cluster", (name: string) => name.startsWith("test-")],
    ["a node", (name: string) => name === "test-worker"],
])("says that %s is gone, and makes nothing", async (_what, goes) => {
    const on = await madeWhole();
    await on.change((it) => {
        it.containers = it.containers.filter(({ name }) => !goes(name));
        it.calls = [];
    });
    expect(await prepare(on)).toBe("gone");
    expect(await on.changes()).toEqual([]);
});

test("a cluster without its registry's images is gone too; without its container it is not", async () => {
    const on = await madeWhole();
    await (await on.work()).engine.do("Removing the registry", ["rm", "--force", "kind-registry"]);
    expect(await prepare(on)).toBe("there");
    await on.change((it) => (it.volumes = {}));
    expect(await prepare(on)).toBe("gone");
});

test("refuses images that cannot be made from this checkout", async () => {
    const on = (machine = await doubleMachine("docker"));
    await expect(prepare(on, { pushed: ["nope:1"] })).rejects.toThrow(
        /^mcp-platform:pushImages has nope:1, which cannot be made from this checkout: there are .*examples\/everything:/,
    );
});
