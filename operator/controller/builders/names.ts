/** Builders turn an MCPServer into the objects it needs. They do no input or output: same server in, same objects out. */
import { KIND, API_VERSION, type MCPServer } from "../../api/mcpserver.ts";
import { FIELD_MANAGER } from "../../kubernetes/apply.ts";
import type { ObjectMeta, OwnerReference } from "../../kubernetes/objects.ts";

/** What the platform decides for all servers. */
export interface Platform {
    /** Image that holds the bridge and the package installer. */
    readonly operatorImage: string;
    /** Name of the Secret with which images are pulled unless a server names others. */
    readonly imagePullSecret?: string;
    /** Base URL of the npm registry packages come from; default npm's own. */
    readonly npmRegistry?: string;
}

/** Names the server an object belongs to; Services and Deployments select by it. */
export const SERVER_LABEL = "mcpruntime.org/server";
/** On an MCPServer: a new value restarts its pods, for example after a Secret has changed. */
export const RESTART_ANNOTATION = "mcpruntime.org/restart";
export const MANAGED_BY_LABEL = "app.kubernetes.io/managed-by";
/** Selects everything the operator has made. */
export const MANAGED_SELECTOR = `${MANAGED_BY_LABEL}=${FIELD_MANAGER}`;

export function labelsOf(server: MCPServer): Record<string, string> {
    const { name } = server.metadata;
    return { "app.kubernetes.io/name": name, [MANAGED_BY_LABEL]: FIELD_MANAGER, [SERVER_LABEL]: name };
}

/** The metadata of an object that lives and dies with its server. */
export function ownedMetadata(server: MCPServer): ObjectMeta {
    const { name, namespace, uid } = server.metadata;
    const owner: OwnerReference = { apiVersion: API_VERSION, kind: KIND, name, uid, controller: true };
    return { name, namespace, labels: labelsOf(server), ownerReferences: [owner] };
}
