import { createConnection } from "node:net";

export interface AgentState {
    /** A socket at which an agent answers. */
    readonly socket?: string;
    /** Why the agent is not used. */
    readonly problem?: string;
}

/** The agent at the path, else at `SSH_AUTH_SOCK`; undefined when neither names one. */
export async function usableAgent(path: string | undefined): Promise<AgentState | undefined> {
    const socket = path ?? (process.env["SSH_AUTH_SOCK"] || undefined);
    if (socket === undefined) return undefined;
    const name = path === undefined ? "SSH_AUTH_SOCK" : "agentSocketPath";
    return await new Promise((resolve) => {
        const connection = createConnection(socket);
        connection.once("connect", () => {
            connection.destroy();
            resolve({ socket });
        });
        connection.once("error", (error: NodeJS.ErrnoException) =>
            resolve({ problem: `no agent answers at ${name} ("${socket}": ${error.code ?? error.message})` }),
        );
    });
}
