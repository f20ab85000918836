/** What holds for the repository as a whole, whichever room a file is in. */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { projectRoot } from "../../embedded/common/paths.ts";

const read = (path: string): string => readFileSync(join(projectRoot, path), "utf8");

/** What git tracks, so that builds, states and drafts beside it do not count; the checkout may be another user's. */
const tracked = execFileSync("git", ["-c", "safe.directory=*", "ls-files", "-z"], { cwd: projectRoot, encoding: "utf8" })
    .split("\0")
    .filter((path) => path !== "" && existsSync(join(projectRoot, path)));
const sources = tracked.filter((path) => path.endsWith(".ts"));

/** The rooms that each room may import. Every other room is out of its reach. */
const ARROWS: Readonly<Record<string, readonly string[]>> = {
    infra: ["infra", "stacks", "components"],
    stacks: ["stacks", "components"],
    components: ["components"],
    operator: ["operator"],
    embedded: ["embedded"],
};

/** The specifiers of a source's imports, static and dynamic. */
function importsOf(source: string): string[] {
    const found = source.matchAll(/^(?:import|export)\b[^"';]*?"([^"]+)";|^\} from "([^"]+)";|\bimport\(\s*"([^"]+)"/gm);
    return [...found].map(([, whole, tail, dynamic]) => whole ?? tail ?? dynamic ?? "");
}

/** The imports of a source that leave the rooms its own may import. */
function forbidden(path: string, source: string): string[] {
    const allowed = ARROWS[path.split("/")[0] ?? ""];
    if (!allowed) return [];
    return importsOf(source).filter((specifier) => {
        if (!specifier.startsWith(".")) return specifier.startsWith("@mcp-platform/");
        const room = relative(projectRoot, resolve(projectRoot, dirname(path), specifier)).split("/")[0] ?? "";
        return !allowed.includes(room);
    });
}

/** The links of a Markdown text to files of this repository. */
function linksOf(markdown: string): string[] {
    return [...markdown.matchAll(/\]\(([^)\s]+)\)/g)].map(([, link]) => link ?? "").filter((link) => !/^[a-z]+:/.test(link));
}

/** GitHub's anchors of a Markdown text's headings. */
function anchorsOf(markdown: string): string[] {
    return [...markdown.matchAll(/^#+ (.+)$/gm)].map(([, title = ""]) =>
        title
            .toLowerCase()
            .replaceAll(/[^\p{L}\p{N} _-]/gu, "")
            .replaceAll(" ", "-"),
    );
}

/** The links of a document that lead nowhere. */
function broken(document: string, markdown: string): string[] {
    return linksOf(markdown).filter((link) => {
        const [file = "", anchor] = link.split("#");
        const target = file === "" ? document : join(dirname(document), file);
        if (!existsSync(join(projectRoot, target))) return true;
        return anchor !== undefined && !anchorsOf(read(target)).includes(anchor);
    });
}

// In pieces, so that this file does not hold what it looks for.
const HOSTS = [
    ["registry", "npmjs", "org"],
    ["registry", "yarnpkg", "com"],
    ["proxy", "golang", "org"],
    ["sum", "golang", "org"],
    ["deb", "debian", "org"],
    ["archive", "ubuntu", "com"],
].map((labels) => labels.join("."));
/** Hosts of published container images: named where images are pinned and explained, and nowhere else. */
const IMAGE_HOSTS = [
    ["registry", "k8s", "io"],
    ["docker", "io"],
    ["ghcr", "io"],
    ["quay", "io"],
].map((labels) => labels.join("."));
const NAMES_IMAGES = /^(stacks\/releases\.ts$|embedded\/kind\/|docs\/|tests\/)/;
const MACHINE_PATHS = [
    ["", "work"],
    ["", "farm"],
    ["", "tmp", "tools"],
].map((parts) => parts.join("/"));
const escaped = (texts: readonly string[]): string => texts.map((text) => text.replaceAll(".", "\\.")).join("|");
const mustNotStand = (hosts: readonly string[]): RegExp =>
    new RegExp(`(?<![\\w./-])(?:${escaped(MACHINE_PATHS)})(?=[/"'\`\\s),;:]|$)|(?<![\\w-])(?:${escaped(hosts)})(?![\\w-])`, "m");
const MUST_NOT_STAND = mustNotStand([...HOSTS, ...IMAGE_HOSTS]);
const MUST_NOT_STAND_BESIDE_IMAGES = mustNotStand(HOSTS);

describe("imports", () => {
    it.each(Object.keys(ARROWS))("of %s follow the arrows", (room) => {
        const files = sources.filter((path) => path.startsWith(`${room}/`));
        expect(files.length).toBeGreaterThan(0);
        expect(files.flatMap((path) => forbidden(path, read(path)).map((specifier) => `${path} imports ${specifier}`))).toEqual([]);
    });

    it("against an arrow are found, in every form an import has", () => {
        const source = [
            'import { a } from "../../embedded/common/errors.ts";',
            "import {",
            "    b,",
            '} from "../../infra/settings.ts";',
            'export { c } from "../../operator/main.ts";',
            'const d = await import("../../bin/main.ts");',
            'import "@mcp-platform/operator";',
            'import type { e } from "../edge/edge.ts";',
            'import * as pulumi from "@pulumi/pulumi";',
        ].join("\n");
        expect(forbidden("components/registry/registry.ts", source)).toEqual([
            "../../embedded/common/errors.ts",
            "../../infra/settings.ts",
            "../../operator/main.ts",
            "../../bin/main.ts",
            "@mcp-platform/operator",
        ]);
    });

    it("of embedded bring no MCP library", () => {
        const found = sources
            .filter((path) => path.startsWith("embedded/"))
            .filter((path) => importsOf(read(path)).some((specifier) => specifier.startsWith("@modelcontextprotocol/")));
        expect(found).toEqual([]);
    });
});

describe("dependencies", () => {
    const lock = JSON.parse(read("package-lock.json")) as { packages: Record<string, { version?: string }> };
    const manifests = tracked.filter((path) => /(^|\/)package\.json$/.test(path));

    it("include nothing that resolves as typescript, which Pulumi would load", () => {
        expect(Object.keys(lock.packages).filter((path) => path.endsWith("node_modules/typescript"))).toEqual([]);
        const folders = manifests.map((path) => join(projectRoot, dirname(path), "node_modules/typescript"));
        expect(folders.filter((folder) => existsSync(folder))).toEqual([]);
    });

    it("hold @pulumi/command at 1.2.1", () => {
        const versions = Object.entries(lock.packages).filter(([path]) => path.endsWith("node_modules/@pulumi/command"));
        expect(versions.map(([, { version }]) => version)).toEqual(["1.2.1"]);
        expect((JSON.parse(read("package.json")) as { dependencies: Record<string, string> }).dependencies["@pulumi/command"]).toBe(
            "1.2.1",
        );
    });

    it("have exact versions", () => {
        const loose = manifests.flatMap((path) => {
            const manifest = JSON.parse(read(path)) as Record<string, Record<string, string> | undefined>;
            return ["dependencies", "devDependencies", "optionalDependencies"]
                .flatMap((kind) => Object.entries(manifest[kind] ?? {}))
                .filter(([, version]) => !/^(npm:[@\w/-]+@)?\d+\.\d+\.\d+$/.test(version))
                .map(([name, version]) => `${path}: ${name} ${version}`);
        });
        expect(loose).toEqual([]);
    });
});

describe("tracked files", () => {
    it("name no package registry's host and no path of a developer's machine", () => {
        expect(
            tracked.flatMap((path) => {
                const found = (NAMES_IMAGES.test(path) ? MUST_NOT_STAND_BESIDE_IMAGES : MUST_NOT_STAND).exec(read(path));
                return found ? [`${path}: ${found[0]}`] : [];
            }),
        ).toEqual([]);
    });

    it.each([...[...HOSTS, ...IMAGE_HOSTS].map((host) => `"https://${host}/x"`), ...MACHINE_PATHS.map((path) => `see ${path}/x`)])(
        "would be found with %s",
        (text) => {
            expect(MUST_NOT_STAND.test(text)).toBe(true);
        },
    );

    it.each(["/workloads/x", "components/work/x", "notdocker.io.example"])("may hold %s", (text) => {
        expect(MUST_NOT_STAND.test(text)).toBe(false);
    });
});

describe("links", () => {
    const documents = tracked.filter((path) => path.endsWith(".md"));

    it.each(documents)("of %s lead somewhere", (document) => {
        expect(broken(document, read(document))).toEqual([]);
    });

    it("that lead nowhere are found", () => {
        const text = "[a](docs/none.md) [b](docs/settings.md#none) [c](docs/settings.md#topology) [d](https://example.com)";
        expect(broken("README.md", text)).toEqual(["docs/none.md", "docs/settings.md#none"]);
    });

    it("of the README reach every document", () => {
        const linked = new Set(linksOf(read("README.md")).map((link) => link.split("#")[0]));
        expect(tracked.filter((path) => /^docs\/[^/]+\.md$/.test(path) && !linked.has(path))).toEqual([]);
    });
});
