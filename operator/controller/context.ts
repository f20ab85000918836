/**
 * The controller of MCPServers: watches, compares what should be with what is, applies the difference, verifies servers through
 * the gateway and reports. What should be is decided by the builders, what to say by `availability` and `status`, all pure.
 */
import { API_VERSION, KIND, PLURAL } from "../api/mcpserver.ts";
import type { Logger } from "../common/log.ts";
import type { ApiClient } from "../kubernetes/client.ts";
import type { EventRecorder } from "../kubernetes/events.ts";
import type { KubernetesObject, Resource } from "../kubernetes/objects.ts";
import type { Reflector } from "../kubernetes/reflector.ts";
import type { Pod } from "./availability.ts";
import type { Deployment } from "./builders/deployment.ts";
import type { Service } from "./builders/service.ts";
import { SERVER_LABEL } from "./builders/names.ts";
import type { Prober } from "./prober.ts";
import type { ControllerSettings } from "./settings.ts";

export const MCP_SERVERS: Resource = { apiVersion: API_VERSION, kind: KIND, plural: PLURAL };

/** What a stored MCPServer surely has; the rest is checked before it is used. */
export type StoredServer = KubernetesObject & { readonly spec?: unknown; readonly status?: unknown };

export interface Caches {
    readonly servers: Reflector<StoredServer>;
    readonly deployments: Reflector<Deployment>;
    readonly services: Reflector<Service>;
    readonly pods: Reflector<Pod>;
}

export interface ControllerContext {
    readonly settings: ControllerSettings;
    readonly client: Pick<ApiClient, "request">;
    readonly caches: Caches;
    readonly prober: Prober;
    readonly events: EventRecorder;
    readonly logger: Logger;
}

/** The key of the server an object belongs to, if it says so. */
export function serverKeyOf(object: KubernetesObject | undefined): string | undefined {
    const name = object?.metadata.labels?.[SERVER_LABEL];
    return name === undefined ? undefined : `${object?.metadata.namespace ?? ""}/${name}`;
}
