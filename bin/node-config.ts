/** `npm run node-config -- --stack NAME`: what is done on a stack's nodes so that they find the registry. Asks nobody. */
import { readFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { RunError } from "@pulumi/pulumi/errors.js";
import { hostsOf } from "../components/edge/names.ts";
import { messageOf, UserError } from "../embedded/common/errors.ts";
import { projectRoot } from "../embedded/common/paths.ts";
import { topologyOf } from "../stacks/index.ts";
import { nodeRegistry, type RegistryPlan } from "../stacks/node-registry/index.ts";
import { planAsText } from "./node-config-text.ts";
import { settingsOf } from "./settings.ts";

const HELP = `npm run node-config -- --stack NAME

  --config-file FILE    settings file of the stack, when it is not Pulumi.NAME.yaml
  --runtime TEXT        the nodes' container runtime, as \`kubectl get nodes -o wide\` shows it: containerd://2.1.4
  --config-toml FILE    a copy of a node's /etc/containerd/config.toml: prints what it has to become
  --json                files, commands and checks by node, for programs`;

const options = {
    stack: { type: "string" },
    "config-file": { type: "string" },
    runtime: { type: "string" },
    "config-toml": { type: "string" },
    json: { type: "boolean" },
    help: { type: "boolean", short: "h" },
} as const;

function read(argv: readonly string[]) {
    try {
        return parseArgs({ args: [...argv], options, allowPositionals: false }).values;
    } catch (error) {
        throw new UserError(`node-config: ${messageOf(error)}`, { cause: error });
    }
}

/** @returns the exit code */
export async function main(argv: readonly string[]): Promise<number> {
    const { stack, runtime, json, help, "config-file": configFile, "config-toml": configToml } = read(argv);
    if (help) {
        console.log(HELP);
        return 0;
    }
    if (stack === undefined) throw new UserError("node-config wants the name of a stack, as in: npm run node-config -- --stack existing.");
    const { settings } = await settingsOf({ stack, cwd: projectRoot, ...(configFile !== undefined && { "config-file": configFile }) });
    const { versions, images, registry, frontDoor } = settings;
    const { kind, nodeRegistry: facts } = topologyOf(settings.topology, {
        hosts: hostsOf(settings.domain),
        versions,
        images,
        registry,
        frontDoor,
    });
    if (!facts) {
        console.log(`Stack ${stack}: nothing to do. What makes a cluster of kind ${kind} tells its nodes where the registry is.`);
        return 0;
    }
    const text = configToml === undefined ? undefined : await readFile(configToml, "utf8").catch(unreadable(configToml));
    let plan: RegistryPlan;
    try {
        plan = nodeRegistry({ ...facts, runtime, configToml: text });
    } catch (error) {
        throw RunError.isInstance(error) ? new UserError(messageOf(error), { cause: error }) : error;
    }
    const { names, scheme, endpoint } = facts;
    console.log(json ? JSON.stringify(plan, null, 2) : planAsText(plan, { stack, names, url: `${scheme}://${endpoint}` }).trimEnd());
    return 0;
}

function unreadable(file: string) {
    return (error: unknown): never => {
        throw new UserError(`--config-toml ${file} cannot be read: ${messageOf(error)}.`, { cause: error });
    };
}
