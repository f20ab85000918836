import { RunError } from "@pulumi/pulumi/errors.js";
import { CONFIG_ROOT, configPath, type ConfigVersion } from "./containerd.ts";

/** What a containerd configuration has to become. */
export interface ConfigEdit {
    /** The whole file; the same as before where nothing has to change. */
    readonly text: string;
    readonly changed: boolean;
    /** The folder that containerd reads registries from then. */
    readonly root: string;
}

interface Line {
    /** Full name of the table or the key that the line is about. */
    readonly path: readonly string[];
    readonly header: boolean;
    /** What stands behind `=`. */
    readonly value: string;
    readonly index: number;
}

const KEY = /\s*(?:"((?:[^"\\]|\\.)*)"|'([^']*)'|([A-Za-z0-9_-]+))\s*(\.?)/y;

/** The parts of a dotted key at the beginning of a text, and what follows it. */
function dottedKey(text: string): { readonly path: string[]; readonly rest: string } {
    const path: string[] = [];
    KEY.lastIndex = 0;
    let end = 0;
    for (let match = KEY.exec(text); match; match = KEY.exec(text)) {
        path.push(match[1] ?? match[2] ?? match[3] ?? "");
        end = KEY.lastIndex;
        if (match[4] !== ".") break;
    }
    return { path, rest: text.slice(end) };
}

/** Tables and keys of a TOML file, as far as containerd's configuration goes: what stands within values is left out. */
function linesOf(text: string): Line[] {
    const found: Line[] = [];
    let table: readonly string[] = [];
    let open = 0;
    let quotes: string | undefined;
    for (const [index, line] of text.split("\n").entries()) {
        if (quotes !== undefined) {
            if (line.includes(quotes)) quotes = undefined;
            continue;
        }
        const trimmed = line.trim();
        if (open === 0 && trimmed.startsWith("[")) {
            table = dottedKey(trimmed.replace(/^\[\[?/, "")).path;
            found.push({ path: table, header: true, value: "", index });
            continue;
        }
        const bare = trimmed.replace(/"(?:[^"\\]|\\.)*"|'[^']*'/g, '""').replace(/#.*$/, "");
        const { path, rest } = dottedKey(trimmed);
        if (open === 0 && path.length && rest.startsWith("="))
            found.push({ path: [...table, ...path], header: false, value: rest.slice(1).trim(), index });
        const [, three] = /("""|''')/.exec(trimmed) ?? [];
        if (three !== undefined && trimmed.split(three).length === 2) quotes = three;
        else open = Math.max(0, open + (bare.match(/\[/g)?.length ?? 0) - (bare.match(/\]/g)?.length ?? 0));
    }
    return found;
}

const PLUGIN: Readonly<Record<ConfigVersion, string>> = { 2: "io.containerd.grpc.v1.cri", 3: "io.containerd.cri.v1.images" };

/** What a line says of a plugin's `registry`: the rest of its path. */
function registryPart({ path }: Line, plugins: readonly string[]): readonly string[] | undefined {
    const [first, plugin = "", key] = path;
    return first === "plugins" && plugins.includes(plugin) && key === "registry" ? path.slice(3) : undefined;
}

/** Refuses what containerd does not start with once `config_path` is set. */
function refuseMix(lines: readonly Line[], file: string): void {
    for (const line of lines) {
        const part = registryPart(line, Object.values(PLUGIN));
        const [key, name] = part ?? [];
        const empty = line.header ? name === undefined : /^\{\s*\}/.test(line.value) && name === undefined;
        const tls = part?.includes("tls") || /\btls\b/.test(line.value);
        if ((key === "mirrors" && !empty) || (key === "configs" && tls))
            throw new RunError(
                `${file} line ${line.index + 1} has ${key === "mirrors" ? "mirrors" : "configs with tls"}: containerd's CRI plugin does not load when config_path is set beside them. Move each into ${CONFIG_ROOT}/<host>/hosts.toml and remove it there first.`,
            );
    }
}

/**
 * A node's containerd configuration with one folder of registries, everything else as it was.
 * @throws RunError where setting it would keep the node from becoming Ready
 */
export function editConfigToml(text: string, file = "/etc/containerd/config.toml"): ConfigEdit {
    const lines = linesOf(text);
    refuseMix(lines, file);
    const version = Number(lines.find(({ path, header }) => !header && path.length === 1 && path[0] === "version")?.value ?? 1);
    if (version !== 2 && version !== 3)
        throw new RunError(
            `${file} is of version ${version}: write it anew with \`containerd config migrate\`, which makes it version 2 or 3.`,
        );

    const ours = lines.flatMap((line) => {
        const part = registryPart(line, [PLUGIN[version]]);
        return part ? [{ line, part }] : [];
    });
    const rows = text.split("\n");
    const put = (index: number, remove: number, ...added: string[]) => rows.toSpliced(index, remove, ...added).join("\n");

    const path = ours.find(({ part, line }) => !line.header && part.length === 1 && part[0] === "config_path");
    if (path) {
        const [, , double, single] = /^("([^"]*)"|'([^']*)')/.exec(path.line.value) ?? [];
        const roots = (double ?? single ?? "").split(":").filter(Boolean);
        const root = roots.includes(CONFIG_ROOT) ? CONFIG_ROOT : (roots[0] ?? CONFIG_ROOT);
        if (roots.length === 1) return { text, changed: false, root };
        const row = rows[path.line.index] ?? "";
        return { text: put(path.line.index, 1, row.replace(/=.*$/, `= "${root}"`)), changed: true, root };
    }
    const header = ours.find(({ line, part }) => line.header && part.length === 0);
    if (header) return { text: put(header.line.index + 1, 0, `  config_path = "${CONFIG_ROOT}"`), changed: true, root: CONFIG_ROOT };
    if (ours.some(({ line }) => !line.header))
        throw new RunError(`${file} writes registry without a table of its own: add config_path = "${CONFIG_ROOT}" to it by hand.`);
    return { text: `${text.trimEnd()}\n\n${configPath(version)}`.trimStart(), changed: true, root: CONFIG_ROOT };
}
