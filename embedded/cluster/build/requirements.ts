/** What a build needs of the machine: Debian packages and space on the disk. */
import { access, stat, statfs } from "node:fs/promises";
import { delimiter, dirname, join } from "node:path";
import { UserError } from "../../common/errors.ts";
import { run } from "../../common/process.ts";
import { goVariables, type Go } from "./go.ts";
import type { ToolKey } from "./module.ts";
import type { Need, Tool } from "./tools.ts";

const exists = (path: string): Promise<boolean> =>
    access(path).then(
        () => true,
        () => false,
    );

async function onPath(program: string): Promise<boolean> {
    for (const folder of (process.env["PATH"] ?? "").split(delimiter)) if (folder && (await exists(join(folder, program)))) return true;
    return false;
}

async function isThere({ proof }: Need): Promise<boolean> {
    if ("program" in proof) return onPath(proof.program);
    return run("pkg-config", ["--exists", proof.pkgConfig]).then(
        ({ code }) => code === 0,
        () => false,
    );
}

/** Where Go looks for the certificates it trusts. Downloads fail without any of them. */
const CERTIFICATES = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/cert.pem",
    "/etc/ssl/ca-bundle.pem",
];

/** The Debian packages that building `tools` needs and that are not installed. */
export async function missingPackages(tools: readonly Tool[]): Promise<string[]> {
    const missing = new Set<string>();
    for (const need of tools.flatMap((tool) => tool.needs ?? [])) if (!(await isThere(need))) missing.add(need.package);
    const trusted = process.env["SSL_CERT_FILE"] ? [process.env["SSL_CERT_FILE"], ...CERTIFICATES] : CERTIFICATES;
    const certificates = await Promise.all(trusted.map(exists));
    if (tools.length && !certificates.includes(true)) missing.add("ca-certificates");
    return [...missing];
}

/** @throws UserError naming all missing packages at once */
export async function requirePackages(tools: readonly Tool[]): Promise<void> {
    const missing = await missingPackages(tools);
    if (!missing.length) return;
    const titles = tools.filter((tool) => tool.needs?.some((need) => missing.includes(need.package))).map((tool) => tool.title);
    const what = titles.length ? titles.join(" and ") : "The embedded cluster";
    throw new UserError(
        `${what} cannot be built: the Debian package${missing.length > 1 ? "s" : ""} ${missing.join(", ")} must be installed. Run: apt-get install ${missing.join(" ")}`,
    );
}

/** What is left of a cold build's need when Go's caches hold the tool's modules already: the binaries and their links. */
const WARM_SHARE = 0.25;

/**
 * Compares the free space where Go's caches and ours are with what the builds usually add.
 * @throws UserError when there is too little
 */
export async function requireSpace(tools: readonly (readonly [Tool, ToolKey])[], go: Go, cache: string): Promise<void> {
    const { GOCACHE = "", GOMODCACHE = "" } = await goVariables(go, ["GOCACHE", "GOMODCACHE"]);
    let need = 0;
    for (const [tool, { cachedModule }] of tools) {
        const warm = cachedModule !== undefined && (await exists(join(GOMODCACHE, cachedModule)));
        need += tool.cost.mebibytes * (warm ? WARM_SHARE : 1);
    }
    const places = [cache, GOCACHE, GOMODCACHE].filter((path) => path.startsWith("/"));
    const free = new Map<number, { readonly path: string; readonly mebibytes: number }>();
    for (const place of places) {
        const path = await nearest(place);
        const { dev } = await stat(path);
        const { bavail, bsize } = await statfs(path);
        free.set(dev, { path: place, mebibytes: (bavail * bsize) / 2 ** 20 });
    }
    // Without a common disk each holds a part; the share of each is not known well enough to tell more than this.
    const each = need / free.size;
    for (const { path, mebibytes } of free.values()) {
        if (mebibytes >= each) continue;
        throw new UserError(
            `There is too little space on the disk of ${path}: building ${tools.map(([tool]) => tool.title).join(", ")} needs ${gibibytes(each)} GiB and ${gibibytes(mebibytes)} GiB are free. ` +
                "Make room, or move the caches to another disk with XDG_CACHE_HOME, GOCACHE and GOMODCACHE.",
        );
    }
}

const gibibytes = (mebibytes: number): string => (mebibytes / 1024).toFixed(1);

async function nearest(path: string): Promise<string> {
    while (!(await exists(path)) && path !== "/") path = dirname(path);
    return path;
}
