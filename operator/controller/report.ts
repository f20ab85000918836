/** Writes the status of a server and records events, as seldom as honesty allows. */
import { API_VERSION, KIND, type MCPServer, type MCPServerStatus } from "../api/mcpserver.ts";
import { apply } from "../kubernetes/apply.ts";
import { isNotFound } from "../kubernetes/client.ts";
import { keyOf, type KubernetesObject } from "../kubernetes/objects.ts";
import { MCP_SERVERS, type ControllerContext } from "./context.ts";
import { changeOf } from "./status.ts";

/** A new server that is on its way is not reported as "not ready" for so long: it may well be ready by then. */
const PATIENCE_MS = 2000;
/** Changes of wording alone are written this seldom. */
const WORDING_MS = 15_000;

export class Reporter {
    readonly #context: ControllerContext;
    readonly #writtenAt = new Map<string, number>();

    constructor(context: ControllerContext) {
        this.#context = context;
    }

    /**
     * Writes the status if someone would see a difference.
     * @param settling whether nothing is wrong and the status is about to change by itself
     * @returns milliseconds after which to come again with what was held back
     */
    async report(server: MCPServer, status: MCPServerStatus, settling: boolean): Promise<number | undefined> {
        const key = keyOf(server);
        const change = changeOf(server.status, status);
        if (change === "none") return undefined;
        const age = Date.now() - Date.parse(String(server.metadata["creationTimestamp"]));
        if (settling && !server.status?.conditions && age < PATIENCE_MS) return PATIENCE_MS - age;
        const since = Date.now() - (this.#writtenAt.get(key) ?? 0);
        if (change === "text" && since < WORDING_MS) return WORDING_MS - since;
        const { name, namespace } = server.metadata;
        const desired = { apiVersion: API_VERSION, kind: KIND, metadata: { name, namespace }, status };
        try {
            const after = await apply<KubernetesObject>(this.#context.client, MCP_SERVERS, namespace, desired, "status");
            this.#context.caches.servers.observe(after);
        } catch (error) {
            // Deleted meanwhile: there is nobody left to tell.
            if (isNotFound(error)) return undefined;
            throw error;
        }
        this.#writtenAt.set(key, Date.now());
        await this.#tell(server, status, settling);
        return undefined;
    }

    forget(key: string): void {
        this.#writtenAt.delete(key);
    }

    async #tell(server: MCPServer, status: MCPServerStatus, settling: boolean): Promise<void> {
        const [before, after] = [readyOf(server.status), readyOf(status)];
        if (!after || (before?.status === after.status && before.reason === after.reason)) return;
        const about = server as unknown as KubernetesObject;
        const { name } = server.metadata;
        this.#context.logger.info("status changed", { server: name, ready: after.status, reason: after.reason, why: after.message });
        if (after.status === "True" && before) await this.#context.events.record(about, "Normal", after.reason, after.message);
        if (after.status !== "True" && !settling) await this.#context.events.record(about, "Warning", after.reason, after.message);
    }
}

function readyOf(status: MCPServerStatus | undefined) {
    return status?.conditions?.find(({ type }) => type === "Ready");
}
