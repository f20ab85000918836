/** Providers that the program does not name: the engine makes one per package and version, as the official engine does. */
import { UserError } from "../../common/errors.ts";
import { noOptions } from "../steps/goal.ts";
import { formatProviderReference, providerType } from "../urn.ts";
import { Secret, type PropertyMap } from "../values.ts";
import type { Deployment } from "./deployment.ts";
import { registerOwned } from "./registration.ts";

/**
 * The reference of the default provider of a package, made on first use with the stack's settings for that package.
 * @param subject what needs it, for messages
 * @param internals inputs that are the engine's business
 */
export function defaultProvider(
    deployment: Deployment,
    packageName: string,
    version: string,
    subject: string,
    internals: PropertyMap = {},
): Promise<string> {
    const disabled = disabledPackages(deployment.run.config["pulumi:disable-default-providers"]);
    if (disabled.has(packageName) || disabled.has("*")) {
        throw new UserError(
            `The default provider for ${packageName} is disabled by the setting pulumi:disable-default-providers. Pass a provider to ${subject}.`,
        );
    }
    const name = version ? `default_${version.replaceAll(/[.+-]/g, "_")}` : "default";
    const key = `${packageName} ${name}`;
    let reference = deployment.defaultProviders.get(key);
    if (!reference) {
        reference = makeDefaultProvider(deployment, packageName, name, version, internals);
        deployment.defaultProviders.set(key, reference);
    }
    return reference;
}

async function makeDefaultProvider(
    deployment: Deployment,
    packageName: string,
    name: string,
    version: string,
    internals: PropertyMap,
): Promise<string> {
    const { state } = await registerOwned(deployment, {
        type: providerType(packageName),
        name,
        custom: true,
        inputs: { ...settingsOf(deployment, packageName), ...(version && { version }), ...internals },
        ...noOptions,
        version,
    });
    return formatProviderReference({ urn: state.urn, id: state.id ?? "" });
}

function settingsOf(deployment: Deployment, packageName: string): PropertyMap {
    const { config, configSecretKeys } = deployment.run;
    const prefix = `${packageName}:`;
    return Object.fromEntries(
        Object.entries(config)
            .filter(([key]) => key.startsWith(prefix))
            .map(([key, value]) => [key.slice(prefix.length), configSecretKeys.includes(key) ? new Secret(value) : value]),
    );
}

function disabledPackages(setting: string | undefined): ReadonlySet<unknown> {
    if (!setting) return new Set();
    try {
        const parsed: unknown = JSON.parse(setting);
        if (Array.isArray(parsed)) return new Set(parsed);
    } catch {
        // said below
    }
    throw new UserError(
        `The setting pulumi:disable-default-providers is not a list of packages: ${setting}. Write it as ["kubernetes"], or ["*"] for all.`,
    );
}
