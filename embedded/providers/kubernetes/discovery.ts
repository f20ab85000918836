import type { Client } from "./client.ts";
import { isNotFound, NoKindError } from "./errors.ts";
import { apiVersionOf, type GroupVersionKind } from "./kinds.ts";

/** Where objects of a kind are found. */
export interface ResourcePath {
    readonly namespaced: boolean;
    /** The path of one object, or with an empty name of the collection. */
    path(namespace: string | undefined, name: string): string;
}

/** `apidiscovery.k8s.io/v2` APIGroupDiscoveryList, as far as it is read here. */
interface GroupDiscoveryList {
    readonly kind: string;
    readonly items?: readonly {
        readonly metadata?: { readonly name?: string };
        readonly versions?: readonly {
            readonly version: string;
            readonly resources?: readonly {
                readonly resource: string;
                readonly scope: string;
                readonly responseKind?: { readonly kind: string };
            }[];
        }[];
    }[];
}

/** The list of one group and version, from servers older than aggregated discovery. */
interface ResourceList {
    readonly resources?: readonly { readonly name: string; readonly kind: string; readonly namespaced: boolean }[];
}

const AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json";

/** How long after a look-up in vain the server is not asked again. Milliseconds. */
const RETRY_AFTER_MS = 250;

type Table = ReadonlyMap<string, ResourcePath>;

/** Which kinds a server has: asked once per run, and again for a kind that was not there, as after a CRD was created. */
export class Discovery {
    readonly #client: Client;
    #aggregated = true;
    readonly #tables = new Map<string, { readonly since: number; readonly table: Promise<Table> }>();

    constructor(client: Client) {
        this.#client = client;
    }

    /** @throws NoKindError when the server does not have the kind */
    async find(kind: GroupVersionKind): Promise<ResourcePath> {
        const found = await this.lookUp(kind);
        if (found) return found;
        const apiVersion = apiVersionOf(kind);
        throw new NoKindError(
            `the cluster does not know the kind ${kind.kind} of ${apiVersion}. Create the CustomResourceDefinition first and let this resource depend on it, or correct apiVersion and kind`,
        );
    }

    async lookUp(kind: GroupVersionKind): Promise<ResourcePath | undefined> {
        const root = kind.group ? "/apis" : "/api";
        const asked = this.#tables.get(root);
        const table = await (asked ?? this.#ask(root)).table;
        const found = table.get(keyOf(kind));
        if (found || !asked || Date.now() - asked.since < RETRY_AFTER_MS) return found ?? (await this.#single(kind));
        return (await this.#ask(root).table).get(keyOf(kind)) ?? (await this.#single(kind));
    }

    /** Has the server asked again at the next look-up: a kind that it had may be gone. */
    forget(): void {
        this.#tables.clear();
    }

    #ask(root: string): { readonly since: number; readonly table: Promise<Table> } {
        const entry = { since: Date.now(), table: this.#fetch(root) };
        entry.table.catch(() => this.#tables.delete(root));
        this.#tables.set(root, entry);
        return entry;
    }

    async #fetch(root: string): Promise<Table> {
        const { body } = await this.#client.request<GroupDiscoveryList>("GET", root, { accept: AGGREGATED });
        const table = new Map<string, ResourcePath>();
        for (const { metadata, versions } of body.items ?? []) {
            const group = metadata?.name ?? "";
            for (const { version, resources } of versions ?? []) {
                for (const { resource, scope, responseKind } of resources ?? []) {
                    if (responseKind)
                        table.set(
                            keyOf({ group, version, kind: responseKind.kind }),
                            pathOf(group, version, resource, scope === "Namespaced"),
                        );
                }
            }
        }
        this.#aggregated = body.kind === "APIGroupDiscoveryList";
        return table;
    }

    /** Only for servers that have no aggregated discovery: the list of the kind's own group and version. */
    async #single({ group, version, kind }: GroupVersionKind): Promise<ResourcePath | undefined> {
        if (this.#aggregated) return undefined;
        try {
            const list = await this.#client.get<ResourceList>(group ? `/apis/${group}/${version}` : `/api/${version}`);
            const found = list.resources?.find((resource) => resource.kind === kind && !resource.name.includes("/"));
            return found && pathOf(group, version, found.name, found.namespaced);
        } catch (error) {
            if (isNotFound(error)) return undefined;
            throw error;
        }
    }
}

const keyOf = ({ group, version, kind }: GroupVersionKind): string => `${group}/${version}/${kind}`;

function pathOf(group: string, version: string, resource: string, namespaced: boolean): ResourcePath {
    const root = group ? `/apis/${group}/${version}` : `/api/${version}`;
    return {
        namespaced,
        path: (namespace, name) => {
            const folder = namespaced && namespace ? `${root}/namespaces/${encodeURIComponent(namespace)}` : root;
            return `${folder}/${resource}${name ? `/${encodeURIComponent(name)}` : ""}`;
        },
    };
}
