/** The settings files of production are the reference topology's own tables. */
import { expect, test } from "@jest/globals";
import { settingsOf } from "./support/stacks.ts";

/** Node and role of the reference topology, four nodes and the five-node variant. */
const FOUR = [
    ["mcp-cp-1", "server"],
    ["mcp-ingress-1", "ingress"],
    ["mcp-worker-1", "worker"],
    ["mcp-worker-2", "worker"],
];
const FIVE = [...FOUR, ["mcp-worker-3", "worker"]];

/** RFC 5737 and RFC 3849: addresses for documentation. */
const EXAMPLE = /^(192\.0\.2|198\.51\.100|203\.0\.113)\.\d+$/;

async function nodesOf(stack: string) {
    const { topology } = await settingsOf(stack);
    return topology.kind === "k3s" ? topology.nodes : [];
}

test.each([
    ["prod", FOUR],
    ["prod-five", FIVE],
])("%s has the nodes and roles of its table", async (stack, table) => {
    expect((await nodesOf(stack)).map(({ name, role }) => [name, role])).toEqual(table);
});

test("prod-ha has an odd number of servers, three, and no single way in", async () => {
    const roles = (await nodesOf("prod-ha")).map(({ role }) => role);
    const count = (wanted: string) => roles.filter((role) => role === wanted).length;
    expect([count("server"), count("ingress"), count("worker")]).toEqual([3, 2, 2]);
});

test.each(["prod", "prod-five", "prod-ha"])(
    "%s has example addresses, one architecture, and public ones on ingress nodes alone",
    async (stack) => {
        const nodes = await nodesOf(stack);
        for (const { name, role, address, publicAddress, architecture } of nodes)
            expect([name, EXAMPLE.test(address), architecture, publicAddress !== undefined && EXAMPLE.test(publicAddress)]).toEqual([
                name,
                true,
                "amd64",
                role === "ingress",
            ]);
        expect(new Set(nodes.map(({ address }) => address)).size).toBe(nodes.length);
    },
);

test("prod is the reference installation: public, strict, HTTPS everywhere, with somebody to ask", async () => {
    const { domain, platformMode, strictProd, tls, registry, frontDoor, ingress, storage, admins, login } = await settingsOf("prod");
    expect({ domain, platformMode, strictProd, admins }).toEqual({
        domain: "example.com",
        platformMode: "public",
        strictProd: true,
        admins: ["admin@example.com"],
    });
    expect(tls).toEqual({ mode: "acme", email: "ops@example.com", directory: "production", certManager: "install" });
    expect([registry.mode, frontDoor.mode, ingress.owner, storage.mode]).toEqual(["bundled-https", "direct", "platform", "class"]);
    expect(login).toMatchObject({ provider: "google" });
});

test.each(["prod-five", "prod-ha"])("%s is prod but for its nodes", async (stack) => {
    const { topology: _, ...rest } = await settingsOf(stack);
    const { topology: __, ...reference } = await settingsOf("prod");
    expect(rest).toEqual(reference);
});
