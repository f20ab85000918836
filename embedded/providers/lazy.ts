import type { ResourceProvider } from "../engine/provider.ts";

/**
 * A provider whose code is loaded at the first operation.
 * @param name the package's name, known without loading
 * @param version the version of the package whose semantics the provider follows
 */
export function lazyProvider(name: string, version: string, load: () => Promise<ResourceProvider>): ResourceProvider {
    let loaded: Promise<ResourceProvider> | undefined;
    const provider = (): Promise<ResourceProvider> => (loaded ??= load());
    return {
        name,
        version,
        checkConfig: async (...args) => (await provider()).checkConfig(...args),
        diffConfig: async (...args) => (await provider()).diffConfig(...args),
        configure: async (...args) => (await provider()).configure(...args),
        check: async (...args) => (await provider()).check(...args),
        diff: async (...args) => (await provider()).diff(...args),
        create: async (...args) => (await provider()).create(...args),
        update: async (...args) => (await provider()).update(...args),
        read: async (...args) => (await provider()).read(...args),
        delete: async (...args) => (await provider()).delete(...args),
        locate: async (...args) => (await provider()).locate?.(...args),
        invoke: async (token, inputs, context) => {
            const { invoke } = await provider();
            if (!invoke) throw new Error(`the embedded ${name} provider has no functions: ${token} is not supported`);
            return invoke(token, inputs, context);
        },
        close: async () => (await loaded)?.close(),
    };
}
