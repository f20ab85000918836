import { setTimeout as sleep } from "node:timers/promises";
import { Watches } from "./await/watches.ts";
import { Client } from "./client.ts";
import { Discovery, type ResourcePath } from "./discovery.ts";
import { explain, isNamespaceLeaving, NoKindError } from "./errors.ts";
import { loadKubeConfig, type KubeConfig } from "./kubeconfig.ts";
import type { GroupVersionKind } from "./kinds.ts";
import { kindOf, type Manifest } from "./manifest.ts";
import type { Options } from "./options.ts";
import { holds } from "./remove.ts";

/** The cluster that a provider works on. Nothing is read and nothing is asked before it is needed. */
export class Cluster {
    readonly #options: Options;
    #config: KubeConfig | undefined;
    #client: Client | undefined;
    #discovery: Discovery | undefined;
    #watches: Watches | undefined;

    constructor(options: Options) {
        this.#options = options;
    }

    get #kubeconfig(): KubeConfig {
        return (this.#config ??= loadKubeConfig(this.#options));
    }

    get client(): Client {
        return (this.#client ??= new Client(this.#kubeconfig));
    }

    get discovery(): Discovery {
        return (this.#discovery ??= new Discovery(this.client));
    }

    get watches(): Watches {
        return (this.#watches ??= new Watches(this.client));
    }

    /** The namespace of objects that name none: the provider's, the context's, or `default`. */
    defaultNamespace(): string {
        if (this.#options.namespace) return this.#options.namespace;
        try {
            return this.#kubeconfig.namespace || "default";
        } catch {
            return "default"; // A preview does without a kubeconfig; everything else will say what is wrong with it.
        }
    }

    /** The collection of a kind; waits a little for a kind that is not there yet, because its definition may just be on its way. */
    async find(kind: GroupVersionKind, signal?: AbortSignal, patienceMs = 0): Promise<ResourcePath> {
        const deadline = Date.now() + patienceMs;
        for (let delay = 300; ; delay *= 1.5) {
            try {
                return await this.discovery.find(kind);
            } catch (error) {
                if (!(error instanceof NoKindError) || Date.now() + delay > deadline) throw error;
            }
            await sleep(delay, undefined, { signal });
        }
    }

    /** The path of an object; cluster-scoped kinds have no namespace whatever their metadata says. */
    async pathOf(object: Manifest, signal?: AbortSignal, patienceMs = 0): Promise<string> {
        const resource = await this.find(kindOf(object), signal, patienceMs);
        const namespace = resource.namespaced ? (object.metadata.namespace ?? this.defaultNamespace()) : undefined;
        return resource.path(namespace, object.metadata.name ?? "");
    }

    async get(path: string, signal?: AbortSignal, status?: (text: string) => void): Promise<Manifest> {
        return (await this.client.request<Manifest>("GET", path, { signal, ...(status && { status }) })).body;
    }

    /** As {@link explain}, with what holds a namespace that is being deleted. */
    async explain(doing: string, object: Manifest, error: unknown): Promise<Error> {
        const name = object.metadata.namespace ?? this.defaultNamespace();
        if (!isNamespaceLeaving(error)) return explain(doing, object, error);
        const namespace = await this.get(`/api/v1/namespaces/${name}`).catch(() => undefined);
        const why = namespace ? holds(namespace) : "";
        return explain(doing, object, error, why && `; the namespace ${name} is still there${why}`);
    }

    async close(): Promise<void> {
        this.#watches?.close();
        await this.#client?.close();
    }
}
