import { isIP } from "node:net";
import { beside, repeated, when, type Problem, type Rule } from "./rule.ts";
import type { Settings } from "../schema/settings.ts";

const SEGMENT = "[a-z0-9]+([._-]+[a-z0-9]+)*";
const LABEL = "[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?";
const REGISTRY = new RegExp(`^(${LABEL}(\\.${LABEL})*|\\[[0-9a-f:.]+\\])(:[1-9]\\d{0,4})?(/${SEGMENT})*$`);

/** What is wrong with `host[:port][/prefix]`. */
function mistakeOf(url: string): string | undefined {
    const example = "such as registry.example.com/mcp-runtime";
    if (/^[a-z]+:\/\//i.test(url)) return `leave the scheme out, ${example}: registries are reached by HTTPS`;
    if (url.includes("@")) return `leave user and password out, ${example}: they are registry.username and registry.password`;
    if (url.endsWith("/")) return `leave the final slash out, ${example}`;
    const [host = "", ...prefix] = url.split("/");
    if (prefix.at(-1)?.includes(":")) return `leave the tag out, ${example}`;
    if (!REGISTRY.test(url)) return `give a host with an optional port and prefix in lower case, ${example}`;
    if (!/[.:]/.test(host) && host !== "localhost")
        return `begin with the registry's host, ${example}: a first part without a dot is a folder at Docker Hub`;
    const bracketed = /^\[(.*)\]/.exec(host)?.[1];
    return bracketed !== undefined && isIP(bracketed) !== 6 ? `give a host, ${example}` : undefined;
}

function credentials({ registry }: Settings, secret: boolean): readonly Problem[] {
    if (registry.mode !== "external") return [];
    const { username, password } = registry;
    return [
        ...when(username !== undefined && password === undefined, {
            path: ["registry", "password"],
            fix: "registry.username is set: set the password too, with npm run config -- set --secret --path registry.password",
        }),
        ...when(username === undefined && password !== undefined, {
            path: ["registry", "username"],
            fix: "registry.password is set: give the user it belongs to",
        }),
        ...when(password !== undefined && !secret, {
            path: ["registry", "password"],
            found: "is plain text",
            fix: "set it encrypted, with npm run config -- set --secret --path registry.password, and change it at the registry if others saw the file",
        }),
    ];
}

export const registryRules: readonly Rule[] = [
    {
        id: "encrypted-values",
        keys: [],
        says: "Encrypted values stand in `registry` only: everything else becomes a part of objects that anybody who may read them can see",
        check: (_settings, { secretKeys }) =>
            [...secretKeys]
                .filter((key) => key !== "registry")
                .map((key): Problem => ({
                    path: [key],
                    found: "has an encrypted value",
                    fix: "it would be written where it is read in plain text: set it without --secret; a secret of a server is named in its secretEnv",
                })),
    },
    {
        id: "kind-container",
        keys: ["registry", "topology"],
        says: "`kind-container` needs the topology `kind`, beside whose nodes the container runs",
        check: ({ registry, topology }) =>
            when(registry.mode === "kind-container" && topology.kind !== "kind", {
                path: ["registry", "mode"],
                found: beside("kind-container", "topology.kind", topology.kind),
                fix: "the container runs beside the nodes of kind: use bundled-https, bundled-http or external",
            }),
    },
    {
        id: "bundled-https-nodes",
        keys: ["registry", "topology"],
        says: "`bundled-https` needs nodes that are told about the registry's authority: not those of `embedded` and `kind`, which are made before it",
        check: ({ registry, topology }) =>
            when(registry.mode === "bundled-https" && (topology.kind === "embedded" || topology.kind === "kind"), {
                path: ["registry", "mode"],
                found: beside("bundled-https", "topology.kind", topology.kind),
                fix: `nodes of ${topology.kind} are made before the registry and its authority, so that they could not pull: use ${topology.kind === "kind" ? "kind-container, " : ""}bundled-http or external`,
            }),
    },
    {
        id: "push-images",
        keys: ["pushImages", "registry"],
        says: "`pushImages` needs a registry that the program makes",
        check: ({ pushImages, registry }) =>
            when(pushImages.length > 0 && registry.mode === "external", {
                path: ["pushImages"],
                found: beside(pushImages, "registry.mode", registry.mode),
                fix: "the program pushes into a registry of its own only: push them with npm run images -- push, and remove them here",
            }),
    },
    {
        id: "push-names",
        keys: ["pushImages"],
        says: "Images to push differ in the last part of their repositories, which names the push",
        check: ({ pushImages }) =>
            repeated(pushImages.map((image, index) => [/([^/]+):[^:]*$/.exec(image)?.[1] ?? image, index] as const)).map(
                ([name, before, at]) => ({
                    path: ["pushImages", at],
                    fix: `pushImages[${before}] is called ${name} too: give each another name or remove one`,
                }),
            ),
    },
    {
        id: "registry-url",
        keys: ["registry"],
        says: "An external registry's `url` is a host with an optional port and prefix, without scheme, user and tag",
        check: ({ registry }) => {
            const mistake = registry.mode === "external" ? mistakeOf(registry.url) : undefined;
            return mistake === undefined ? [] : [{ path: ["registry", "url"], fix: mistake }];
        },
    },
    {
        id: "registry-credentials",
        keys: ["registry"],
        says: "An external registry's `username` and `password` are set together, and the password is encrypted",
        check: (settings, { secretKeys }) => credentials(settings, secretKeys.has("registry")),
    },
];

/** Topologies whose nodes get the operator's image from a registry only. */
const PULLS_OPERATOR: ReadonlySet<string> = new Set<Settings["topology"]["kind"]>(["minikube", "k3s", "existing"]);

export const registryCautions: readonly Rule[] = [
    {
        id: "external-operator",
        keys: ["registry", "images", "topology"],
        says: "The operator's image has to be in an external registry before the first update",
        check: ({ registry, images, topology }) =>
            registry.mode === "external" && images.operator === undefined && PULLS_OPERATOR.has(topology.kind)
                ? [
                      {
                          path: ["images", "operator"],
                          found: beside(images.operator, "registry.mode", registry.mode),
                          fix: `the program pushes nothing there: push the image first, with npm run images -- push operator --ref ${registry.url}/mcp-platform/operator:TAG, the tag as preview shows it, or name another here`,
                      },
                  ]
                : [],
    },
];
