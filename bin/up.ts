/** `npm run up`: the engine's command; of a stack whose topology is kind it ends with an MCP tool call, as `npm start` does. */
import { hostsOf } from "../components/edge/names.ts";
import { UserError } from "../embedded/common/errors.ts";
import { projectRoot } from "../embedded/common/paths.ts";
import { consoleProgress } from "../embedded/common/progress.ts";
import { readArguments } from "../embedded/engine/commands/arguments.ts";
import { COMMANDS } from "../embedded/engine/commands/index.ts";
import { findTarget, openWorkspace } from "../embedded/engine/commands/workspace.ts";
import type { Settings } from "../infra/settings.ts";
import { topologyOf } from "../stacks/index.ts";
import type { Topology } from "../stacks/topology.ts";
import { useStateRoot } from "./environment.ts";
import { onInterrupt } from "./interrupt.ts";
import { prepareKind } from "./kind/prepare.ts";
import { prove } from "./proof.ts";
import { settingsOf } from "./settings.ts";

const run = async (command: string, rest: readonly string[]): Promise<number> =>
    (await import("../embedded/engine/cli.ts")).main([command, ...rest]);

export async function main(args: string[]): Promise<number> {
    if (args.includes("--help") || args.includes("-h")) return await run("up", args);
    const { values } = readArguments("up", args, COMMANDS["up"]?.options ?? {});
    const options: { readonly stack?: string; readonly cwd?: string; readonly "config-file"?: string } = values;
    const workspace = await openWorkspace(options);
    const found = workspace.project.root === projectRoot ? await settingsOf(options) : undefined;
    await useStateRoot();
    const topology = found && topologyFor(found.settings);
    const plan = topology?.kindCluster;
    if (!found || !plan || "preview-only" in values) return await run("up", args);

    const { settings, file } = found;
    const progress = consoleProgress();
    const interrupt = onInterrupt("npm run up");
    const stack = [...named("stack", options), ...named("cwd", options), ...named("config-file", options)];
    const fresh = !(await findTarget(workspace, options)).exists;
    const images = imagesOf(topology, settings);
    const there = await prepareKind({ plan, images, fresh, progress, signal: interrupt.signal })
        .catch((error: unknown) => {
            throw interrupt.signal.aborted ? new UserError("Interrupted before the stack was changed.", { cause: error }) : error;
        })
        .finally(interrupt.release);
    if (there === "gone") {
        progress.log(`The kind cluster ${plan.name} is gone: what the stack still knows of it is removed first.`);
        const agreed = "yes" in values || "skip-preview" in values;
        const code = await run("destroy", [...stack, ...(agreed ? ["--yes", "--skip-preview"] : [])]);
        if (code !== 0) return code;
    }
    const code = await run("up", args);
    const servers = Object.keys(settings.servers);
    if (code !== 0 || "json" in values || !servers.length) return code;
    const again = ["npm run up --", ...stack].join(" ");
    const { provider, name, kubeconfig } = plan;
    const proof = {
        servers,
        gateway: `http://127.0.0.1:${plan.ports[0]?.host ?? 80}`,
        file,
        again,
        more: `kubectl --kubeconfig ${kubeconfig} get pods -A tells more.`,
        registry: topology.registry.address,
        kubeconfig,
        next: {
            commands: [
                `kubectl --kubeconfig ${kubeconfig} get mcpservers -n mcp-servers`,
                `KIND_EXPERIMENTAL_PROVIDER=${provider} kind get nodes --name ${name}`,
                again.replace("npm run up", "npm run preview"),
            ],
            end: `${again.replace("npm run up", "npm run destroy")} removes everything.`,
        },
    };
    await prove(proof, progress);
    return 0;
}

/** An option as it is written on a command line. */
const named = (name: "stack" | "cwd" | "config-file", options: { readonly [K in typeof name]?: string }): string[] => {
    const value = options[name];
    return value === undefined ? [] : [`--${name}`, value];
};

function topologyFor({ topology, domain, versions, images, registry, frontDoor }: Settings): Topology {
    try {
        return topologyOf(topology, { hosts: hostsOf(domain), versions, images, registry, frontDoor });
    } catch (error) {
        throw new UserError((error as Error).message, { cause: error });
    }
}

/** The images made from this checkout that the stack needs: references, and repositories for those that are pushed as they are. */
const imagesOf = (topology: Topology, { pushImages }: Settings) => ({
    made: (topology.imageCommands ?? []).map(({ name, image }) => ({ name, ref: image })),
    pushed: pushImages,
});
