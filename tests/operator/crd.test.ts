import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { renderDefinition } from "../../operator/api/generate-crd.ts";
import { ApiError } from "../../operator/kubernetes/client.ts";
import { describeWithApiServer } from "../support/apiserver.ts";
import { manifestOf, SERVERS_PATH, startCluster, stdioSpec, until, type TestCluster } from "./support.ts";

test("the definition that is installed is the one the schema says; if not, run `node operator/api/generate-crd.ts`", () => {
    const file = resolve(import.meta.dirname, "../../components/operator/crds/mcpserver.json");
    expect(readFileSync(file, "utf8")).toBe(renderDefinition());
});

const httpSpec = { image: "a/b:1", transport: "streamable-http" };
const packageSpec = { package: { name: "@scope/server", version: "1.2.3" }, transport: "stdio" };

const accepted: readonly (readonly [string, Record<string, unknown>])[] = [
    ["an image that speaks stdio", stdioSpec],
    ["an image that speaks HTTP, with its own entrypoint", httpSpec],
    ["an image by digest", { ...httpSpec, image: `registry.local:32000/a/b@sha256:${"0".repeat(64)}` }],
    ["a package that speaks stdio", packageSpec],
    ["a package that speaks HTTP", { ...packageSpec, transport: "streamable-http", args: ["streamableHttp"], port: 3001 }],
    ["a pre-release version", { ...packageSpec, package: { name: "server", version: "2.0.0-beta.1" } }],
    [
        "quantities as numbers and texts",
        { ...httpSpec, resources: { requests: { cpu: 1, memory: "64Mi" }, limits: { memory: "1.5Gi", cpu: "1500m" } } },
    ],
    [
        "variables and secret variables",
        { ...httpSpec, env: [{ name: "A", value: "" }], secretEnv: [{ name: "B", secretKeyRef: { name: "s", key: "k.txt" } }] },
    ],
    ["no replicas", { ...httpSpec, replicas: 0 }],
];

const refused: readonly (readonly [string, Record<string, unknown>, RegExp])[] = [
    ["neither image nor package", { transport: "stdio" }, /exactly one of spec.image and spec.package/],
    ["image and package", { ...packageSpec, image: "a", command: ["x"] }, /exactly one of spec.image and spec.package/],
    ["no transport", { image: "a", command: ["x"] }, /spec.transport: Required value/],
    ["an unknown transport", { ...stdioSpec, transport: "sse" }, /supported values: "stdio", "streamable-http"/],
    [
        "an image that speaks stdio without a command",
        { image: "a", transport: "stdio" },
        /spec.command is required for an image that speaks stdio/,
    ],
    ["an empty command", { ...stdioSpec, command: [] }, /spec.command.*at least 1 items/],
    ["a command beside a package", { ...packageSpec, command: ["x"] }, /spec.command must not be set beside spec.package/],
    ["a range as version", { ...packageSpec, package: { name: "a", version: "^1.2.3" } }, /spec.package.version/],
    ["a tag as version", { ...packageSpec, package: { name: "a", version: "latest" } }, /spec.package.version/],
    ["an incomplete version", { ...packageSpec, package: { name: "a", version: "1.2" } }, /spec.package.version/],
    ["a package that is an address", { ...packageSpec, package: { name: "git+https://a", version: "1.2.3" } }, /spec.package.name/],
    ["an image with a blank", { ...httpSpec, image: "a b" }, /spec.image/],
    ["a port of a stdio server", { ...stdioSpec, port: 9000 }, /spec.port must not be set for a stdio server/],
    ["a path of a stdio server", { ...stdioSpec, path: "/x" }, /spec.path must not be set for a stdio server/],
    ["a path that does not begin with a slash", { ...httpSpec, path: "mcp" }, /spec.path/],
    ["port 0", { ...httpSpec, port: 0 }, /spec.port.*greater than or equal to 1/],
    ["port 65536", { ...httpSpec, port: 65_536 }, /spec.port.*less than or equal to 65535/],
    ["negative replicas", { ...httpSpec, replicas: -1 }, /spec.replicas/],
    ["17 replicas", { ...httpSpec, replicas: 17 }, /spec.replicas.*less than or equal to 16/],
    ["a variable that begins with a digit", { ...httpSpec, env: [{ name: "1A", value: "x" }] }, /spec.env\[0\].name/],
    [
        "a variable twice",
        {
            ...httpSpec,
            env: [
                { name: "A", value: "x" },
                { name: "A", value: "y" },
            ],
        },
        /Duplicate value/,
    ],
    [
        "a variable that is plain and secret",
        { ...httpSpec, env: [{ name: "A", value: "x" }], secretEnv: [{ name: "A", secretKeyRef: { name: "s", key: "k" } }] },
        /only one of spec.env and spec.secretEnv/,
    ],
    [
        "a secret variable with a value",
        { ...httpSpec, secretEnv: [{ name: "A", value: "x" }] },
        /unknown field "spec.secretEnv\[0\].value"/,
    ],
    ["a secret variable without a reference", { ...httpSpec, secretEnv: [{ name: "A" }] }, /secretKeyRef: Required value/],
    ["a quantity that is none", { ...httpSpec, resources: { limits: { memory: "lots" } } }, /spec.resources.limits.memory/],
    ["a negative quantity", { ...httpSpec, resources: { limits: { memory: "-1Gi" } } }, /spec.resources.limits.memory/],
    ["a field that does not exist", { ...httpSpec, imagePullPolicy: "Always" }, /unknown field "spec.imagePullPolicy"/],
];

(await describeWithApiServer())("the definition on a real API server", () => {
    let cluster: TestCluster;
    beforeAll(async () => {
        cluster = await startCluster();
    });
    afterAll(() => cluster.stop());

    const create = (name: string, spec: Record<string, unknown>): Promise<{ spec: Record<string, unknown> }> =>
        cluster.admin.request({
            method: "POST",
            path: SERVERS_PATH,
            query: { dryRun: "All", fieldValidation: "Strict" },
            body: manifestOf(name, spec),
        });
    const refusal = async (name: string, spec: Record<string, unknown>): Promise<string> => {
        try {
            await create(name, spec);
        } catch (error) {
            if (error instanceof ApiError) return error.message;
            throw error;
        }
        return "accepted";
    };

    test("is structural, served and has its names", async () => {
        const path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/mcpservers.mcpruntime.org";
        type Status = {
            status: { conditions: { type: string; status: string }[]; acceptedNames: { shortNames: string[]; categories: string[] } };
        };
        const { status } = await until("it is established", async () => {
            const definition = await cluster.admin.request<Status>({ path });
            return definition.status.conditions.some(({ type, status }) => type === "Established" && status === "True")
                ? definition
                : undefined;
        });
        expect(status.conditions.map(({ type }) => type)).not.toContain("NonStructuralSchema");
        expect([status.acceptedNames.shortNames, status.acceptedNames.categories]).toEqual([["mcps"], ["mcp"]]);
    });

    test("fills in the defaults", async () => {
        expect((await create("a", httpSpec)).spec).toEqual({ ...httpSpec, port: 8080, path: "/mcp", replicas: 1 });
    });

    test.each(accepted)("accepts %s", async (_, spec) => {
        expect(await refusal("a", spec)).toBe("accepted");
    });

    test.each(refused)("refuses %s", async (_, spec, message) => {
        expect(await refusal("a", spec)).toMatch(message);
    });

    test("refuses names that cannot be a Service's", async () => {
        expect(await refusal("1st", httpSpec)).toMatch(/begin with a letter/);
        expect(await refusal("a.b", httpSpec)).toMatch(/lower-case letters, digits and dashes/);
        expect(await refusal("a".repeat(64), httpSpec)).toMatch(/at most 63/);
        expect(await refusal("a".repeat(63), httpSpec)).toBe("accepted");
    });

    test("shows the columns people look for", async () => {
        await cluster.admin.request({ method: "POST", path: SERVERS_PATH, body: manifestOf("shown") });
        const table = await cluster.admin.request<{ columnDefinitions: { name: string; priority: number }[] }>({
            path: SERVERS_PATH,
            accept: "application/json;as=Table;g=meta.k8s.io;v=v1",
        });
        expect(table.columnDefinitions.filter(({ priority }) => priority === 0).map(({ name }) => name)).toEqual([
            "Name",
            "Transport",
            "Ready",
            "Tools",
            "URL",
            "Age",
        ]);
    });
});
