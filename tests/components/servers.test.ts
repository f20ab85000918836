import { expect, test } from "@jest/globals";
import { mcpServerSpec, type McpServer } from "../../components/servers/server.ts";

const HOST = "registry.example.com/team";
const server = (more: Partial<McpServer>): McpServer => ({ transport: "streamable-http", image: "it:1", ...more });

test("the way out of a server is no part of its MCPServer", () => {
    const spec = mcpServerSpec(server({ port: 8080, egress: [{ cidr: "203.0.113.0/24", ports: [443] }] }), HOST);
    expect(spec).toEqual({ image: `${HOST}/it:1`, transport: "streamable-http", port: 8080 });
});

test.each([
    ["it:1", `${HOST}/it:1`],
    ["team/it:1", `${HOST}/team/it:1`],
    ["localhost/it:1", "localhost/it:1"],
    ["localhost:5000/it:1", "localhost:5000/it:1"],
    ["ghcr.example/it:1", "ghcr.example/it:1"],
])("the image %s is %s", (image, complete) => {
    expect(mcpServerSpec(server({ image }), HOST)["image"]).toBe(complete);
});

test("variables keep the order of the settings, and secrets stay references", () => {
    const spec = mcpServerSpec(server({ env: { B: "2", A: "1" }, secretEnv: { KEY: { secret: "s", key: "k" } } }), HOST);
    expect(spec["env"]).toEqual([
        { name: "B", value: "2" },
        { name: "A", value: "1" },
    ]);
    expect(spec["secretEnv"]).toEqual([{ name: "KEY", secretKeyRef: { name: "s", key: "k" } }]);
});
