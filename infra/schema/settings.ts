import { z } from "zod";
import { RESOURCE_PROFILES, type ResourceProfile } from "../../components/workloads/resources.ts";
import { embeddedSettings } from "../../stacks/embedded.ts";
import { existingSettings } from "../../stacks/existing.ts";
import { k3sSettings } from "../../stacks/k3s.ts";
import { kindSettings } from "../../stacks/kind.ts";
import { minikubeSettings } from "../../stacks/minikube.ts";
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
} from "./platform.ts";
import { apexDomain, repository, webUrl } from "./primitives.ts";
import { serversSchema } from "./servers.ts";

const topologySchema = z.discriminatedUnion("kind", [
    embeddedSettings.describe("the Kubernetes that `npm start` runs on this machine"),
    kindSettings.describe("a Kubernetes in containers of Docker or podman, made and removed by the program"),
    minikubeSettings.describe("a profile that `minikube start` made"),
    k3sSettings.describe("hosts of one's own that run k3s"),
    existingSettings.describe("a cluster that others made: kubeadm, Docker Desktop, any kubeconfig"),
]);

/** Every setting, each with a default or without need of one. */
export const settingsSchema = z.strictObject({
    domain: apexDomain
        .default("localhost")
        .describe("The apex domain. The platform's hosts are made from it: `mcp.` (MCP servers), `registry.` and `platform.`"),
    platformMode: z
        .enum(["tenant", "org", "public"])
        .default("tenant")
        .describe(
            "Who is to see which servers: `tenant` keeps teams apart, `org` shares one catalogue inside, `public` opens it to everybody. Checked and kept; the [gateway](gateway.md) authenticates nobody yet",
        ),
    strictProd: z
        .boolean({ error: "use true or false" })
        .default(false)
        .describe("Refuses everything that is not fit for production: see [rules](#rules)"),
    topology: topologySchema
        .prefault({ kind: "embedded" })
        .describe("Where the platform runs. `kind` decides which other fields there are: see [topologies](topologies.md)"),
    tls: tlsSchema.prefault({ mode: "internal" }).describe("Where the certificates of the three hosts come from"),
    registry: registrySchema.prefault({ mode: "bundled-http" }).describe("Where images of MCP servers are kept"),
    frontDoor: frontDoorSchema.prefault({ mode: "direct" }).describe("What stands between clients and the edge"),
    ingress: ingressSchema.prefault({ owner: "platform" }).describe("Whose ingress controller routes to the platform"),
    storage: storageSchema.prefault({ mode: "class" }).describe("Where volumes come from, and their sizes"),
    resourceProfile: z
        .enum(Object.keys(RESOURCE_PROFILES) as [ResourceProfile, ...ResourceProfile[]])
        .default("light")
        .describe("Compute resources of the platform's own pods: `light` for a small machine, `standard` for a node of its own"),
    admins: adminsSchema
        .default([])
        .describe("E-mail addresses of the people who administer the platform. Checked and kept; nothing asks for them yet"),
    login: loginSchema.optional().describe("How people log in. Checked and kept; the [gateway](gateway.md) does not ask for it yet"),
    mesh: meshSchema.prefault({}).describe("The registry through which mesh agents find each other"),
    versions: versionsSchema.prefault({}).describe("Versions of what others publish"),
    images: imagesSchema.prefault({}).describe("Images to use instead of the topology's own"),
    npmRegistry: webUrl.optional().describe("URL of the npm registry that servers given as packages are installed from"),
    pushImages: z
        .array(repository, { error: "give a list of images such as [examples/everything:2026.8.31]" })
        .default([])
        .describe("Images made from this checkout that are pushed into the platform's registry before servers start"),
    servers: serversSchema.default({}).describe("MCP servers by name"),
});

export type Settings = z.output<typeof settingsSchema>;
