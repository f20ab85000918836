/** Schemas of settings. Every message is a fix: what to write instead. */
import { z } from "zod";
import { isPublicName } from "../names.ts";

const LABEL = "[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?";
const PLATFORM_HOSTS = ["mcp", "registry", "platform"];

/** Whether a domain is one of the three hosts; `mcp.dev`, with nothing above it but a top-level domain, is an apex like any other. */
function isPlatformHost(domain: string): boolean {
    const [first = "", ...above] = domain.split(".");
    if (!PLATFORM_HOSTS.includes(first) || above.length === 0) return false;
    return above.length > 1 || !isPublicName(domain);
}

/** The domain under which the platform's hosts are made. */
export const apexDomain = z
    .string({ error: "give a domain name such as example.com" })
    .max(240, "give a domain name of at most 240 characters")
    .regex(
        new RegExp(`^${LABEL}(\\.${LABEL})*$`),
        "give a domain name in lower case, without scheme, port or final dot, such as example.com",
    )
    .refine((domain) => !isPlatformHost(domain), {
        error: (issue) =>
            `give the domain above it (${String(issue.input).replace(/^[^.]*\./, "")}): mcp., registry. and platform. are put in front of it`,
    })
    .refine((domain) => !/^[\d.]+$/.test(domain), "give a domain name, not an address")
    .meta({ value: "domain name" });

/** Text that is not empty. */
export const text = (fix: string) => z.string().min(1, fix).max(1024, fix);

export const email = z.email("give an e-mail address such as admin@example.com").meta({ value: "e-mail address" });

/** A URL without a user, a password or a fragment: none of them belongs into settings. */
export const urlOf = (protocol: RegExp, fix: string) =>
    z
        .url({ protocol, error: fix })
        .refine((value) => !URL.canParse(value) || new URL(value).username + new URL(value).password + new URL(value).hash === "", {
            error: "leave user, password and fragment out of the URL",
        })
        .meta({ value: "URL" });

export const httpsUrl = urlOf(/^https$/, "give a URL that begins with https://");
export const webUrl = urlOf(/^https?$/, "give a URL that begins with https:// or http://");

/** A size as Kubernetes writes it: https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/ */
export const quantity = z
    .string({ error: "give a size such as 5Gi" })
    .regex(/^[1-9][0-9]*(Ki|Mi|Gi|Ti)$/, "give a size in Ki, Mi, Gi or Ti, such as 5Gi")
    .meta({ value: "size in Ki, Mi, Gi or Ti" });

/** A complete image reference. */
export const imageReference = z
    .string({ error: "give an image reference such as registry.example.com/team/image:1.0.0" })
    .max(512, "give a reference of at most 512 characters")
    .regex(
        /^[a-zA-Z0-9][a-zA-Z0-9._:/-]*(:[A-Za-z0-9_][A-Za-z0-9._-]{0,127}|@sha256:[0-9a-f]{64})$/,
        "give an image reference with a tag or a digest",
    )
    .meta({ value: "reference with tag or digest" });

/** A repository and tag in the platform's own registry. */
export const repository = z
    .string({ error: "give an image of this checkout such as examples/everything:2026.8.31" })
    .regex(
        /^[a-z0-9]+([._-][a-z0-9]+)*(\/[a-z0-9]+([._-][a-z0-9]+)*)+:[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/,
        "give a repository and a tag without the registry's host, such as examples/everything:2026.8.31",
    )
    .meta({ value: "repository and tag in the platform's registry" });

/** The name of a Kubernetes object that becomes part of a host name or a path. */
export const objectName = z
    .string()
    .max(63, "use at most 63 characters")
    .regex(/^[a-z]([-a-z0-9]*[a-z0-9])?$/, "use lower-case letters, digits and dashes, beginning with a letter")
    .meta({ value: "name" });

/** The name of most Kubernetes objects: https://kubernetes.io/docs/concepts/overview/working-with-objects/names/#dns-subdomain-names */
export const subdomain = z
    .string()
    .max(253, "use at most 253 characters")
    .regex(new RegExp(`^${LABEL}(\\.${LABEL})*$`), "give the name of an object: lower-case letters, digits, dashes and dots")
    .meta({ value: "name" });

/** Key and value of a label: https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/ */
export const labelKey = z
    .string()
    .regex(
        new RegExp(`^(${LABEL}(\\.${LABEL})*/)?[A-Za-z0-9]([-_.A-Za-z0-9]{0,61}[A-Za-z0-9])?$`),
        "give a label such as app.kubernetes.io/name",
    );
export const labelValue = z
    .string({ error: "put the value in quotes" })
    .regex(
        /^([A-Za-z0-9]([-_.A-Za-z0-9]{0,61}[A-Za-z0-9])?)?$/,
        "give a label's value: letters, digits, dashes, dots and underscores, at most 63",
    );
