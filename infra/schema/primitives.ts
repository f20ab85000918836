/** Schemas of settings. Every message is a fix: what to write instead. */
import { z } from "zod";

const LABEL = "[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?";
const PLATFORM_HOSTS = ["mcp", "registry", "platform"];

/** The domain under which the platform's hosts are made. */
export const apexDomain = z
    .string({ error: "give a domain name such as example.com" })
    .max(240, "give a domain name of at most 240 characters")
    .regex(
        new RegExp(`^${LABEL}(\\.${LABEL})*$`),
        "give a domain name in lower case, without scheme, port or final dot, such as example.com",
    )
    .refine((domain) => !(domain.includes(".") && PLATFORM_HOSTS.includes(domain.split(".")[0] ?? "")), {
        error: (issue) =>
            `give the domain above it (${String(issue.input).replace(/^[^.]*\./, "")}): mcp., registry. and platform. are put in front of it`,
    })
    .refine((domain) => !/^[\d.]+$/.test(domain), "give a domain name, not an address");

/** A size as Kubernetes writes it: https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/ */
export const quantity = z
    .string({ error: "give a size such as 5Gi" })
    .regex(/^[1-9][0-9]*(Ki|Mi|Gi|Ti)$/, "give a size in Ki, Mi, Gi or Ti, such as 5Gi");

/** A complete image reference. */
export const imageReference = z
    .string({ error: "give an image reference such as registry.example.com/team/image:1.0.0" })
    .max(512, "give a reference of at most 512 characters")
    .regex(
        /^[a-zA-Z0-9][a-zA-Z0-9._:/-]*(:[A-Za-z0-9_][A-Za-z0-9._-]{0,127}|@sha256:[0-9a-f]{64})$/,
        "give an image reference with a tag or a digest",
    );

/** A repository and tag in the platform's own registry. */
export const repository = z
    .string({ error: "give an image of this checkout such as examples/everything:2026.8.31" })
    .regex(
        /^[a-z0-9]+([._-][a-z0-9]+)*(\/[a-z0-9]+([._-][a-z0-9]+)*)+:[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/,
        "give a repository and a tag without the registry's host, such as examples/everything:2026.8.31",
    );

/** The name of a Kubernetes object that becomes part of a host name or a path. */
export const objectName = z
    .string()
    .max(63, "use at most 63 characters")
    .regex(/^[a-z]([-a-z0-9]*[a-z0-9])?$/, "use lower-case letters, digits and dashes, beginning with a letter");
