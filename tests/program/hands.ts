/**
 * A double of everything that acts on objects in a cluster (controllers, kubelets, the edge, the operator): it says of
 * each object at once what they would say in the end, so that the program can be applied to an API server alone.
 */
import { setTimeout as delay } from "node:timers/promises";
import type { Api } from "./api.ts";
import type { Properties } from "./run.ts";

interface Stored {
    readonly metadata: {
        readonly name: string;
        readonly namespace?: string;
        readonly generation?: number;
        readonly deletionTimestamp?: string;
        readonly finalizers?: string[];
    };
    readonly spec?: Properties;
    readonly status?: Properties;
}

const now = () => new Date().toISOString();
const condition = (type: string, reason: string) => ({
    type,
    status: "True",
    reason,
    message: "said by a double",
    lastTransitionTime: now(),
});

/** Collections that are watched over, and the status each object gets once per generation. */
const STATUS: Readonly<Record<string, (object: Stored) => Properties>> = {
    "/apis/apps/v1/deployments": ({ metadata }) => ({
        observedGeneration: metadata.generation,
        replicas: 1,
        updatedReplicas: 1,
        readyReplicas: 1,
        availableReplicas: 1,
        conditions: [condition("Available", "MinimumReplicasAvailable"), condition("Progressing", "NewReplicaSetAvailable")],
    }),
    "/api/v1/persistentvolumeclaims": () => ({ phase: "Bound" }),
    "/apis/networking.k8s.io/v1/ingresses": () => ({ loadBalancer: { ingress: [{ ip: "127.0.0.1" }] } }),
    "/apis/mcpruntime.org/v1alpha1/mcpservers": ({ metadata }) => ({
        observedGeneration: metadata.generation,
        conditions: [{ ...condition("Ready", "Verified"), observedGeneration: metadata.generation }],
    }),
};

function pathOf(collection: string, { metadata }: Stored): string {
    const [, root = "", plural = ""] = /^(.*)\/([^/]+)$/.exec(collection) ?? [];
    return `${root}/${metadata.namespace === undefined ? "" : `namespaces/${metadata.namespace}/`}${plural}/${metadata.name}`;
}

/** Collections of which nothing is said, but whose objects wait for a garbage collector when they are deleted in the foreground. */
const SILENT = [
    "/api/v1/secrets",
    "/api/v1/configmaps",
    "/api/v1/serviceaccounts",
    "/api/v1/services",
    "/apis/networking.k8s.io/v1/networkpolicies",
    "/apis/networking.k8s.io/v1/ingressclasses",
    "/apis/rbac.authorization.k8s.io/v1/roles",
    "/apis/rbac.authorization.k8s.io/v1/rolebindings",
    "/apis/rbac.authorization.k8s.io/v1/clusterroles",
    "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
    "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
];

const MERGE = { "content-type": "application/merge-patch+json" };

/** What controllers take away once nothing depends on an object. */
const WAITING: readonly string[] = ["foregroundDeletion", "kubernetes.io/pvc-protection"];

async function release(api: Api, path: string, { metadata }: Stored): Promise<void> {
    const finalizers = metadata.finalizers ?? [];
    const rest = finalizers.filter((name) => !WAITING.includes(name));
    if (rest.length < finalizers.length) await api.request("PATCH", path, { metadata: { finalizers: rest } }, MERGE);
}

/** Acts until `signal` is aborted; resolves then. */
export async function actOn(api: Api, signal: AbortSignal): Promise<void> {
    const said = new Map<string, number>();
    const list = async (collection: string) => ((await api.request("GET", collection)).body["items"] ?? []) as Stored[];
    while (!signal.aborted) {
        for (const [collection, statusOf] of Object.entries(STATUS)) {
            for (const object of await list(collection)) {
                const path = pathOf(collection, object);
                if (object.metadata.deletionTimestamp) await release(api, path, object);
                else if (said.get(path) !== (object.metadata.generation ?? 0)) {
                    await api.request("PATCH", `${path}/status`, { status: statusOf(object) }, MERGE);
                    said.set(path, object.metadata.generation ?? 0);
                }
            }
        }
        for (const collection of SILENT) {
            for (const object of await list(collection)) {
                if (object.metadata.deletionTimestamp) await release(api, pathOf(collection, object), object);
            }
        }
        for (const service of await list("/api/v1/services")) {
            const key = `${service.metadata.namespace}/${service.metadata.name}`;
            if (said.has(key) || !service.spec?.["selector"]) continue;
            said.set(key, 0);
            await giveEndpoints(api, service);
        }
        for (const namespace of await list("/api/v1/namespaces")) {
            if (!namespace.metadata.deletionTimestamp) continue;
            const path = pathOf("/api/v1/namespaces", namespace);
            await release(api, path, namespace);
            await api.request("PUT", `${path}/finalize`, { metadata: { name: namespace.metadata.name }, spec: { finalizers: [] } });
        }
        await delay(150);
    }
}

async function giveEndpoints(api: Api, { metadata }: Stored): Promise<void> {
    const slice = {
        metadata: { name: metadata.name, labels: { "kubernetes.io/service-name": metadata.name } },
        addressType: "IPv4",
        ports: [{ name: "http", port: 8080, protocol: "TCP" }],
        endpoints: [{ addresses: ["10.244.1.10"], conditions: { ready: true, serving: true } }],
    };
    await api.request("POST", `/apis/discovery.k8s.io/v1/namespaces/${metadata.namespace}/endpointslices`, slice);
}
