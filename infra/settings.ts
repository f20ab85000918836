/**
 * Settings: what a stack's configuration may say, checked as a whole before anything is made. `Pulumi.yaml` lists every
 * key with its default; `docs/settings.md` explains them.
 */
import { z } from "zod";
import { RESOURCE_PROFILES, type ResourceProfile } from "../components/workloads/resources.ts";
import { embeddedSettings } from "../stacks/embedded.ts";
import { existingSettings } from "../stacks/existing.ts";
import { k3sSettings } from "../stacks/k3s.ts";
import { kindSettings } from "../stacks/kind.ts";
import { minikubeSettings } from "../stacks/minikube.ts";
import {
    adminsSchema,
    frontDoorSchema,
    imagesSchema,
    ingressSchema,
    loginSchema,
    meshSchema,
    registrySchema,
    storageSchema,
    tlsSchema,
    versionsSchema,
} from "./schema/platform.ts";
import { apexDomain, repository } from "./schema/primitives.ts";
import { serversSchema } from "./schema/servers.ts";
import { SettingsError, sentenceOf } from "./settings-error.ts";

export { SettingsError } from "./settings-error.ts";

/** The project's name, and the namespace of its keys. */
export const PROJECT = "mcp-platform";

export const settingsSchema = z.strictObject({
    domain: apexDomain.default("localhost"),
    platformMode: z.enum(["tenant", "org", "public"]).default("tenant"),
    strictProd: z.boolean().default(false),
    topology: z
        .discriminatedUnion("kind", [embeddedSettings, kindSettings, minikubeSettings, k3sSettings, existingSettings])
        .prefault({ kind: "embedded" }),
    tls: tlsSchema.prefault({ mode: "internal" }),
    registry: registrySchema.prefault({ mode: "bundled-http" }),
    frontDoor: frontDoorSchema.prefault({ mode: "direct" }),
    ingress: ingressSchema.prefault({ owner: "platform" }),
    storage: storageSchema.prefault({ mode: "class" }),
    resourceProfile: z.enum(Object.keys(RESOURCE_PROFILES) as [ResourceProfile, ...ResourceProfile[]]).default("light"),
    admins: adminsSchema.default([]),
    login: loginSchema.optional(),
    mesh: meshSchema.prefault({}),
    versions: versionsSchema.prefault({}),
    images: imagesSchema.prefault({}),
    npmRegistry: z.url({ protocol: /^https?$/, error: "give a URL that begins with https:// or http://" }).optional(),
    pushImages: z.array(repository).default([]),
    servers: serversSchema.default({}),
});

export type Settings = z.output<typeof settingsSchema>;

/** The keys whose value is text as it is; all others are written as JSON in a stack's configuration. */
const TEXT_KEYS: ReadonlySet<string> = new Set(["domain", "platformMode", "resourceProfile", "npmRegistry"]);

function decode(key: string, value: string): unknown {
    if (TEXT_KEYS.has(key)) return value;
    try {
        return JSON.parse(value) as unknown;
    } catch {
        return value;
    }
}

/** The project's own settings among a configuration; keys may carry its name in front. Empty text is the same as absent. */
function ownSettings(config: Readonly<Record<string, string>>): Record<string, unknown> {
    const own = Object.entries(config).flatMap(([full, value]) => {
        const [namespace, key] = full.includes(":") ? (full.split(":", 2) as [string, string]) : [PROJECT, full];
        return namespace === PROJECT && value !== "" ? [[key, decode(key, value)] as const] : [];
    });
    return Object.fromEntries(own);
}

/**
 * Reads a stack's configuration, values as Pulumi hands them to a program: text, or JSON for what is not text.
 * @throws SettingsError with everything that is wrong, one sentence each: the key, what was found, what to do
 */
export function parseSettings(config: Readonly<Record<string, string>>): Settings {
    const own = ownSettings(config);
    const parsed = settingsSchema.safeParse(own, { reportInput: true });
    if (parsed.success) return parsed.data;
    throw new SettingsError(parsed.error.issues.flatMap((issue) => sentenceOf(issue, settingsSchema)));
}
