/**
 * Pulumi's own backend: `.pulumi/` in a folder or a bucket, with one state file per stack beside history, backups and
 * locks. The layout and the names are those of the official CLI, so that either engine can use it.
 */
import { rm } from "node:fs/promises";
import { parse } from "yaml";
import { messageOf, UserError } from "../../common/errors.ts";
import { checkCheckpoint } from "./check.ts";
import { opened, PACKED } from "./packed.ts";
import { announceWhole, withSteps } from "./steps-file.ts";
import type { Storage } from "./storage.ts";
import type { VersionedCheckpoint } from "./types.ts";

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

/** The names a state file may have after the stack's own: as text, or packed by the official CLI. */
const ENDINGS = [".json", ...Object.keys(PACKED).map((ending) => `.json${ending}`)];

export class Backend {
    readonly storage: Storage;
    /** State files that this process wrote. */
    readonly #written = new Set<string>();

    constructor(storage: Storage) {
        this.storage = storage;
    }

    get url(): string {
        return this.storage.url;
    }

    stackFile({ project, stack }: StackReference): string {
        return this.storage.nameOf("stacks", project, `${stack}.json`);
    }

    /** Where an operation keeps what its steps did since it wrote the state file; only in a folder. */
    stepsFile(reference: StackReference): string {
        return `${this.stackFile(reference)}.steps`;
    }

    historyFolder({ project, stack }: StackReference): string {
        return this.storage.nameOf("history", project, stack);
    }

    backupFolder({ project, stack }: StackReference): string {
        return this.storage.nameOf("backups", project, stack);
    }

    lockFolder({ project, stack }: StackReference): string {
        return this.storage.nameOf("locks", ORGANIZATION, project, stack);
    }

    async exists(reference: StackReference): Promise<boolean> {
        return (await this.#present(reference)).length > 0;
    }

    /** The names of a project's stacks. */
    async stacks(project: string): Promise<string[]> {
        const names = await this.storage.list(this.storage.nameOf("stacks", project));
        const stacks = names.flatMap((name) => {
            const ending = ENDINGS.find((e) => name.endsWith(e));
            return ending === undefined ? [] : [name.slice(0, -ending.length)];
        });
        return [...new Set(stacks)];
    }

    /** When the state was written; undefined when there is none. */
    async modified(reference: StackReference): Promise<Date | undefined> {
        const file = await this.#newest(reference);
        return file === undefined ? undefined : this.storage.modified(file);
    }

    /**
     * Reads a stack's state; undefined when the stack does not exist.
     * @throws UserError when the file is damaged or of a version that is not supported
     */
    async read(reference: StackReference): Promise<VersionedCheckpoint | undefined> {
        await this.#checkLayout();
        for (;;) {
            const file = await this.#newest(reference);
            const found = file === undefined ? undefined : await this.storage.read(file);
            if (file === undefined || !found) return undefined;
            try {
                const { text, checkpoint } = await this.#parse(found.data, file, reference);
                return this.storage.local ? await withSteps(checkpoint, text, this.stepsFile(reference)) : checkpoint;
            } catch (error) {
                // Without the lock the state may be stored between the two files: then neither is wrong.
                if (!this.storage.local || (await this.storage.read(file))?.id === found.id) throw error;
            }
        }
    }

    /** Replaces a stack's state; the state before is kept as `.bak`. */
    async write(reference: StackReference, text: string): Promise<void> {
        const file = this.stackFile(reference);
        const steps = this.stepsFile(reference);
        // Whoever writes holds the lock: what was written as text once stays so.
        const packed = this.#written.has(file) ? [] : (await this.#present(reference)).filter((name) => name !== file);
        if (this.storage.local) await announceWhole(steps, text);
        for (const name of [file, ...packed]) await this.storage.keep(name, `${name}.bak`);
        await this.storage.write(file, text);
        for (const name of packed) await this.storage.remove(name);
        if (this.storage.local) await rm(steps, { force: true });
        this.#written.add(file);
    }

    /** Makes a stack without resources. @throws UserError when there is one */
    async create(reference: StackReference): Promise<void> {
        await this.#checkLayout();
        await this.storage.create(this.storage.nameOf("meta.yaml"), `version: ${LAYOUT_VERSION}\n`);
        const checkpoint: VersionedCheckpoint = { version: 3, checkpoint: { stack: qualifiedName(reference) } };
        const made = !(await this.exists(reference)) && (await this.storage.create(this.stackFile(reference), JSON.stringify(checkpoint)));
        if (!made) throw new UserError(`stack '${reference.stack}' already exists`);
    }

    /** Keeps a dated copy of the stack's state below `backups`. @param stamp nanoseconds since 1970, default now */
    async backup(reference: StackReference, stamp = BigInt(Date.now()) * 1_000_000n): Promise<void> {
        if (["1", "true"].includes(process.env["PULUMI_DIY_BACKEND_DISABLE_CHECKPOINT_BACKUPS"] ?? "")) return;
        const file = await this.#newest(reference);
        if (file === undefined) return;
        const ending = ENDINGS.find((e) => file.endsWith(`${reference.stack}${e}`)) ?? ".json";
        await this.storage.copy(file, this.storage.inside(this.backupFolder(reference), `${reference.stack}.${stamp}${ending}`));
    }

    /** Forgets a stack and its history; its last state stays as `.bak` unless backups are to go too. */
    async removeStack(reference: StackReference, withBackups: boolean): Promise<void> {
        const files = await this.#present(reference);
        if (!withBackups) for (const name of files) await this.storage.copy(name, `${name}.bak`);
        await this.#empty(this.historyFolder(reference));
        if (withBackups) await this.#empty(this.backupFolder(reference));
        // The state goes last: until then the stack is there, and can be removed again.
        const beside = withBackups ? ENDINGS.map((ending) => this.#named(reference, `${ending}.bak`)) : [];
        for (const name of [...beside, ...(this.storage.local ? [this.stepsFile(reference)] : []), ...files])
            await this.storage.remove(name);
    }

    async #empty(folder: string): Promise<void> {
        for (const name of await this.storage.list(folder)) await this.storage.remove(this.storage.inside(folder, name));
    }

    #named({ project, stack }: StackReference, ending: string): string {
        return this.storage.nameOf("stacks", project, `${stack}${ending}`);
    }

    /** The state files of a stack; several only after a change of how the official CLI packs them. */
    async #present(reference: StackReference): Promise<string[]> {
        const names = new Set(await this.storage.list(this.storage.nameOf("stacks", reference.project)));
        return ENDINGS.filter((ending) => names.has(`${reference.stack}${ending}`)).map((ending) => this.#named(reference, ending));
    }

    async #newest(reference: StackReference): Promise<string | undefined> {
        const names = await this.#present(reference);
        if (names.length < 2) return names[0];
        const dated = await Promise.all(names.map(async (name) => ({ name, time: (await this.storage.modified(name))?.getTime() ?? 0 })));
        // Of two written at the same time the packed one counts, as for the official CLI.
        return dated.toReversed().toSorted((a, b) => b.time - a.time)[0]?.name;
    }

    async #checkLayout(): Promise<void> {
        const meta = this.storage.nameOf("meta.yaml");
        const found = await this.storage.read(meta);
        let version: unknown;
        if (found) {
            try {
                version = (parse(found.data.toString()) as { version?: unknown } | null)?.version;
            } catch (error) {
                throw new UserError(`${this.storage.where(meta)} is damaged: it must say "version: ${LAYOUT_VERSION}".`, { cause: error });
            }
        } else {
            const legacy = (await this.storage.list(this.storage.nameOf("stacks"))).find((name) => name.endsWith(".json"));
            if (!legacy) return;
            version = 0;
        }
        if (version !== LAYOUT_VERSION) {
            throw new UserError(
                `${this.url} has the state layout ${JSON.stringify(version)}; the embedded engine supports layout ${LAYOUT_VERSION}, which "pulumi state upgrade" of the official CLI makes.`,
            );
        }
    }

    async #parse(
        data: Buffer,
        file: string,
        reference: StackReference,
    ): Promise<{ readonly text: string; readonly checkpoint: VersionedCheckpoint }> {
        try {
            const text = opened(data);
            const value: unknown = JSON.parse(text);
            checkCheckpoint(value);
            return { text, checkpoint: value };
        } catch (error) {
            if (error instanceof UserError) throw error;
            const good = await this.#newestGood(reference);
            const way = good
                ? `The last good state is ${this.storage.where(good)}: compare the two, then copy it over the state file.`
                : "There is no good backup beside it: restore the file from one of yours, or import an export.";
            throw new UserError(
                `The state file ${this.storage.where(file)} is cut off or damaged (${messageOf(error)}). Nothing was changed. ${way}`,
                { cause: error },
            );
        }
    }

    /** Finds the newest file that a damaged state can be repaired from. */
    async #newestGood(reference: StackReference): Promise<string | undefined> {
        const folder = this.backupFolder(reference);
        const dated = (await this.storage.list(folder)).toSorted((a, b) => (stampOf(a) < stampOf(b) ? 1 : -1));
        for (const file of [`${this.stackFile(reference)}.bak`, ...dated.map((name) => this.storage.inside(folder, name))]) {
            try {
                const found = await this.storage.read(file);
                checkCheckpoint(JSON.parse(opened(found?.data ?? Buffer.alloc(0))));
                return file;
            } catch {
                // Missing or damaged as well: the next one.
            }
        }
        return undefined;
    }
}

/** The time in the name of a backup or of a record of the history. */
export function stampOf(name: string): bigint {
    return BigInt(/[.-](\d+)\.(?:history\.|checkpoint\.)?json(?:\.\w+)?$/.exec(name)?.[1] ?? 0);
}
