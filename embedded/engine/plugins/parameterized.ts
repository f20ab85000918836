/** Packages that a plugin serves after it was told a parameter: what their provider resources keep of it, as Pulumi does. */
import { plain } from "../secretness.ts";
import { isObject, type PropertyMap } from "../values.ts";
import type { PluginRequest } from "./locate.ts";

export interface Parameter {
    /** The package that the plugin then serves, and its version. */
    readonly name: string;
    readonly version: string;
    /** What the plugin understands by it, as Base64. */
    readonly value: string;
}

/** The plugin of a package, and what it is told first; `name` is the package's. */
export interface PackageRequest {
    readonly name: string;
    readonly plugin: PluginRequest;
    readonly parameter?: Parameter | undefined;
}

/** The key of provider resources under which the engine keeps what is none of the provider's business. */
export const INTERNAL = "__internal";

/** The inputs of a provider resource for a package with a parameter. */
export function internalInputs({ plugin, parameter }: PackageRequest): PropertyMap {
    if (!parameter) return {};
    const { name, version } = plugin;
    return { version: parameter.version, [INTERNAL]: { name, ...(version && { version }), parameterization: parameter.value } };
}

/**
 * What the inputs of a provider resource say of its plugin.
 * @param version of the program's package, where they say none
 */
export function packageRequest(name: string, inputs: PropertyMap, version: string): PackageRequest {
    const { version: kept, [INTERNAL]: internal } = plain(inputs);
    const own = version || (typeof kept === "string" ? kept : "");
    if (!isObject(internal) || typeof internal["parameterization"] !== "string") return { name, plugin: { name, version: own } };
    const { name: plugin, version: pluginVersion, parameterization } = internal;
    return {
        name,
        plugin: { name: typeof plugin === "string" ? plugin : name, version: typeof pluginVersion === "string" ? pluginVersion : "" },
        parameter: { name, version: typeof kept === "string" ? kept : own, value: parameterization },
    };
}
