/** What `npm start`, and `npm run up` of a kind stack, end with: the addresses, the proof, and what to try next. */
import type { ToolCall } from "./tool-call.ts";

export interface Summary {
    /** Each MCP server's address. */
    readonly servers: readonly string[];
    /** The tool that was called, its arguments and what came back. */
    readonly called: { readonly url: string; readonly tool: string; readonly args: Record<string, unknown> } & ToolCall;
    /** The registry's address, and what else is to be said of it. */
    readonly registry: string;
    /** Path of the administrator's kubeconfig. */
    readonly kubeconfig: string;
    /** What to try next, a command a line, and how it is all ended. */
    readonly next: { readonly commands: readonly string[]; readonly end: string };
}

export function summaryText({ servers, called, registry, kubeconfig, next }: Summary): string {
    const [first = ""] = servers;
    return `
An MCP server answers.

  gateway     ${servers.join("\n              ")}
  registry    ${registry}
  kubeconfig  ${kubeconfig}

  tools/list  ${called.server}: ${called.tools.length} tools: ${called.tools.join(", ")}
  ${callText(called)}

Try next:

  claude mcp add --transport http everything ${first}
  ${next.commands.join("\n  ")}

${next.end}
`;
}

function callText({ tool, args, answer, milliseconds }: Summary["called"]): string {
    if (answer === undefined)
        return `tools/call  not tried: the server has no tool "${tool}"    (connected and listed in ${milliseconds} ms)`;
    return `tools/call  ${tool} ${JSON.stringify(args)}
              → ${JSON.stringify(answer)}    (connected, listed and called in ${milliseconds} ms)`;
}
