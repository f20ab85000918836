/** The providers of a run: made and configured once per provider resource, found by reference. */
import { UserError } from "../../common/errors.ts";
import type { Plugins } from "../plugins/index.ts";
import { INTERNAL, packageRequest, type PackageRequest } from "../plugins/parameterized.ts";
import type { ProviderTable, ResourceProvider } from "../provider.ts";
import { containsUnknown, plain } from "../secretness.ts";
import type { ResourceState } from "../state/snapshot.ts";
import { formatProviderReference, packageOf, parseProviderReference } from "../urn.ts";
import type { PropertyMap } from "../values.ts";

export interface LoadedProvider {
    readonly provider: ResourceProvider;
    /** False when its configuration is not known yet, in a preview: then it is asked nothing. */
    readonly known: boolean;
}

/** Inputs of a provider resource that are the engine's business and not part of the provider's configuration. */
const ENGINE_INPUTS = new Set(["version", INTERNAL]);

export function configurationOf(inputs: PropertyMap): PropertyMap {
    return plain(Object.fromEntries(Object.entries(inputs).filter(([key]) => !ENGINE_INPUTS.has(key))));
}

export class ProviderRegistry {
    readonly #table: ProviderTable;
    readonly #plugins: Plugins;
    readonly #olds: ReadonlyMap<string, ResourceState>;
    readonly #loaded = new Map<string, Promise<LoadedProvider>>();
    readonly #made: ResourceProvider[] = [];

    /** @param olds provider resources of the old state, by reference */
    constructor(table: ProviderTable, plugins: Plugins, olds: ReadonlyMap<string, ResourceState>) {
        this.#table = table;
        this.#plugins = plugins;
        this.#olds = olds;
    }

    /**
     * A provider that is not configured yet: the plugin that Pulumi.yaml names, the built-in one, or an installed plugin.
     * Packages with a parameter are those of plugins.
     * @throws UserError for a package that has none
     */
    make(request: PackageRequest): ResourceProvider {
        const { name, parameter } = request;
        const builtIn = Object.hasOwn(this.#table, name) && !parameter ? this.#table[name] : undefined;
        const builtInNames = Object.keys(this.#table).filter((known) => known !== "pulumi");
        const provider = this.#plugins.configured(request) ?? builtIn?.() ?? this.#plugins.installed(request, builtInNames.toSorted());
        this.#made.push(provider);
        return provider;
    }

    /** Configures a provider and makes it known under a reference, in place of an older one. */
    async use(urn: string, id: string, provider: ResourceProvider, inputs: PropertyMap): Promise<void> {
        const loading = this.#configure(urn, provider, inputs);
        this.#loaded.set(formatProviderReference({ urn, id }), loading);
        await loading;
    }

    async #configure(urn: string, provider: ResourceProvider, inputs: PropertyMap): Promise<LoadedProvider> {
        const configuration = configurationOf(inputs);
        await provider.configure(urn, configuration);
        return { provider, known: !containsUnknown(configuration) };
    }

    /** The provider of a reference: one of this run, or one of the old state, configured as it was then. */
    async get(reference: string): Promise<LoadedProvider> {
        const found = this.#loaded.get(reference);
        if (found) return await found;
        const old = this.#olds.get(reference);
        if (!old)
            throw new UserError(
                `The provider ${parseProviderReference(reference).urn} is not part of the stack. Pass a provider that the program creates.`,
            );
        const loading = (async () =>
            await this.#configure(old.urn, this.make(packageRequest(packageOf(old.type), old.inputs, "")), old.inputs))();
        this.#loaded.set(reference, loading);
        return await loading;
    }

    async close(): Promise<void> {
        await Promise.allSettled(this.#made.map((provider) => provider.close()));
        await this.#plugins.close();
    }
}
