import type { CheckFailure } from "@pulumi/pulumi/provider/index.js";
import { Unknown, type PropertyMap, type PropertyValue } from "../../engine/values.ts";

/** The provider's own configuration, by the names it has in Pulumi. */
export interface Options {
    readonly kubeconfig: string | undefined;
    readonly context: string | undefined;
    readonly cluster: string | undefined;
    /** For namespaced objects that name none. */
    readonly namespace: string | undefined;
    readonly deleteUnreachable: boolean;
    readonly skipUpdateUnreachable: boolean;
    readonly enablePatchForce: boolean;
    readonly enableConfigMapMutable: boolean;
    readonly enableSecretMutable: boolean;
    readonly upsertExistingObjects: boolean;
}

/** Booleans with the environment variable that stands in for each. */
const FLAGS = {
    deleteUnreachable: "PULUMI_K8S_DELETE_UNREACHABLE",
    skipUpdateUnreachable: "PULUMI_K8S_SKIP_UPDATE_UNREACHABLE",
    enablePatchForce: "PULUMI_K8S_ENABLE_PATCH_FORCE",
    enableConfigMapMutable: "PULUMI_K8S_ENABLE_CONFIGMAP_MUTABLE",
    enableSecretMutable: "PULUMI_K8S_ENABLE_SECRET_MUTABLE",
    upsertExistingObjects: "PULUMI_K8S_UPSERT_EXISTING_OBJECTS",
} as const;

const TEXTS = ["kubeconfig", "context", "cluster", "namespace", "clusterIdentifier"] as const;

/** Accepted because they ask for nothing that is not done anyway: there are no such warnings, and no client that needs a limit. */
const WITHOUT_EFFECT: ReadonlySet<string> = new Set([
    "suppressDeprecationWarnings",
    "suppressHelmHookWarnings",
    "kubeClientSettings",
    "version",
    "pluginDownloadURL",
]);

const KNOWN: ReadonlySet<string> = new Set([...TEXTS, ...Object.keys(FLAGS), ...WITHOUT_EFFECT]);

/** What is wrong with a configuration. Unknown values are let through: they are checked once they are known. */
export function optionFailures(config: PropertyMap): CheckFailure[] {
    const failures: CheckFailure[] = [];
    const fail = (property: string, reason: string): unknown => failures.push({ property, reason });
    for (const [name, given] of Object.entries(config)) {
        const value = decode(given);
        if (value === undefined || value instanceof Unknown) continue;
        if (name === "enableServerSideApply") {
            if (value !== true)
                fail(
                    name,
                    "the embedded kubernetes provider always applies on the server: remove kubernetes:enableServerSideApply, or use the official engine",
                );
        } else if (!KNOWN.has(name)) {
            if (value !== false && value !== "")
                fail(
                    name,
                    `kubernetes:${name} is not supported by the embedded kubernetes provider: remove it, or use the official engine`,
                );
        } else if (name in FLAGS && typeof value !== "boolean") {
            fail(name, `kubernetes:${name} is true or false`);
        } else if ((TEXTS as readonly string[]).includes(name) && typeof value !== "string" && name !== "kubeconfig") {
            fail(name, `kubernetes:${name} is a text`);
        }
    }
    return failures;
}

export function readOptions(config: PropertyMap): Options {
    const text = (name: (typeof TEXTS)[number]): string | undefined => {
        const value = config[name];
        if (name === "kubeconfig" && typeof value === "object" && value !== null && !(value instanceof Unknown))
            return JSON.stringify(value);
        return typeof value === "string" && value ? value : undefined;
    };
    const flag = (name: keyof typeof FLAGS): boolean => (decode(config[name]) ?? process.env[FLAGS[name]] === "true") === true;
    return {
        kubeconfig: text("kubeconfig"),
        context: text("context"),
        cluster: text("cluster"),
        namespace: text("namespace"),
        deleteUnreachable: flag("deleteUnreachable"),
        skipUpdateUnreachable: flag("skipUpdateUnreachable"),
        enablePatchForce: flag("enablePatchForce"),
        enableConfigMapMutable: flag("enableConfigMapMutable"),
        enableSecretMutable: flag("enableSecretMutable"),
        upsertExistingObjects: flag("upsertExistingObjects"),
    };
}

/** Configuration of providers arrives JSON-encoded wherever it is not a text. */
function decode(value: PropertyValue | undefined): PropertyValue | undefined {
    if (value === null || value === "") return undefined;
    if (value === "true") return true;
    if (value === "false") return false;
    return value;
}
