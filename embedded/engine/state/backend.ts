/**
 * Pulumi's file backend: `.pulumi/` below a folder, with one state file per stack beside history, backups and locks.
 * The layout and the names are those of the official file backend, so that either engine can use the folder.
 */
import { access, open, readFile, rm, stat, type FileHandle } from "node:fs/promises";
import { isAbsolute, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";
import { UserError } from "../../common/errors.ts";
import { keepAs, list, writeWhole } from "./backend-files.ts";
import { announceWhole, withSteps } from "./steps-file.ts";
import type { DeploymentV3, ResourceV3, VersionedCheckpoint } from "./types.ts";

/** A file backend has one organization, of this name. */
export const ORGANIZATION = "organization";

/** The layout with stacks grouped by project. */
const LAYOUT_VERSION = 1;

export interface StackReference {
    readonly project: string;
    readonly stack: string;
}

export function qualifiedName({ project, stack }: StackReference): string {
    return `${ORGANIZATION}/${project}/${stack}`;
}

export class Backend {
    /** The folder that holds `.pulumi`. */
    readonly root: string;

    constructor(root: string) {
        this.root = root;
    }

    get url(): string {
        return `file://${this.root}`;
    }

    stackFile({ project, stack }: StackReference): string {
        return this.#path("stacks", project, `${stack}.json`);
    }

    /** Where an operation keeps what its steps did since it wrote the state file. */
    stepsFile(reference: StackReference): string {
        return `${this.stackFile(reference)}.steps`;
    }

    historyFolder({ project, stack }: StackReference): string {
        return this.#path("history", project, stack);
    }

    backupFolder({ project, stack }: StackReference): string {
        return this.#path("backups", project, stack);
    }

    lockFolder({ project, stack }: StackReference): string {
        return this.#path("locks", ORGANIZATION, project, stack);
    }

    async exists(reference: StackReference): Promise<boolean> {
        return access(this.stackFile(reference)).then(
            () => true,
            () => false,
        );
    }

    /** The names of a project's stacks. */
    async stacks(project: string): Promise<string[]> {
        const names = await list(this.#path("stacks", project));
        return names.filter((name) => name.endsWith(".json")).map((name) => name.slice(0, -".json".length));
    }

    /**
     * Reads a stack's state; undefined when the stack does not exist.
     * @throws UserError when the file is damaged or of a version that is not supported
     */
    async read(reference: StackReference): Promise<VersionedCheckpoint | undefined> {
        await this.#checkLayout();
        const file = this.stackFile(reference);
        for (;;) {
            const found = await readWithId(file);
            if (!found) return undefined;
            try {
                return await withSteps(
                    await parseCheckpoint(found.text, file, this.#newestGood(reference)),
                    found.text,
                    this.stepsFile(reference),
                );
            } catch (error) {
                // Without the lock the state may be stored between the two files: then neither is wrong.
                if ((await stat(file)).ino === found.id) throw error;
            }
        }
    }

    /** Replaces a stack's state; the state before is kept as `.bak`. */
    async write(reference: StackReference, text: string): Promise<void> {
        const file = this.stackFile(reference);
        const steps = this.stepsFile(reference);
        await announceWhole(steps, text);
        await keepAs(file, `${file}.bak`);
        await writeWhole(file, text);
        await rm(steps, { force: true });
    }

    /** Makes a stack without resources. The caller has made sure that it does not exist. */
    async create(reference: StackReference): Promise<void> {
        await this.#checkLayout();
        const meta = this.#path("meta.yaml");
        if (!(await exists(meta))) await writeWhole(meta, `version: ${LAYOUT_VERSION}\n`);
        const checkpoint: VersionedCheckpoint = { version: 3, checkpoint: { stack: qualifiedName(reference) } };
        await writeWhole(this.stackFile(reference), JSON.stringify(checkpoint));
    }

    /** Keeps a dated copy of the stack's state below `backups`. */
    async backup(reference: StackReference, stamp: bigint): Promise<void> {
        const text = await readFile(this.stackFile(reference), "utf8");
        await writeWhole(join(this.backupFolder(reference), `${reference.stack}.${stamp}.json`), text);
    }

    async remove(file: string): Promise<void> {
        await rm(file, { force: true });
    }

    #path(...parts: string[]): string {
        return join(this.root, ".pulumi", ...parts);
    }

    async #checkLayout(): Promise<void> {
        let version: unknown;
        try {
            version = (parse(await readFile(this.#path("meta.yaml"), "utf8")) as { version?: unknown } | null)?.version;
        } catch (error) {
            if ((error as NodeJS.ErrnoException).code !== "ENOENT")
                throw new UserError(`${this.#path("meta.yaml")} is damaged: it must say "version: ${LAYOUT_VERSION}".`, { cause: error });
            const legacy = (await list(this.#path("stacks"))).find((name) => name.endsWith(".json"));
            if (!legacy) return;
            version = 0;
        }
        if (version !== LAYOUT_VERSION) {
            throw new UserError(
                `${this.url} has the state layout ${JSON.stringify(version)}; the embedded engine supports layout ${LAYOUT_VERSION}, which "pulumi state upgrade" of the official CLI makes.`,
            );
        }
    }

    /** Finds the newest file that a damaged state can be repaired from. */
    #newestGood(reference: StackReference): () => Promise<string | undefined> {
        const folder = this.backupFolder(reference);
        return async () => {
            const dated = (await list(folder)).toSorted((a, b) => (stamp(a) < stamp(b) ? 1 : -1)).map((name) => join(folder, name));
            for (const file of [`${this.stackFile(reference)}.bak`, ...dated]) {
                try {
                    checkCheckpoint(JSON.parse(await readFile(file, "utf8")));
                    return file;
                } catch {
                    // Missing or damaged as well: the next one.
                }
            }
            return undefined;
        };
    }
}

/**
 * Opens the backend of a URL.
 * @param url `file://` and a folder; a relative one is below `base`, `~` is the home folder
 */
export function openBackend(url: string, base: string): Backend {
    if (!url.startsWith("file://")) {
        const scheme = /^[a-z0-9+.-]+(?=:)/i.exec(url)?.[0];
        throw new UserError(
            `The backend ${scheme ? `${scheme}://…` : JSON.stringify(url)} is not supported by the embedded engine: use a folder, file://PATH, in PULUMI_BACKEND_URL or in backend.url of Pulumi.yaml, or the official Pulumi CLI.`,
        );
    }
    const path = url
        .slice("file://".length)
        .replace(/\?.*$/, "")
        .replace(/^~(?=\/|$)/, process.env["HOME"] ?? "~");
    return new Backend(isAbsolute(path) ? fileURLToPath(`file://${path}`) : resolve(base, decodeURIComponent(path)));
}

/** The time in a backup's name. */
function stamp(name: string): bigint {
    return BigInt(/\.(\d+)\.json$/.exec(name)?.[1] ?? 0);
}

/** A file's text, and what tells it from one that is put in its place. */
async function readWithId(file: string): Promise<{ text: string; id: number } | undefined> {
    let handle: FileHandle;
    try {
        handle = await open(file);
    } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
        throw error;
    }
    try {
        return { text: await handle.readFile("utf8"), id: (await handle.stat()).ino };
    } finally {
        await handle.close();
    }
}

function exists(file: string): Promise<boolean> {
    return access(file).then(
        () => true,
        () => false,
    );
}

async function parseCheckpoint(text: string, file: string, newestGood: () => Promise<string | undefined>): Promise<VersionedCheckpoint> {
    let value: unknown;
    try {
        value = JSON.parse(text);
        checkCheckpoint(value);
    } catch (error) {
        if (error instanceof UserError) throw error;
        const good = await newestGood();
        throw new UserError(
            `The state file ${file} is cut off or damaged (${(error as Error).message}). Nothing was changed. ${good ? `The last good state is ${good}: compare the two, then copy it over the state file.` : "There is no good backup beside it: restore the file from one of yours, or import an export."}`,
            { cause: error },
        );
    }
    return value;
}

/** Makes sure that a value is a checkpoint this engine can work with. */
export function checkCheckpoint(value: unknown): asserts value is VersionedCheckpoint {
    const { version, checkpoint, features } = (value ?? {}) as {
        version?: unknown;
        checkpoint?: { latest?: unknown };
        features?: string[];
    };
    if (typeof version !== "number") throw new Error("it has no version");
    if (version > 3) {
        const what = features?.length ? ` with ${features.join(", ")}` : "";
        throw new UserError(
            `The state is of version ${version}${what}, written by a newer Pulumi; the embedded engine reads version 3. Use the official Pulumi CLI for this stack.`,
        );
    }
    if (version < 3)
        throw new UserError(
            `The state is of version ${version}, written by a very old Pulumi; the embedded engine reads version 3. Open it once with the official Pulumi CLI.`,
        );
    if (typeof checkpoint !== "object" || checkpoint === null) throw new Error("it has no checkpoint");
    if (checkpoint.latest !== undefined && checkpoint.latest !== null) checkDeployment(checkpoint.latest);
}

/** Makes sure that a value has the shape of a deployment; what is inside the properties is not looked at. */
export function checkDeployment(value: unknown): asserts value is DeploymentV3 {
    const { resources = [], pending_operations: pending = [] } = value as {
        resources?: ResourceV3[];
        pending_operations?: { resource?: ResourceV3 }[];
    };
    if (!Array.isArray(resources) || !Array.isArray(pending)) throw new Error("resources must be a list");
    const known = new Set<string>();
    const live = new Set<string>();
    for (const resource of [...resources, ...pending.map((op) => op.resource)]) {
        if (typeof resource?.urn !== "string" || typeof resource.type !== "string") throw new Error("a resource has no urn or no type");
    }
    for (const { urn, delete: leftover, dependencies = [], parent } of resources) {
        if (!leftover && live.has(urn)) throw new Error(`${urn} is there twice`);
        if (!leftover) live.add(urn);
        const missing = [...dependencies, ...(parent ? [parent] : [])].find((name) => !known.has(name));
        if (missing) throw new Error(`${urn} depends on ${missing}, which does not come before it`);
        known.add(urn);
    }
}
