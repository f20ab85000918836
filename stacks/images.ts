import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { publishedImage, VERSIONED, type ReleaseName, type VersionedComponent, type Versions } from "./releases.ts";

/** The root of the checkout. */
export const projectRoot = resolve(import.meta.dirname, "..");

/** The images the platform itself runs: those that others publish, and the operator's, which is made from this checkout. */
export type PlatformImages = Readonly<Record<ReleaseName | "operator", string>>;

/** Images that settings give instead; the others stay the topology's own. */
export type ImageOverrides = { readonly [Name in keyof PlatformImages]?: string | undefined };

/** What changes the operator's image: its sources, what it is made of, and the versions of what it depends on. */
function operatorSources(root: string): string[] {
    const sources = readdirSync(join(root, "operator"), { recursive: true, encoding: "utf8" })
        .filter((path) => path.endsWith(".ts") && !path.split("/").includes("node_modules"))
        .map((path) => `operator/${path}`);
    const others = ["operator/package.json", "operator/image.json", "package-lock.json"].filter((path) => existsSync(join(root, path)));
    return [...sources, ...others].toSorted();
}

/** The tag of the operator's image: the platform's version and a hash over everything the image is made from. */
export function operatorTag(root: string = projectRoot): string {
    const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string };
    const hash = createHash("sha256");
    for (const path of operatorSources(root)) {
        const content = readFileSync(join(root, path));
        hash.update(`${path}\0${content.length}\0`).update(content);
    }
    return `${version}-${hash.digest("hex").slice(0, 12)}`;
}

/** The images that can be made from this checkout without a registry or a container engine: repository under the prefix, and tag. */
const MADE_HERE = { registry: "registry:3.0.0", traefik: "traefik:v3.6.7" } as const satisfies Partial<Record<ReleaseName, string>>;

/** The published references of all images in the chosen versions, and the operator's under `prefix`. */
export function publishedImages(versions: Versions, prefix: string, overrides: ImageOverrides = {}): PlatformImages {
    const published = (Object.entries(VERSIONED) as [VersionedComponent, readonly ReleaseName[]][]).flatMap(([component, names]) =>
        names.map((name) => [name, overrides[name] ?? publishedImage(name, versions[component])] as const),
    );
    const operator = overrides.operator ?? `${prefix}/operator:${operatorTag()}`;
    return { ...(Object.fromEntries(published) as Record<ReleaseName, string>), operator };
}

/** The same with what can be made from this checkout under `prefix` too, `localhost/mcp-platform` where it is loaded into nodes. */
export function imagesMadeHere(versions: Versions, overrides: ImageOverrides = {}, prefix = "localhost/mcp-platform"): PlatformImages {
    const made = Object.fromEntries(Object.entries(MADE_HERE).map(([name, repository]) => [name, `${prefix}/${repository}`]));
    const given = Object.fromEntries(Object.entries(overrides).filter(([, reference]) => reference !== undefined));
    return publishedImages(versions, prefix, { ...made, ...given });
}

export interface PushOptions {
    /** Where to, host and port: the image keeps its repository and tag. */
    readonly address?: string;
    /** The complete reference it is pushed under instead. */
    readonly reference?: string;
    /** Default: the registry has no users. */
    readonly username?: string;
}

/** The command that pushes an image made from this checkout. For a user it reads the password from its standard input. */
export function pushCommand(image: string, { address, reference, username }: PushOptions): string {
    const target = reference === undefined ? `--to ${address}` : `--ref ${reference}`;
    const user = username === undefined ? "" : ` --username ${username} --password-stdin`;
    return `node bin/run.mjs images push ${image} ${target}${user}`;
}

/** The command that makes an image from this checkout under a reference and puts it on the embedded cluster's nodes. */
export function loadCommand(name: string, reference: string): string {
    return `node bin/run.mjs images load ${name} --ref ${reference}`;
}
