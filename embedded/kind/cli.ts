/** `npm run images -- kind-node`: the image of kind's nodes for those who have no registry to pull it from. */
import { parseArgs } from "node:util";
import { messageOf, UserError } from "../common/errors.ts";
import { consoleProgress } from "../common/progress.ts";
import { loadNodeImage, type Provider } from "./load.ts";

/** @returns the exit code */
export async function main(argv: readonly string[], signal: AbortSignal): Promise<number> {
    console.log(await loadNodeImage({ provider: providerOf(argv), progress: consoleProgress(), signal }));
    return 0;
}

function providerOf(argv: readonly string[]): Provider {
    try {
        const { provider } = parseArgs({ args: [...argv], options: { provider: { type: "string", default: "docker" } } }).values;
        if (provider === "docker" || provider === "podman") return provider;
        throw new Error(`--provider must be docker or podman, and is "${provider}".`);
    } catch (error) {
        throw new UserError(`images kind-node: ${messageOf(error)}`, { cause: error });
    }
}
