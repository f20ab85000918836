/** What is built is named by a key over everything that goes into it: pins, own sources, flags, compiler, platform. */
import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { UserError } from "../../common/errors.ts";
import type { Tool } from "./tools.ts";

export interface ToolKey {
    /** The pinned version of the module it comes from; empty for our own sources. */
    readonly version: string;
    /** SHA-256 of everything but the compiler's version. */
    readonly inputs: string;
    /** SHA-256 of everything. */
    readonly key: string;
    /** That module as it is named in Go's module cache; undefined for our own sources. */
    readonly cachedModule: string | undefined;
}

/** The platform builds are for, as Go names it. */
export const platform: string = `${process.platform}/${({ x64: "amd64", arm64: "arm64" } as Record<string, string>)[process.arch] ?? process.arch}`;

/** Computes the key of a tool as `goVersion` would build it. */
export async function keyOf(tool: Tool, goVersion: string): Promise<ToolKey> {
    const goMod = await readFile(join(tool.module, "go.mod"), "utf8").catch(() => {
        throw new UserError(
            `${tool.title} cannot be built: ${join(tool.module, "go.mod")} is missing. Restore the checkout, for example with git checkout.`,
        );
    });
    const goSum = await readFile(join(tool.module, "go.sum"), "utf8").catch(() => "");
    const pin = pinOf(goMod, tool.upstream ?? tool.packages[0] ?? "");
    const version = pin?.version ?? "";
    const hash = createHash("sha256");
    const add = (text: string): void => void hash.update(`${Buffer.byteLength(text)}\n${text}\n`);
    for (const text of [goMod, goSum, platform, JSON.stringify(flagsOf(tool, version)), JSON.stringify(environmentOf(tool))]) add(text);
    for (const file of await ownSources(tool.module)) {
        add(relative(tool.module, file));
        add(await readFile(file, "utf8"));
    }
    const inputs = hash.copy().digest("hex");
    add(goVersion);
    return {
        version,
        inputs,
        key: hash.digest("hex"),
        cachedModule: pin && `${pin.module.replace(/[A-Z]/g, (letter) => `!${letter.toLowerCase()}`)}@${pin.version}`,
    };
}

/**
 * The arguments of `go build` but for the output. Nobody debugs these binaries: without debug information, which the
 * linker would strip, the compiler takes an eighth less time and a fifth less space in Go's build cache.
 */
export function flagsOf(tool: Tool, version: string): string[] {
    const link = ["-s", "-w", ...(tool.cgo ? ["-extldflags", "-static"] : [])];
    for (const [name, value] of Object.entries(tool.variables?.(version) ?? {})) link.push("-X", `${name}=${value}`);
    return [
        "-v",
        "-trimpath",
        "-buildvcs=false",
        "-gcflags=all=-dwarf=false",
        ...(tool.tags ? ["-tags", tool.tags.join(",")] : []),
        "-ldflags",
        link.join(" "),
        ...tool.packages,
    ];
}

/** What a build sets in its environment; GOFLAGS of the user's would change what comes out. */
export function environmentOf(tool: Tool): Record<string, string> {
    return { CGO_ENABLED: tool.cgo ? "1" : "0", GOFLAGS: "-mod=readonly", GOTOOLCHAIN: "local", GOWORK: "off" };
}

/** The required module that a package belongs to: the longest whose path begins the package's. */
export function pinOf(goMod: string, packagePath: string): { readonly module: string; readonly version: string } | undefined {
    let best: { module: string; version: string } | undefined;
    for (const [, module = "", version = ""] of goMod.matchAll(/^\s*(?:require\s+)?([^\s()]+\.[^\s()]+)\s+(v\S+)/gm)) {
        const holds = packagePath === module || packagePath.startsWith(`${module}/`);
        if (holds && module.length > (best?.module.length ?? 0)) best = { module, version };
    }
    return best;
}

async function ownSources(folder: string): Promise<string[]> {
    const entries = await readdir(folder, { withFileTypes: true, recursive: true });
    return entries
        .filter((e) => e.isFile() && e.name.endsWith(".go") && !e.name.endsWith("_test.go"))
        .map((e) => join(e.parentPath, e.name))
        .toSorted();
}
