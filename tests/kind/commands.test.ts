/** The commands of kind stacks as processes, with doubles of the container engines and of kind. */
import { existsSync } from "node:fs";
import { readdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { afterEach, expect, test } from "@jest/globals";
import { projectRoot } from "../../embedded/common/paths.ts";
import { run, type RunResult } from "../../embedded/common/process.ts";
import { doubleMachine, type DoubleMachine } from "./support.ts";

const ID = "6f0f3d0e-2b5b-4c1a-9f43-000000000001";
let machine: DoubleMachine | undefined;
afterEach(async () => {
    await machine?.remove();
    machine = undefined;
});

/** Runs a command of this checkout on the machine of doubles. */
const command = (on: DoubleMachine, args: readonly string[], env: Record<string, string | undefined> = {}): Promise<RunResult> =>
    run(process.execPath, [join(projectRoot, "bin/main.ts"), ...args], {
        cwd: on.folder,
        env: { MCP_PLATFORM_STATE: join(on.folder, "state"), NO_COLOR: "1", PULUMI_BACKEND_URL: undefined, ...env },
    });

/** The arguments that bring up a stack with ports of its own. */
async function bringUp({ plan, folder }: DoubleMachine, provider: string): Promise<string[]> {
    const [http, https] = plan.ports.map(({ host }) => host);
    const config = {
        "mcp-platform:topology": { kind: "kind", name: "test", provider, gatewayPort: http, gatewayTlsPort: https },
        "mcp-platform:registry": { mode: "kind-container", port: plan.registry?.port },
        "mcp-platform:servers": {},
    };
    const file = join(folder, "settings.yaml");
    await writeFile(file, JSON.stringify({ config }));
    return ["up", "--cwd", projectRoot, "--stack", "test", "--config-file", file, "--yes"];
}

test("up without the engine on PATH says so before anything is built, and leaves no state", async () => {
    const on = (machine = await doubleMachine("docker", ["kind"]));
    const { code, stderr, stdout } = await command(on, await bringUp(on, "docker"));
    expect([code, stderr.trim(), stdout]).toEqual([
        255,
        expect.stringMatching(
            /^error: mcp-platform:topology\.provider is docker, but there is no program docker on PATH: install Docker .*, or choose podman\.$/,
        ),
        "",
    ]);
    expect((await readdir(join(on.folder, "state"))).filter((name) => name !== "passphrase")).toEqual([]);
});

test("up on a machine with a cluster of that name changes nothing of it", async () => {
    const on = (machine = await doubleMachine("podman"));
    await on.change((it) =>
        it.containers.push({
            id: "foreign",
            name: "test-control-plane",
            running: true,
            labels: { "io.x-k8s.kind.cluster": "test" },
            network: "kind",
            files: {},
        }),
    );
    const { code, stderr } = await command(on, await bringUp(on, "podman"));
    expect([code, stderr]).toEqual([
        255,
        expect.stringContaining("podman has a kind cluster of that name which this stack did not make (test-control-plane)"),
    ]);
    expect(await on.changes()).toEqual([]);
});

test("the program's command prints what the program reads and nothing else, and removes what it made", async () => {
    const on = (machine = await doubleMachine("docker"));
    const text = JSON.stringify(on.plan);
    const env = { MCP_PLATFORM_KIND_ID: ID };
    const made = await command(on, ["kind-cluster", text, "create"], env);
    expect([made.code, made.stdout]).toEqual([0, '{"cidrs":["172.18.0.0/16","fc00::/64"]}\n']);
    expect(made.stderr).toContain("making the kind cluster test in docker");
    expect((await command(on, ["kind-registry", text, "create"], env)).code).toBe(0);
    for (const name of ["kind-registry", "kind-cluster"]) expect((await command(on, [name, text, "delete"], env)).code).toBe(0);
    const { containers, volumes, networks } = await on.look();
    expect([containers, volumes, networks, existsSync(dirname(on.plan.kubeconfig))]).toEqual([[], {}, {}, false]);
});

test.each([
    [["kind-cluster"], /^error: kind-cluster is run by the program of a stack whose topology is kind: use npm run up -- --stack dev/],
    [["kind-registry", "{}", "make"], /^error: kind-registry is run by the program/],
    [["kind-image", "operator"], /^error: kind-image wants NAME --ref HOST\/REPOSITORY:TAG --cluster NAME --provider docker\|podman\./],
    [["kind-image", "operator", "--to", "x"], /^error: kind-image wants .*Unknown option '--to'/],
])("%j is refused with what is meant to be called", async (args, message) => {
    const on = (machine = await doubleMachine("docker"));
    const { code, stderr } = await command(on, args, { MCP_PLATFORM_KIND_ID: ID });
    expect([code, stderr]).toEqual([255, expect.stringMatching(message)]);
});
