import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";

/** The root of the checkout. */
export const projectRoot = resolve(import.meta.dirname, "..");

/** The images the platform itself runs. */
export interface PlatformImages {
    readonly operator: string;
    readonly registry: string;
    readonly traefik: string;
}

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

/** The references of the platform's images under one prefix, `localhost/mcp-platform` where they are loaded into nodes. */
export function imageRefs(overrides: ImageOverrides = {}, prefix = "localhost/mcp-platform"): PlatformImages {
    return {
        operator: overrides.operator ?? `${prefix}/operator:${operatorTag()}`,
        registry: overrides.registry ?? `${prefix}/registry:3.0.0`,
        traefik: overrides.traefik ?? `${prefix}/traefik:v3.6.7`,
    };
}

/** The command that pushes an image made from this checkout. It reads the password from its standard input. */
export function pushCommand(image: string, address: string, username: string): string {
    return `node bin/run.mjs images push ${image} --to ${address} --username ${username} --password-stdin`;
}

/** The command that makes an image from this checkout under a reference and puts it on the embedded cluster's nodes. */
export function loadCommand(name: string, reference: string): string {
    return `node bin/run.mjs images load ${name} --ref ${reference}`;
}
