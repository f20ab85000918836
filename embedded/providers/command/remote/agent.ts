import { createConnection } from "node:net";

export interface AgentState {
    /** A socket at which an agent answers. */
    readonly socket?: string;
    /** Why the agent is not used. */
    readonly problem?: string;
    /** Whether the program asks for this agent, so that it should know. */
    readonly asked: boolean;
}

/** The agent at the path, else at `SSH_AUTH_SOCK`; undefined when neither names one. */
export async function usableAgent(path: string | undefined): Promise<AgentState | undefined> {
    const asked = Boolean(path);
    const socket = path || process.env["SSH_AUTH_SOCK"];
    if (!socket) return undefined;
    const name = asked ? "agentSocketPath" : "SSH_AUTH_SOCK";
    return await new Promise((resolve) => {
        const connection = createConnection(socket);
        connection.once("connect", () => {
            connection.destroy();
            resolve({ socket, asked });
        });
        connection.once("error", (error: NodeJS.ErrnoException) =>
            resolve({ problem: `no agent answers at ${name} ("${socket}": ${error.code ?? error.message})`, asked }),
        );
    });
}
