/** Which servers there are and where their pods answer, kept from what the cluster tells. */
import { createHash } from "node:crypto";
import type { KubernetesObject, Resource } from "../kubernetes/objects.ts";

export const MCP_SERVERS: Resource = { apiVersion: "mcpruntime.org/v1alpha1", kind: "MCPServer", plural: "mcpservers" };
export const ENDPOINT_SLICES: Resource = { apiVersion: "discovery.k8s.io/v1", kind: "EndpointSlice", plural: "endpointslices" };

/** What the gateway reads of an MCPServer. */
export interface ServerObject extends KubernetesObject {
    readonly spec?: { readonly path?: string; readonly replicas?: number };
    readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string; readonly message: string }[] };
}

/** What the gateway reads of an EndpointSlice (discovery.k8s.io/v1). */
export interface SliceObject extends KubernetesObject {
    readonly endpoints?: readonly {
        readonly addresses: readonly string[];
        readonly conditions?: { readonly ready?: boolean };
        readonly targetRef?: { readonly uid?: string };
    }[];
    readonly ports?: readonly { readonly name?: string; readonly port?: number }[];
}

/** One pod of a server. */
export interface Endpoint {
    readonly address: string;
    readonly port: number;
    readonly ready: boolean;
    /** Stands for the pod in session ids; tells nothing about it. */
    readonly tag: string;
}

export interface Route {
    readonly server: string;
    /** Path at which the server's pods answer. */
    readonly path: string;
    readonly endpoints: readonly Endpoint[];
    /** Why there is no ready endpoint, in words of the MCPServer's own status. */
    readonly unavailable: string;
}

/** A cache of objects that is kept true by someone else. */
export interface ObjectCache<T> {
    readonly hasSynced: boolean;
    list(): readonly T[];
    get(key: string): T | undefined;
}

const SERVICE_LABEL = "kubernetes.io/service-name";
const PORT_NAME = "mcp";
const TAG_CHARACTERS = 12;
/** In the order in which they explain a missing pod. */
const EXPLAINING = ["Accepted", "Available", "Verified", "Ready"];

export class RouteTable {
    readonly #namespace: string;
    readonly #servers: ObjectCache<ServerObject>;
    readonly #slices: ObjectCache<SliceObject>;
    #endpoints: Map<string, Endpoint[]> | undefined;

    constructor(namespace: string, servers: ObjectCache<ServerObject>, slices: ObjectCache<SliceObject>) {
        this.#namespace = namespace;
        this.#servers = servers;
        this.#slices = slices;
    }

    /** True once everything has been seen once. */
    get hasSynced(): boolean {
        return this.#servers.hasSynced && this.#slices.hasSynced;
    }

    get size(): number {
        return this.#servers.list().length;
    }

    /** To be called after the EndpointSlices changed. */
    endpointsChanged(): void {
        this.#endpoints = undefined;
    }

    find(server: string): Route | undefined {
        const object = this.#servers.get(`${this.#namespace}/${server}`);
        if (!object) return undefined;
        this.#endpoints ??= endpointsByService(this.#slices.list());
        return { server, path: object.spec?.path ?? "/mcp", endpoints: this.#endpoints.get(server) ?? [], unavailable: reasonOf(object) };
    }
}

function endpointsByService(slices: readonly SliceObject[]): Map<string, Endpoint[]> {
    const found = new Map<string, Map<string, Endpoint>>();
    for (const slice of slices) {
        const service = slice.metadata.labels?.[SERVICE_LABEL];
        const port = (slice.ports?.find((p) => p.name === PORT_NAME) ?? slice.ports?.[0])?.port;
        if (!service || port === undefined) continue;
        const endpoints = found.get(service) ?? new Map<string, Endpoint>();
        found.set(service, endpoints);
        for (const { addresses, conditions, targetRef } of slice.endpoints ?? []) {
            const address = addresses[0];
            if (address === undefined) continue;
            // the same pod may be in two slices for a moment
            const key = `${address} ${port}`;
            const ready = conditions?.ready !== false || endpoints.get(key)?.ready === true;
            endpoints.set(key, { address, port, ready, tag: tagOf(service, targetRef?.uid ?? address) });
        }
    }
    return new Map([...found].map(([service, endpoints]) => [service, [...endpoints.values()]]));
}

/** A pod's mark in the ids of its sessions: it names the server too, so that a session of one is none of another. */
function tagOf(server: string, pod: string): string {
    return createHash("sha256").update(`${server}\n${pod}`).digest("base64url").slice(0, TAG_CHARACTERS);
}

function reasonOf({ spec, status }: ServerObject): string {
    if (spec?.replicas === 0) return "it is stopped (spec.replicas is 0)";
    const conditions = status?.conditions ?? [];
    for (const type of EXPLAINING) {
        const condition = conditions.find((each) => each.type === type);
        if (condition && condition.status !== "True" && condition.message) return condition.message;
    }
    return conditions.length ? "its pods are not ready" : "it is new";
}
