/** `npm start`: from a checkout to an MCP server that answers. Every part is idempotent; a second start repairs and resumes. */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { secondsToBuild, toolNames } from "../embedded/cluster/build.ts";
import {
    checkMachine,
    nodesOf,
    startCluster,
    type ClusterOptions,
    type MachineOptions,
    type ToolPaths,
} from "../embedded/cluster/index.ts";
import { UserError } from "../embedded/common/errors.ts";
import { projectRoot, stateRoot } from "../embedded/common/paths.ts";
import { run } from "../embedded/common/process.ts";
import { consoleProgress, type Progress } from "../embedded/common/progress.ts";
import { buildImages } from "../embedded/images/index.ts";
import { useStateRoot } from "./environment.ts";
import { onInterrupt } from "./interrupt.ts";
import { prepare } from "./prepare.ts";
import { prove } from "./proof.ts";
import { startSettings, STACK, type EmbeddedStack } from "./settings.ts";
import { NODE_PORTS, REGISTRY_HOST } from "../stacks/embedded.ts";
import { imagesMadeHere } from "../stacks/images.ts";

const HELP = `npm start [-- OPTIONS]

Builds and starts an embedded Kubernetes, runs the Pulumi program on it, and ends with an MCP tool call that worked.

  --nodes N            nodes of the cluster (default: as many as it has, at first 1)
  --config-file FILE   settings instead of Pulumi.${STACK}.yaml (ports, servers, …)
  --no-install         do not install missing Debian packages, only name them`;

export async function main(args: string[]): Promise<number> {
    const options = parse(args);
    if (!options) return 0;
    const progress = consoleProgress();
    const { settings, file } = await startSettings(options.configFile);
    if (process.getuid?.() !== 0)
        throw new UserError(
            "npm start needs root: without it there is no kubelet, so there are no pods and no MCP server can answer. Run: sudo npm start. The Kubernetes API alone runs without root: npm run cluster -- start",
        );
    const machine = machineOptions(settings, file, options.nodes ?? nodesOf(join(stateRoot(), "cluster")) ?? 1);
    await checkMachine(machine);
    await useStateRoot();
    const engineArgs = ["--stack", STACK, ...(options.configFile ? ["--config-file", options.configFile] : [])];
    const interrupt = onInterrupt();

    const building = (await secondsToBuild(toolNames)) > 0;
    const preview = new AbortController();
    const shown = building ? showPreview(engineArgs, progress, AbortSignal.any([preview.signal, interrupt.signal])) : Promise.resolve();
    const tools = await prepare(progress, { install: options.install, signal: interrupt.signal }).catch(async (error: unknown) => {
        preview.abort(); // what is wrong is the last thing that is said
        await shown;
        throw error;
    });
    await shown;
    const cluster = await startCluster(
        await clusterOptions(machine, settings, tools, progress, interrupt.signal),
        progress,
        interrupt.signal,
    );
    interrupt.release(); // the engine handles interrupts itself
    const { main: engine } = await import("../embedded/engine/cli.ts");
    const code = await engine(["up", ...engineArgs, "--yes", "--skip-preview", "--suppress-outputs"]);
    if (code !== 0) return code;

    const { gatewayPort, registryPort } = settings.topology;
    const proof = {
        servers: Object.keys(settings.servers),
        gateway: `http://127.0.0.1:${gatewayPort}`,
        file,
        again: "npm start",
        more: "npm run cluster -- status and npm run cluster -- logs tell more.",
        registry: `http://127.0.0.1:${registryPort}    (npm run stack -- output registryPassword --stack ${STACK} --show-secrets)`,
        kubeconfig: cluster.kubeconfig,
        next: {
            commands: ["npm run cluster -- status", `npm run preview -- --stack ${STACK} --diff`],
            end: "npm stop ends everything; the next npm start resumes it.",
        },
    };
    await prove(proof, progress);
    return 0;
}

/** What the settings make of the cluster. */
function machineOptions({ topology }: EmbeddedStack, file: string, nodes: number): MachineOptions {
    const port = (name: string): string => `topology.${name} in ${file}`;
    return {
        stateDir: join(stateRoot(), "cluster"),
        nodes,
        apiPort: topology.apiPort,
        apiPortOption: port("apiPort"),
        publish: [
            { host: topology.gatewayPort, node: NODE_PORTS.http, option: port("gatewayPort") },
            { host: topology.gatewayTlsPort, node: NODE_PORTS.https, option: port("gatewayTlsPort") },
            { host: topology.registryPort, node: NODE_PORTS.registry, option: port("registryPort") },
        ],
    };
}

/** The same with what is built. */
async function clusterOptions(
    machine: MachineOptions,
    { images: overrides, versions }: EmbeddedStack,
    tools: ToolPaths,
    progress: Progress,
    signal: AbortSignal,
): Promise<ClusterOptions> {
    const refs = imagesMadeHere(versions, overrides);
    const images = await buildImages(
        ["pause", "coredns", "registry", "traefik", { name: "operator", ref: refs.operator }, "examples/everything"],
        progress,
        signal,
    );
    return {
        ...machine,
        mirrors: { [REGISTRY_HOST]: `http://127.0.0.1:${NODE_PORTS.registry}` },
        images: images.filter((image) => !image.ref.startsWith(`${REGISTRY_HOST}/`)).map((image) => image.archive),
        tools,
    };
}

function parse(args: string[]): { nodes: number | undefined; configFile: string | undefined; install: boolean } | undefined {
    const spec = {
        nodes: { type: "string" },
        "config-file": { type: "string" },
        "no-install": { type: "boolean" },
        help: { type: "boolean", short: "h" },
    } as const;
    let values;
    try {
        ({ values } = parseArgs({ args, options: spec }));
    } catch (error) {
        throw new UserError(`${(error as Error).message}\n\n${HELP}`);
    }
    if (values.help) {
        console.log(HELP);
        return undefined;
    }
    const nodes = values.nodes === undefined ? undefined : Number(values.nodes);
    if (nodes !== undefined && (!Number.isInteger(nodes) || nodes < 1 || nodes > 9))
        throw new UserError(`--nodes must be a number from 1 to 9, found "${values.nodes}".`);
    return { nodes, configFile: values["config-file"], install: !values["no-install"] };
}

/** Shows what will be created while the programs are being built, in one piece so that it does not mix with the progress. */
async function showPreview(engineArgs: readonly string[], progress: Progress, signal: AbortSignal): Promise<void> {
    const result = await run(process.execPath, [join(projectRoot, "bin/main.ts"), "preview", ...engineArgs, "--suppress-progress"], {
        env: { NO_COLOR: "1" },
        signal,
    }).catch((error: unknown) => {
        if (!signal.aborted) throw error;
    });
    if (!result || signal.aborted) return;
    progress.log(
        result.code === 0
            ? `While the programs are built, this is what will be created:\n${result.stdout}`
            : `The preview failed:\n${result.stderr}${result.stdout}`,
    );
}
