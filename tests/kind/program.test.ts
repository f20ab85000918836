/** The program of a kind stack, under Pulumi's mocks (a named double of an engine). */
import { beforeAll, expect, test } from "@jest/globals";
import { nameOf, reveal, runProgram, stackConfig, type ProgramRun, type Properties } from "../program/run.ts";

let run: ProgramRun;
beforeAll(async () => {
    run = await runProgram(await stackConfig("dev"));
});

const inputsOf = (name: string): Properties => {
    const found = run.resources.find((resource) => resource.name === name && resource.custom);
    if (!found) throw new Error(`there is no ${name}`);
    return reveal(found.inputs) as Properties;
};

test("the cluster and its registry are made by programs, without a shell, from a plan that says everything", () => {
    const cluster = inputsOf("kind-cluster");
    const [program, script, command, plan, ...more] = cluster["interpreter"] as string[];
    expect([program, script, command, more, cluster["create"], cluster["delete"], cluster["update"]]).toEqual([
        "node",
        "bin/run.mjs",
        "kind-cluster",
        [],
        "create",
        "delete",
        undefined,
    ]);
    expect(JSON.parse(plan ?? "")).toMatchObject({
        name: "mcp-platform",
        provider: "docker",
        registry: { name: "kind-registry", port: 5000 },
    });
    expect((inputsOf("kind-registry")["interpreter"] as string[]).slice(2)).toEqual(["kind-registry", plan]);
});

test("what a running cluster cannot be given makes it anew, its registry with it, one after the other", () => {
    expect(inputsOf("kind-cluster")["triggers"]).toContain("127.0.0.1:8080 leads to port 30080 of the nodes");
    expect((inputsOf("kind-registry")["triggers"] as string[])[0]).toBe("kind-cluster-id");
    const anew = run.resources.filter(({ deleteBeforeReplace }) => deleteBeforeReplace).map(({ name }) => name);
    expect(anew).toEqual(expect.arrayContaining(["kind-cluster", "kind-registry"]));
});

test("everything in the cluster goes with it, and nothing else does", () => {
    const goes = (name: string) => run.resources.find((resource) => resource.name === name)?.deletedWith ?? "";
    const inside = run.resources.filter(({ type }) => type.startsWith("kubernetes:"));
    expect(inside.length).toBeGreaterThan(30);
    expect(new Set(inside.map(({ name }) => nameOf(goes(name))))).toEqual(new Set(["kind-cluster"]));
    expect(run.resources.filter(({ type, deletedWith }) => !type.startsWith("kubernetes:") && deletedWith !== "")).toEqual([]);
});

test("the program speaks to the cluster once it is there, and knows it from its next one", () => {
    const provider = run.resources.find(({ type }) => type === "pulumi:providers:kubernetes");
    expect(provider?.dependencies.map(nameOf)).toEqual(expect.arrayContaining(["kind-cluster"]));
    expect(String(provider?.inputs["clusterIdentifier"])).toMatch(/^kind-mcp-platform-/);
});

test("images are pushed once the registry is there, again in another cluster, and pods use the names they are pushed under", () => {
    for (const name of ["operator-image-command", "traefik-image-command", "everything-command"]) {
        const resource = run.resources.find((one) => one.name === name);
        expect([name, String(inputsOf(name)["create"])]).toEqual([
            name,
            expect.stringMatching(/^node bin\/run\.mjs images push \S+ --(ref|to) localhost:5000/),
        ]);
        expect((inputsOf(name)["triggers"] as string[])[0]).toMatch(/^kind-mcp-platform-/);
        const after = [
            ...(resource?.dependencies ?? []),
            ...(run.resources.find((one) => !one.custom && one.name === nameOf(resource?.parent ?? ""))?.dependencies ?? []),
        ];
        expect([name, after.map((urn) => nameOf(urn))]).toEqual([name, expect.arrayContaining(["kind-registry"])]);
    }
    const text = JSON.stringify(run.resources.filter(({ type }) => /Deployment|MCPServer/.test(type)).map(({ inputs }) => reveal(inputs)));
    expect([...text.matchAll(/"image":"([^":]+:\d+|[^"/]+)\//g)].map(([, host]) => host)).toEqual(
        expect.arrayContaining(["localhost:5000"]),
    );
    expect(new Set([...text.matchAll(/"image":"([^"/]+)\//g)].map(([, host]) => host))).toEqual(new Set(["localhost:5000"]));
});

test("tools are told of the registry", () => {
    expect(inputsOf("registry-hosting-configuration")["metadata"]).toMatchObject({
        name: "local-registry-hosting",
        namespace: "kube-public",
    });
});

test("no secret is in what is run", () => {
    const commands = run.resources.filter(({ type }) => type === "command:local:Command");
    expect(commands.length).toBeGreaterThan(4);
    for (const { inputs } of commands) expect(JSON.stringify(reveal(inputs))).not.toMatch(/generated-password|PRIVATE KEY/);
});
