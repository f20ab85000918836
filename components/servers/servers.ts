/** MCP servers that the program itself declares. */
import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { partOf } from "../workloads/labels.ts";
import { mcpServerSpec, type McpServer } from "./server.ts";

export interface McpServersArgs {
    readonly namespace: pulumi.Input<string>;
    /** Servers by name. Plain: they decide which objects exist. */
    readonly servers: Readonly<Record<string, McpServer>>;
    /** The host of the platform's own registry, for images that name no registry. */
    readonly registryHost: string;
}

/** One MCPServer per entry, each awaited until a handshake through its public route has succeeded. */
export class McpServers extends pulumi.ComponentResource {
    constructor(name: string, args: McpServersArgs, opts?: pulumi.ComponentResourceOptions) {
        super("mcp:servers:McpServers", name, { names: Object.keys(args.servers) }, opts);
        for (const [server, settings] of Object.entries(args.servers)) {
            new kubernetes.apiextensions.CustomResource(
                `${name}-${server}`,
                {
                    apiVersion: "mcpruntime.org/v1alpha1",
                    kind: "MCPServer",
                    metadata: {
                        name: server,
                        namespace: args.namespace,
                        labels: partOf,
                        annotations: { "pulumi.com/waitFor": "condition=Ready" },
                    },
                    spec: mcpServerSpec(settings, args.registryHost),
                },
                { parent: this, customTimeouts: { create: "5m", update: "5m" } },
            );
        }
        this.registerOutputs({});
    }
}
