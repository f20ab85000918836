/** Schemas of what the platform itself is: certificates, registry, front door, ingress, storage, people. */
import { z } from "zod";
import { cidr, port } from "../../stacks/primitives.ts";
import { knownVersions, VERSIONED, type VersionedComponent } from "../../stacks/releases.ts";
import { email, httpsUrl, imageReference, labelKey, labelValue, objectName, quantity, subdomain, text, urlOf } from "./primitives.ts";

const DIRECTORY = 'use "production" or "staging", or give the URL of another directory, which begins with https://';

/** Where the certificate of the hosts comes from. */
export const tlsSchema = z.discriminatedUnion("mode", [
    z.strictObject({ mode: z.literal("internal") }).describe("an authority of the stack's own signs the hosts' certificate"),
    z
        .strictObject({
            mode: z.literal("acme"),
            email: email.describe("contact of the ACME account"),
            directory: z
                .union([z.enum(["production", "staging"]), urlOf(/^https$/, DIRECTORY)], { error: DIRECTORY })
                .default("production")
                .describe("Let's Encrypt's production or staging directory, or the URL of another"),
            certManager: z
                .enum(["install", "existing"])
                .default("install")
                .describe("whether cert-manager is made here or is there already"),
        })
        .describe("cert-manager gets a certificate for each host by ACME's HTTP-01 challenge"),
    z
        .strictObject({ mode: z.literal("issuer"), clusterIssuer: subdomain.describe("name of the ClusterIssuer") })
        .describe("a ClusterIssuer of a cert-manager that is there already issues them"),
    z
        .strictObject({
            mode: z.literal("secrets"),
            secrets: z
                .strictObject({
                    mcp: subdomain.describe("Secret for `mcp.<domain>`, in the namespace `mcp-runtime`"),
                    registry: subdomain.describe("Secret for `registry.<domain>`, in the namespace `registry`"),
                    platform: subdomain.describe("Secret for `platform.<domain>`, in the namespace `mcp-runtime`"),
                })
                .describe("names of Secrets of type `kubernetes.io/tls`"),
        })
        .describe("they are in Secrets that are there already"),
]);

/** Where images of MCP servers are kept. */
export const registrySchema = z.discriminatedUnion("mode", [
    z
        .strictObject({ mode: z.literal("bundled-https") })
        .describe("a registry in the cluster that speaks TLS itself, under an authority of its own"),
    z.strictObject({ mode: z.literal("bundled-http") }).describe("a registry in the cluster without TLS, for machines of one's own"),
    z
        .strictObject({
            mode: z.literal("external"),
            url: text("give a host such as registry.example.com/mcp-runtime").describe(
                "host of the registry, with an optional port and repository prefix",
            ),
            username: text("give the name of a user").optional().describe("user that images are pulled with"),
            password: text("give a password, encrypted").optional().describe("the user's password, encrypted"),
        })
        .describe("a registry that is there already, reached by HTTPS"),
    z
        .strictObject({ mode: z.literal("kind-container"), port: port.default(5000).describe("port on 127.0.0.1") })
        .describe("a container beside the nodes of kind: `localhost:<port>` from this machine, `kind-registry:5000` from pods"),
]);

const trustedRanges = z
    .array(cidr, { error: "give a list of address ranges such as [203.0.113.0/24]" })
    .describe("ranges it connects from, whose word on the client's address and scheme is believed");

/** What stands between clients and the edge. */
export const frontDoorSchema = z.discriminatedUnion("mode", [
    z.strictObject({ mode: z.literal("direct") }).describe("nothing: DNS leads to the edge"),
    z.strictObject({ mode: z.literal("proxy"), trustedRanges }).describe("a public reverse proxy, such as Cloudflare or a WAF"),
    z
        .strictObject({ mode: z.literal("internal-lb"), trustedRanges: trustedRanges.default([]) })
        .describe("a load balancer or proxy of the organization's own network"),
]);

/** Whose ingress controller routes to the platform. */
export const ingressSchema = z.discriminatedUnion("owner", [
    z.strictObject({ owner: z.literal("platform") }).describe("Traefik is made here; k3s's own is off"),
    z.strictObject({ owner: z.literal("packaged") }).describe("k3s's own Traefik is configured; k3s only"),
    z
        .strictObject({
            owner: z.literal("existing"),
            class: subdomain.describe("its IngressClass"),
            namespace: objectName.describe("namespace of its pods"),
            podLabels: z.record(labelKey, labelValue).describe("labels that select its pods"),
        })
        .describe("a controller that others run"),
]);

const sizes = {
    registry: quantity.default("20Gi").describe("size of the registry's volume"),
    mesh: quantity.default("10Gi").describe("size of the mesh database's volume"),
};

/** Where volumes come from, and their sizes. */
export const storageSchema = z.discriminatedUnion("mode", [
    z
        .strictObject({
            mode: z.literal("class"),
            class: subdomain.optional().describe("name of the StorageClass; default: the topology's"),
            ...sizes,
        })
        .describe("a StorageClass makes them"),
    z
        .strictObject({
            mode: z.literal("hostPath"),
            path: text("give an absolute path such as /var/lib/mcp-platform").describe("folder on the node, absolute"),
            node: subdomain.describe("name of the node"),
            ...sizes,
        })
        .describe("they are folders of one node"),
]);

/** How people log in. */
export const loginSchema = z.discriminatedUnion("provider", [
    z
        .strictObject({
            provider: z.literal("google"),
            clientId: z
                .string()
                .regex(/^[\w-]+\.apps\.googleusercontent\.com$/, "give an OAuth client's ID, which ends with .apps.googleusercontent.com")
                .describe("ID of the OAuth client"),
        })
        .describe("with Google accounts"),
    z
        .strictObject({
            provider: z.literal("oidc"),
            issuer: httpsUrl.describe("URL of the issuer, as its tokens have it in `iss`"),
            audience: text("give the audience").describe("what tokens have in `aud`"),
            jwksUrl: httpsUrl.describe("URL of its keys"),
        })
        .describe("with any OpenID Connect provider"),
]);

export const adminsSchema = z.array(email, { error: "give a list of e-mail addresses such as [admin@example.com]" });

export const meshSchema = z.strictObject({
    mode: z.enum(["off", "bundled"]).default("off").describe("`bundled` makes the registry of mesh agents and its Postgres database"),
});

const TITLES: Readonly<Record<VersionedComponent, string>> = {
    traefik: "Traefik",
    registry: "the image registry",
    certManager: "cert-manager",
    meshRegistry: "the mesh registry",
    postgres: "Postgres",
};

const components = Object.keys(VERSIONED) as VersionedComponent[];
const version = (component: VersionedComponent) =>
    z.enum(knownVersions(component)).default(knownVersions(component)[0]).describe(`version of ${TITLES[component]}`);

export const versionsSchema = z.strictObject(
    Object.fromEntries(components.map((component) => [component, version(component)])) as Record<
        VersionedComponent,
        ReturnType<typeof version>
    >,
);

const image = (of: string) => imageReference.optional().describe(`image of ${of}`);

export const imagesSchema = z.strictObject({
    operator: image("the operator and the gateway"),
    registry: image("the image registry"),
    traefik: image("Traefik"),
    certManagerController: image("cert-manager's controller"),
    certManagerCainjector: image("cert-manager's CA injector"),
    certManagerWebhook: image("cert-manager's webhook"),
    certManagerSolver: image("cert-manager's pods that answer ACME challenges"),
    meshRegistry: image("the mesh registry"),
    postgres: image("Postgres"),
});
