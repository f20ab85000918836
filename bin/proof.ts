/** The proof that a platform works: its first MCP server is called, and what can be tried next is said. */
import { messageOf, USER_ERROR_EXIT_CODE, UserError } from "../embedded/common/errors.ts";
import { during, type Progress } from "../embedded/common/progress.ts";
import { summaryText, type Summary } from "./summary.ts";
import { callToolWhenReady } from "./tool-call.ts";

export interface Proof extends Pick<Summary, "registry" | "kubeconfig" | "next"> {
    /** Names of the MCP servers; the first is called. */
    readonly servers: readonly string[];
    /** Where the gateway answers on this machine, as a URL. */
    readonly gateway: string;
    /** The settings file that names the servers. */
    readonly file: string;
    /** The command that tries the call again. */
    readonly again: string;
    /** What tells more when the call fails, a sentence. */
    readonly more: string;
}

const TOOL = "echo";
const ARGS = { message: "hello from mcp-platform" };

/**
 * Calls a tool of the first server, as soon as it answers, and prints the summary.
 * @throws UserError when it does not answer
 */
export async function prove(proof: Proof, progress: Progress): Promise<void> {
    const { gateway, file, again, more } = proof;
    const servers = proof.servers.map((name) => `${gateway}/${name}/mcp`);
    const [url] = servers;
    if (url === undefined) throw new Error("settings without servers were let through");
    const interrupted = (): never => {
        console.error(`\nInterrupted before the tool was called. The platform runs; ${again} tries the call again.`);
        process.exit(USER_ERROR_EXIT_CODE);
    };
    process.once("SIGINT", interrupted);
    const call = await during(progress, `calling ${url}`, 2, (step) =>
        callToolWhenReady(new URL(url), TOOL, ARGS, (reason) => step.note(`waiting: ${reason}`)),
    ).catch((error: unknown) => {
        throw new UserError(
            `The platform runs, but calling the tool "${TOOL}" at ${url} (the first server in ${file}) failed: ${messageOf(error)}. ${more}`,
            { cause: error },
        );
    });
    process.off("SIGINT", interrupted);
    console.log(summaryText({ ...proof, servers, called: { url, tool: TOOL, args: ARGS, ...call } }));
}
