/** The Go compiler on this machine. */
import { access, constants, readdir } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { UserError } from "../../common/errors.ts";
import { run } from "../../common/process.ts";

export interface Go {
    readonly path: string;
    /** As Go says it, such as `go1.26.8`. */
    readonly version: string;
}

/** What the `go` directives of our modules ask for. */
export const minimumGo = "1.26";

const known = new Map<string, Promise<string | undefined>>();

/** Asks a Go for its version once per process. The toolchain is never replaced by a downloaded one. */
function versionOf(path: string): Promise<string | undefined> {
    let version = known.get(path);
    if (!version) {
        version = run(path, ["version"], { cwd: "/", env: { GOTOOLCHAIN: "local" } })
            .then((result) => (result.code === 0 ? /^go version (?:devel )?(go\S+)/.exec(result.stdout)?.[1] : undefined))
            .catch(() => undefined);
        known.set(path, version);
    }
    return version;
}

/** Where Go may be: on PATH first, then where the official archive, Debian's versioned packages and snap put it (`sudo` narrows PATH). */
async function candidates(): Promise<string[]> {
    const versioned = (await readdir("/usr/lib").catch(() => []))
        .filter((name) => /^go-1\.\d+$/.test(name))
        .toSorted(byNumber)
        .toReversed();
    const folders = [
        ...(process.env["PATH"] ?? "").split(delimiter),
        "/usr/local/go/bin",
        ...versioned.map((name) => `/usr/lib/${name}/bin`),
        "/snap/bin",
    ];
    const found: string[] = [];
    for (const folder of new Set(folders)) {
        if (!folder) continue;
        const path = join(folder, "go");
        const executable = await access(path, constants.X_OK).then(
            () => true,
            () => false,
        );
        if (executable) found.push(path);
    }
    return found;
}

const byNumber = (a: string, b: string): number => a.localeCompare(b, "en", { numeric: true });

const numbers = (text: string): number[] => (/(\d+)\.(\d+)/.exec(text) ?? []).slice(1).map(Number);

/** Whether a version as Go says it (`go1.26.8`, `go1.27rc1`) is at least `minimum` (`1.26`). */
export function isAtLeast(version: string, minimum: string): boolean {
    const [major = 0, minor = 0] = numbers(version);
    const [wantedMajor = 0, wantedMinor = 0] = numbers(minimum);
    return major > wantedMajor || (major === wantedMajor && minor >= wantedMinor);
}

/** The first Go that is new enough, or else the first there is; undefined without any. */
export async function findGo(): Promise<Go | undefined> {
    let tooOld: Go | undefined;
    for (const path of await candidates()) {
        const version = await versionOf(path);
        if (!version) continue;
        if (isAtLeast(version, minimumGo)) return { path, version };
        tooOld ??= { path, version };
    }
    return tooOld;
}

/** The Go that builds are made with; undefined when there is none that is new enough. */
export async function buildingGo(): Promise<Go | undefined> {
    const go = await findGo();
    return go && isAtLeast(go.version, minimumGo) ? go : undefined;
}

/**
 * What {@link findGo} found, if builds can be made with it.
 * @throws UserError when there is no Go or only one that is too old
 */
export function usableGo(go: Go | undefined): Go {
    const fix = `Install Go ${minimumGo} or newer from https://go.dev/dl/ (unpacked to /usr/local/go it is found by itself) and run the command again.`;
    if (!go) throw new UserError(`Go is not installed, and the embedded cluster is built with it. ${fix}`);
    if (!isAtLeast(go.version, minimumGo))
        throw new UserError(`${go.path} is ${go.version}, which is too old to build the embedded cluster. ${fix}`);
    return go;
}

/** Variables of the Go environment, such as `GOCACHE`. */
export async function goVariables(go: Go, names: readonly string[]): Promise<Record<string, string>> {
    const result = await run(go.path, ["env", "-json", ...names], { cwd: "/", env: { GOTOOLCHAIN: "local" } });
    if (result.code !== 0) return {};
    return JSON.parse(result.stdout) as Record<string, string>;
}
