/** Schemas of what the platform itself is: certificates, registry, front door, ingress, storage, people. */
import { z } from "zod";
import { cidr, port } from "../../stacks/primitives.ts";
import { knownVersions, VERSIONED, type VersionedComponent } from "../../stacks/releases.ts";
import { imageReference, objectName, quantity } from "./primitives.ts";

const email = z.email("give an e-mail address such as admin@example.com");
const httpsUrl = z.url({ protocol: /^https$/, error: "give a URL that begins with https://" });

/** Where the certificate of the hosts comes from. */
export const tlsSchema = z.discriminatedUnion("mode", [
    z.strictObject({ mode: z.literal("internal") }),
    z.strictObject({
        mode: z.literal("acme"),
        email: email.describe("contact of the ACME account"),
        directory: z
            .union([z.enum(["production", "staging"]), httpsUrl])
            .default("production")
            .describe("Let's Encrypt's production or staging directory, or the URL of another"),
        certManager: z.enum(["install", "existing"]).default("install").describe("whether cert-manager is made here or is there already"),
    }),
    z.strictObject({ mode: z.literal("issuer"), clusterIssuer: objectName.describe("name of the ClusterIssuer that is there already") }),
    z.strictObject({
        mode: z.literal("secrets"),
        secrets: z
            .strictObject({ mcp: objectName, registry: objectName, platform: objectName })
            .describe("Secrets of type kubernetes.io/tls, by host"),
    }),
]);

/** Where images of MCP servers are kept. */
export const registrySchema = z.discriminatedUnion("mode", [
    z.strictObject({ mode: z.literal("bundled-https") }),
    z.strictObject({ mode: z.literal("bundled-http") }),
    z.strictObject({
        mode: z.literal("external"),
        url: z.string().min(1).describe("host of the registry, with a repository prefix if it wants one"),
        username: z.string().min(1).optional(),
        password: z.string().min(1).optional().describe("a secret"),
    }),
    z.strictObject({ mode: z.literal("kind-container"), port: port.default(5000).describe("port on 127.0.0.1") }),
]);

/** What stands between clients and the edge. */
export const frontDoorSchema = z.discriminatedUnion("mode", [
    z.strictObject({ mode: z.literal("direct") }),
    z.strictObject({ mode: z.literal("proxy"), trustedRanges: z.array(cidr) }),
    z.strictObject({ mode: z.literal("internal-lb"), trustedRanges: z.array(cidr).default([]) }),
]);

/** Whose ingress controller routes to the platform. */
export const ingressSchema = z.discriminatedUnion("owner", [
    z.strictObject({ owner: z.literal("platform") }),
    z.strictObject({ owner: z.literal("packaged") }),
    z.strictObject({
        owner: z.literal("existing"),
        class: objectName.describe("its IngressClass"),
        namespace: objectName.describe("where its pods are"),
        podLabels: z.record(z.string(), z.string()).describe("labels that select its pods"),
    }),
]);

const sizes = { registry: quantity.default("20Gi"), mesh: quantity.default("10Gi") };

/** Where volumes come from, and their sizes. */
export const storageSchema = z.discriminatedUnion("mode", [
    z.strictObject({ mode: z.literal("class"), class: objectName.optional(), ...sizes }),
    z.strictObject({ mode: z.literal("hostPath"), path: z.string(), node: objectName, ...sizes }),
]);

/** How people log in. */
export const loginSchema = z.discriminatedUnion("provider", [
    z.strictObject({ provider: z.literal("google"), clientId: z.string().min(1) }),
    z.strictObject({ provider: z.literal("oidc"), issuer: httpsUrl, audience: z.string().min(1), jwksUrl: httpsUrl }),
]);

export const adminsSchema = z.array(email);

export const meshSchema = z.strictObject({ mode: z.enum(["off", "bundled"]).default("off") });

const components = Object.keys(VERSIONED) as VersionedComponent[];
const version = (component: VersionedComponent) => z.enum(knownVersions(component)).default(knownVersions(component)[0]);

export const versionsSchema = z.strictObject(
    Object.fromEntries(components.map((component) => [component, version(component)])) as Record<
        VersionedComponent,
        ReturnType<typeof version>
    >,
);

const optionalImage = imageReference.optional();

export const imagesSchema = z.strictObject({
    operator: optionalImage,
    registry: optionalImage,
    traefik: optionalImage,
    certManagerController: optionalImage,
    certManagerCainjector: optionalImage,
    certManagerWebhook: optionalImage,
    certManagerSolver: optionalImage,
    meshRegistry: optionalImage,
    postgres: optionalImage,
});
