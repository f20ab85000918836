import type { Settings } from "../schema/settings.ts";
import { publishedImage, VERSIONED, type ReleaseName, type VersionedComponent } from "../../stacks/releases.ts";
import { hostOf, isPublicName, looksLocal } from "../names.ts";
import { beside, when, type Problem, type Rule } from "./rule.ts";
import { isFound } from "../sentences.ts";

/** A rule of `strictProd`. */
function strict(id: string, keys: readonly (keyof Settings)[], says: string, check: (settings: Settings) => readonly Problem[]): Rule {
    return { id: `strict-${id}`, keys: ["strictProd", ...keys], says, check: (settings) => (settings.strictProd ? check(settings) : []) };
}

const STRICT = "and strictProd is true";
const found = (value: unknown) => `${isFound(value)}, ${STRICT}`;

const hasDigest = (reference: string) => /@sha256:[0-9a-f]{64}$/.test(reference);

/** Whether a component is part of the platform that the settings ask for. */
const IN_USE: Readonly<Record<VersionedComponent, (settings: Settings) => boolean>> = {
    traefik: ({ ingress }) => ingress.owner === "platform",
    registry: ({ registry }) => registry.mode !== "external",
    certManager: ({ tls }) => tls.mode === "acme" && tls.certManager === "install",
    meshRegistry: ({ mesh }) => mesh.mode === "bundled",
    postgres: ({ mesh }) => mesh.mode === "bundled",
};

/** What is made from the checkout on this machine, and put on the nodes without a registry of others in between. */
const madeHere = ({ topology }: Settings, name: ReleaseName) =>
    (topology.kind === "embedded" || topology.kind === "kind") && (name === "registry" || name === "traefik");

/** Published images of the platform that would run without a digest. The operator's is made from the checkout, and its tag is a hash of it. */
function withoutDigest(settings: Settings): readonly Problem[] {
    const { images, versions } = settings;
    const given = Object.entries(images).flatMap(([name, reference]): readonly Problem[] =>
        when(reference !== undefined && !hasDigest(reference), {
            path: ["images", name],
            found: found(reference),
            fix: "a tag can become another image: give the reference with its digest, as in image:1.0.0@sha256:…",
        }),
    );
    const own = (Object.entries(VERSIONED) as [VersionedComponent, readonly ReleaseName[]][])
        .filter(([component]) => IN_USE[component](settings))
        .flatMap(([component, names]) => names.map((name) => [name, publishedImage(name, versions[component])] as const))
        .filter(([name, reference]) => images[name] === undefined && !madeHere(settings, name) && !hasDigest(reference))
        .map(([name, reference]): Problem => ({
            path: ["images", name],
            found: found(undefined),
            fix: `no digest is recorded of ${reference}: give that image with its digest, as in ${reference}@sha256:…`,
        }));
    return [...given, ...own];
}

/** Names under which people keep issuers whose certificates no client trusts. */
const UNTRUSTED = /(^|[-.])(staging|stage|test|dev|self-?signed)([-.]|$)/;

function untrustedIssuers({ tls }: Settings): readonly Problem[] {
    if (tls.mode === "acme")
        return when(/staging/.test(tls.directory), {
            path: ["tls", "directory"],
            found: found(tls.directory),
            fix: "certificates of a staging directory are trusted by no client: use production",
        });
    if (tls.mode !== "issuer") return [];
    return when(UNTRUSTED.test(tls.clusterIssuer), {
        path: ["tls", "clusterIssuer"],
        found: found(tls.clusterIssuer),
        fix: "by its name its certificates are not for production: give an issuer that clients trust",
    });
}

const REGISTRIES = "use bundled-https or external";

export const productionRules: readonly Rule[] = [
    strict("registry", ["registry"], "the registry is `bundled-https` or `external`", ({ registry: { mode } }) =>
        when(mode === "bundled-http" || mode === "kind-container", {
            path: ["registry", "mode"],
            found: found(mode),
            fix: `images would travel without encryption: ${REGISTRIES}`,
        }),
    ),
    strict(
        "registry-host",
        ["registry"],
        "an external registry has a name of its own: no address, no single label, nothing under `.local`, `.svc` or `.cluster.local`",
        ({ registry }) =>
            when(registry.mode === "external" && looksLocal(hostOf(registry.url)), {
                path: ["registry", "url"],
                found: found(registry.mode === "external" ? registry.url : undefined),
                fix: "it looks like a registry of one machine or cluster: give the name of a registry that outlives them",
            }),
    ),
    strict("issuers", ["tls"], "clients trust who issues certificates: no staging directory, no issuer of such a name", untrustedIssuers),
    strict("own-authority", ["tls", "domain"], "no authority of the stack's own signs for public hosts", ({ tls, domain }) =>
        when(tls.mode === "internal" && isPublicName(domain), {
            path: ["tls", "mode"],
            found: found(tls.mode),
            fix: `no client on the internet trusts the stack's own authority for ${domain}: use acme, issuer or secrets`,
        }),
    ),
    strict(
        "domain",
        ["domain"],
        "the apex is a domain of one's own: no single label, nothing under `.localhost`, `.local` or `.test`",
        ({ domain }) =>
            when(looksLocal(domain), {
                path: ["domain"],
                found: found(domain),
                fix: "it leads to one machine or network: give a domain of your own, such as example.com or corp.internal",
            }),
    ),
    strict("admins", ["admins"], "there is an administrator", ({ admins }) =>
        when(admins.length === 0, {
            path: ["admins"],
            found: `is empty, ${STRICT}`,
            fix: "nobody could administer the platform: give an e-mail address at least (tls.email is a contact, not an administrator)",
        }),
    ),
    strict(
        "images",
        ["images", "versions", "ingress", "registry", "tls", "mesh", "topology"],
        "every image of others that the platform runs has a digest; those known by version have theirs recorded",
        withoutDigest,
    ),
    strict("server-images", ["servers"], "every image of a server has a digest", ({ servers }) =>
        Object.entries(servers).flatMap(([name, { image }]) =>
            when(image !== undefined && !hasDigest(image), {
                path: ["servers", name, "image"],
                found: found(image),
                fix: "a tag can become another image: give the reference with its digest, as in image:1.0.0@sha256:…",
            }),
        ),
    ),
    strict("npm-registry", ["npmRegistry"], "packages of npm come over HTTPS", ({ npmRegistry }) =>
        when(npmRegistry?.startsWith("http:") === true, {
            path: ["npmRegistry"],
            found: found(npmRegistry),
            fix: "anybody on the way could change a package: give a URL that begins with https://",
        }),
    ),
    strict("storage", ["storage"], "volumes come from a StorageClass", ({ storage: { mode } }) =>
        when(mode === "hostPath", {
            path: ["storage", "mode"],
            found: found(mode),
            fix: "a folder of one node is neither limited in size nor kept apart: use class",
        }),
    ),
];

/** Machines of one person, where nobody else listens. */
const isLocal = ({ topology }: Settings): boolean =>
    ["embedded", "kind", "minikube"].includes(topology.kind) ||
    (topology.kind === "existing" && topology.distribution === "docker-desktop");

export const productionCautions: readonly Rule[] = [
    {
        id: "plain-registry",
        keys: ["registry", "topology"],
        says: "`bundled-http` on more than a machine of one's own: passwords and images travel without encryption",
        check: (settings) =>
            when(settings.registry.mode === "bundled-http" && !isLocal(settings), {
                path: ["registry", "mode"],
                found: beside("bundled-http", "topology.kind", settings.topology.kind),
                fix: "passwords and images travel without encryption: use bundled-https or external",
            }),
    },
    {
        id: "light-production",
        keys: ["strictProd", "resourceProfile"],
        says: "`strictProd` with the resource profile `light`, which is sized for a small machine",
        check: ({ strictProd, resourceProfile }) =>
            when(strictProd && resourceProfile === "light", {
                path: ["resourceProfile"],
                found: found(resourceProfile),
                fix: "it is sized for a small machine: use standard",
            }),
    },
];
