/** The stack `dev` from nothing to an MCP tool call and back to nothing, under one container engine. */
import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseDocument } from "yaml";
import { projectRoot } from "../../embedded/common/paths.ts";
import type { RunResult } from "../../embedded/common/process.ts";
import { builtTools } from "../../embedded/cluster/build.ts";
import { buildImages } from "../../embedded/images/index.ts";
import { silent } from "../../embedded/common/progress.ts";
import type { Provider } from "../../embedded/kind/index.ts";
import { skipped } from "../cluster/support.ts";
import { contentsOf, startEngine, tracesOnMachine, type Engine } from "./engines.ts";

const NAME = "tried";
const PORTS = { gateway: 8180, gatewayTls: 8543, registry: 5005 } as const;

/** An engine, and the stack's settings file with a name and ports of the test's own. */
export interface DevStack {
    readonly engine: Engine;
    /** Runs a command of the stack, without questions. */
    stack(command: "up" | "destroy"): Promise<RunResult & { readonly seconds: number }>;
    readonly stateDir: string;
}

/** @returns why there is none, if something is not built */
export async function devStack(provider: Provider, workers: number): Promise<DevStack | string> {
    if (!(await builtTools(["registry", "traefik", "mkimage"]))) return "the registry and Traefik are not built (npm start builds them)";
    // Inside no package can be downloaded; what the images consist of is kept from here.
    await buildImages(["operator", "traefik", "registry", "examples/everything"], silent);
    const engine = await startEngine(provider);
    if (typeof engine === "string") return engine;
    const settings = parseDocument(await readFile(join(projectRoot, "Pulumi.dev.yaml"), "utf8"));
    const { gateway: gatewayPort, gatewayTls: gatewayTlsPort } = PORTS;
    settings.setIn(["config", "mcp-platform:topology"], { kind: "kind", name: NAME, provider, workers, gatewayPort, gatewayTlsPort });
    settings.setIn(["config", "mcp-platform:registry"], { mode: "kind-container", port: PORTS.registry });
    const file = join(engine.folder, "Pulumi.dev.yaml");
    await writeFile(file, settings.toString());
    const stateDir = join(engine.folder, "state");
    const env = { MCP_PLATFORM_STATE: stateDir, NO_COLOR: "1" };
    const stack: DevStack["stack"] = (command) => engine.npm(command, ["--stack", "dev", "--config-file", file, "--yes"], env);
    return { engine, stack, stateDir };
}

/** The tests of the stack; each goes on from the one before. */
export async function testDevStack(provider: Provider): Promise<void> {
    const before = await tracesOnMachine();
    const made = await devStack(provider, 1);
    if (typeof made === "string") skipped(`the stack dev under ${provider}`, made);
    const { engine, stack, stateDir } = made as DevStack;

    (typeof made === "string" ? describe.skip : describe)(`the stack dev under ${provider}`, () => {
        afterAll(() => engine.remove(), 60_000);

        it("goes from nothing to an MCP tool call", async () => {
            const { code, stdout, stderr } = await stack("up");

            expect(code === 0 ? "" : stdout + stderr).toBe("");
            expect(stdout).toContain('→ "Echo: hello from mcp-platform"');
            expect(stdout).toMatch(/^ +\+ \d+ created$/m);
        }, 400_000);

        it("has the cluster, the registry and their volumes under the names of the settings", async () => {
            const contents = await contentsOf(engine);
            const named = contents.filter((line) => !/^volume [0-9a-f]{64}$/.test(line));
            expect(named).toEqual([
                "container kind-registry",
                `container ${NAME}-control-plane`,
                `container ${NAME}-worker`,
                "network kind",
                "volume kind-registry-data",
            ]);
        }, 60_000);

        it("changes nothing when it is brought up again, and calls the tool again", async () => {
            const { code, stdout, stderr } = await stack("up");

            expect(code === 0 ? "" : stdout + stderr).toBe("");
            expect(stdout).toMatch(/^Resources:\n +\d+ unchanged\n\n/m);
            expect(stdout).toContain('→ "Echo: hello from mcp-platform"');
        }, 120_000);

        it("leaves no container, volume, network or file after destroy", async () => {
            const { code, stdout, stderr } = await stack("destroy");

            expect(code === 0 ? "" : stdout + stderr).toBe("");
            expect(await contentsOf(engine)).toEqual([]);
            expect(existsSync(join(stateDir, "kind"))).toBe(false);
        }, 120_000);

        it("leaves nothing on the machine once the engine is gone", async () => {
            await engine.remove();

            expect((await tracesOnMachine()).filter((trace) => !before.includes(trace))).toEqual([]);
        }, 60_000);
    });
}
