/**
 * Definitions: CustomResourceDefinitions that other projects ship. They are dependencies, pinned by version and content,
 * fetched once into a cache and registered object by object.
 */
import { homedir } from "node:os";
import { join } from "node:path";

/** Where definitions come from and what they must be. */
export interface DefinitionsPin {
    /** The Go module that ships them. */
    readonly module: string;
    readonly version: string;
    /** The module's hash as `go.sum` has it. */
    readonly sum: string;
    /** YAML files in the module, or folders of them. */
    readonly paths: readonly string[];
    /** sha256 of the fetched file: the definitions sorted by name, as JSON. */
    readonly sha256: string;
}

export const DEFINITIONS = {
    "cert-manager": {
        module: "github.com/cert-manager/cert-manager",
        version: "v1.21.2",
        sum: "h1:UWgoYM+KLNtRlqmoWOKjKBOBUPVHeepQ6/ac3ERJW68=",
        paths: ["deploy/crds"],
        sha256: "8071c9516b228fa55424a01a2f207fda83b820049b2c03de990753fe02893047",
    },
    traefik: {
        module: "github.com/traefik/traefik/v3",
        version: "v3.6.7",
        sum: "h1:BcC/XaGWTbHnjEaJAe858Pv4csio2IK8yOLUnbPjkw8=",
        paths: ["docs/content/reference/dynamic-configuration/kubernetes-crd-definition-v1.yml"],
        sha256: "c9098809ff1449ff9e51c80309fba22b42b1659df93f4e783bb156c9adbd06c4",
    },
} as const satisfies Record<string, DefinitionsPin>;

export type DefinitionsName = keyof typeof DEFINITIONS;

/** The file that the definitions of one project are fetched into: in `$XDG_CACHE_HOME`, default `~/.cache`. */
export function definitionsFile(name: DefinitionsName): string {
    const { version, sha256 } = DEFINITIONS[name];
    const cache = process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache");
    return join(cache, "mcp-platform", "definitions", `${name}-${version}-${sha256.slice(0, 12)}.json`);
}
