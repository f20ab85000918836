import { MCP_PORT, type MCPServer } from "../../api/mcpserver.ts";
import type { KubernetesObject } from "../../kubernetes/objects.ts";
import { ownedMetadata, SERVER_LABEL } from "./names.ts";

export interface Service extends KubernetesObject {
    readonly spec: {
        readonly type: "ClusterIP";
        readonly selector: Readonly<Record<string, string>>;
        readonly ports: readonly { readonly name: string; readonly port: number; readonly targetPort: string; readonly protocol: "TCP" }[];
    };
}

/** The Service through which the gateway finds a server's pods: always port 8080, whatever port the server listens on. */
export function buildService(server: MCPServer): Service {
    return {
        apiVersion: "v1",
        kind: "Service",
        metadata: ownedMetadata(server),
        spec: {
            type: "ClusterIP",
            selector: { [SERVER_LABEL]: server.metadata.name },
            ports: [{ name: "mcp", port: MCP_PORT, targetPort: "mcp", protocol: "TCP" }],
        },
    };
}
