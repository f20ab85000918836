/** A backend's files in a folder of this machine. */
import { rmSync } from "node:fs";
import { link, open, rm, stat, type FileHandle } from "node:fs/promises";
import { dirname, join } from "node:path";
import { explain, keepAs, list, removeLeftovers, syncFolder, writeTemporary, writeWhole } from "./backend-files.ts";
import type { Storage, StoredFile } from "./storage.ts";

export class FileStorage implements Storage {
    readonly local = true;
    /** The folder that holds `.pulumi`. */
    readonly root: string;

    constructor(root: string) {
        this.root = root;
    }

    get url(): string {
        return `file://${this.root}`;
    }

    nameOf(...parts: readonly string[]): string {
        return join(this.root, ".pulumi", ...parts);
    }

    inside(folder: string, name: string): string {
        return join(folder, name);
    }

    where(name: string): string {
        return name;
    }

    async read(name: string): Promise<StoredFile | undefined> {
        let handle: FileHandle;
        try {
            handle = await open(name);
        } catch (error) {
            if (isMissing(error)) return undefined;
            throw explain(error, name, "read");
        }
        try {
            return { data: await handle.readFile(), id: String((await handle.stat()).ino) };
        } finally {
            await handle.close();
        }
    }

    async write(name: string, text: string): Promise<void> {
        await writeWhole(name, text);
    }

    async create(name: string, text: string): Promise<boolean> {
        const temporary = await writeTemporary(name, text);
        try {
            await link(temporary, name);
            await syncFolder(dirname(name));
            return true;
        } catch (error) {
            if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
            throw explain(error, name);
        } finally {
            await rm(temporary, { force: true });
        }
    }

    async copy(from: string, to: string): Promise<void> {
        const found = await this.read(from);
        if (found) await writeWhole(to, found.data);
    }

    async keep(from: string, to: string): Promise<void> {
        await keepAs(from, to);
    }

    async list(folder: string): Promise<string[]> {
        return list(folder);
    }

    async modified(name: string): Promise<Date | undefined> {
        return stat(name).then(
            ({ mtime }) => mtime,
            (error: unknown) => {
                if (isMissing(error)) return undefined;
                throw explain(error, name, "read");
            },
        );
    }

    async remove(name: string): Promise<void> {
        await rm(name, { force: true, recursive: true });
    }

    removeAtExit(name: string): void {
        rmSync(name, { force: true });
    }

    async tidy(name: string): Promise<void> {
        await removeLeftovers(dirname(name));
    }
}

function isMissing(error: unknown): boolean {
    return ["ENOENT", "ENOTDIR"].includes((error as NodeJS.ErrnoException).code ?? "");
}
