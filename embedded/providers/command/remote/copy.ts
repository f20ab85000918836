/** `command:remote:CopyToRemote`: a file, a text or a folder that is copied to another host. */
import { stat } from "node:fs/promises";
import { basename, join, posix, resolve } from "node:path";
import type { CheckFailure } from "@pulumi/pulumi/provider/index.js";
import { UserError, messageOf } from "../../../common/errors.ts";
import { isObject, Unknown, type PropertyMap, type PropertyValue } from "../../../engine/values.ts";
import { SIGNATURE_KEY, signatures } from "../../../engine/wire.ts";
import { typeFailures, type PropertyTable } from "../inputs.ts";
import { textOf } from "../lifecycle.ts";
import type { Watch } from "../watch.ts";
import { connectionFailures, connectionOf, nameOf } from "./connection.ts";
import { openFiles, RemoteFiles } from "./files.ts";
import type { Pool } from "./pool.ts";
import { fileSource, putFile, textSource } from "./transfer.ts";
import { treeOf } from "./tree.ts";

const COPY: PropertyTable = { connection: "map", remotePath: "string", source: "map", triggers: "list" };
const AT_ONCE = 4;
const STATUS_EVERY_MS = 500;

function sourceProblem(source: PropertyValue | undefined): string | undefined {
    if (source instanceof Unknown) return undefined;
    if (!isObject(source)) return "required, but missing: give an asset or an archive";
    const kind = source[SIGNATURE_KEY];
    if (kind !== signatures.asset && kind !== signatures.archive) return "expected an asset or an archive, found a map";
    if (typeof source["uri"] === "string") return "remote assets and archives are not supported: use a file, a text or a folder";
    return isObject(source["assets"]) ? "an archive must be a file or a folder, not a collection of assets" : undefined;
}

/** What is wrong with the inputs, all at once. */
export function copyFailures(inputs: PropertyMap): CheckFailure[] {
    const path = inputs["remotePath"] ?? null;
    const problem = sourceProblem(inputs["source"] ?? undefined);
    return [
        ...typeFailures(inputs, COPY),
        ...(problem === undefined ? [] : [{ property: "source", reason: problem }]),
        ...(path === null || path === "" ? [{ property: "remotePath", reason: "required, but missing" }] : []),
        ...connectionFailures(inputs),
    ];
}

/** What decides which bytes are where. */
function decisive(inputs: PropertyMap): string {
    const source = isObject(inputs["source"]) ? inputs["source"] : {};
    const connection = isObject(inputs["connection"]) ? inputs["connection"] : {};
    const path = textOf(source["path"]) ?? "";
    const { host, port, user } = connection;
    return JSON.stringify([source["hash"], basename(path), path.endsWith("/"), inputs["remotePath"], host, port ?? 22, user ?? "root"]);
}

/** Whether what is at the new place need not be what was copied the last time. */
export function mustCopyAgain(old: PropertyMap, fresh: PropertyMap): boolean {
    return decisive(old) !== decisive(fresh);
}

/** Makes a folder and those above it. */
async function makeFolders(files: RemoteFiles, path: string): Promise<void> {
    const found = await files.stat(path);
    if (found?.isDirectory()) return;
    if (found) throw new Error(`${path} is a file, not a folder`);
    if (posix.dirname(path) !== path) await makeFolders(files, posix.dirname(path));
    await files.mkdir(path).catch(async (error: unknown) => {
        // Another copy may have been quicker.
        if (!(await files.stat(path))?.isDirectory()) throw new Error(`${path} cannot be made: ${messageOf(error)}`, { cause: error });
    });
}

class Copy {
    readonly #files: RemoteFiles;
    readonly #target: string;
    readonly #say: (text: string) => void;
    #bytes = 0;
    #saidAt = Date.now();

    constructor(files: RemoteFiles, target: string, say: (text: string) => void) {
        this.#files = files;
        this.#target = target;
        this.#say = say;
    }

    readonly #wrote = (bytes: number): void => {
        this.#bytes += bytes;
        if (Date.now() - this.#saidAt < STATUS_EVERY_MS) return;
        this.#saidAt = Date.now();
        this.#say(`copied ${(this.#bytes / 1024 / 1024).toFixed(1)} MiB`);
    };

    async text(text: string): Promise<void> {
        const found = await this.#files.stat(this.#target);
        if (found?.isDirectory() || this.#target.endsWith("/"))
            throw new Error(`remotePath: ${this.#target} is a folder; a text needs the path of a file`);
        await makeFolders(this.#files, posix.dirname(this.#target));
        await putFile(this.#files, textSource(text), this.#target, this.#wrote);
    }

    /** Into a folder that exists, or to the path itself. */
    async file(local: string, hash: string | undefined): Promise<void> {
        const found = await this.#files.stat(this.#target);
        const target = found?.isDirectory() || this.#target.endsWith("/") ? posix.join(this.#target, basename(local)) : this.#target;
        await makeFolders(this.#files, posix.dirname(target));
        await putFile(this.#files, fileSource(local, hash), target, this.#wrote);
    }

    /** A folder becomes one of the same name in the target; with a slash at its end only what is in it is copied. */
    async folder(local: string, onlyContents: boolean): Promise<void> {
        const target = onlyContents ? this.#target : posix.join(this.#target, basename(local));
        const { folders, files } = await treeOf(local);
        await makeFolders(this.#files, target);
        for (const path of folders) await makeFolders(this.#files, posix.join(target, path));
        const left = files.values();
        const worker = async (): Promise<void> => {
            for (const path of left) await putFile(this.#files, fileSource(join(local, path)), posix.join(target, path), this.#wrote);
        };
        await Promise.all(Array.from({ length: AT_ONCE }, worker));
    }
}

async function copy(work: Copy, source: PropertyMap, base: string): Promise<void> {
    const { path, text, hash } = source;
    if (typeof text === "string") {
        await work.text(text);
        return;
    }
    const local = resolve(base, String(path));
    const found = await stat(local).catch(() => undefined);
    if (found?.isDirectory()) await work.folder(local, String(path).endsWith("/"));
    else if (found?.isFile()) await work.file(local, source[SIGNATURE_KEY] === signatures.asset ? textOf(hash) : undefined);
    else throw new UserError(`source: there is no file or folder "${String(path)}"`);
}

/**
 * Copies the source to the host of the inputs' connection, over what is there. Files that are not in the source are left
 * alone. Throws with the host, the path and the reason.
 * @param folder what the source's path is relative to
 */
export async function copyToRemote(pool: Pool, inputs: PropertyMap, folder: string, watch: Watch): Promise<void> {
    const connection = connectionOf(inputs);
    const target = textOf(inputs["remotePath"]) ?? "";
    const host = nameOf(connection);
    await pool.session(connection, watch, openFiles, async (sftp, lane) => {
        watch.status(`copying to ${host}`);
        const files = new RemoteFiles(sftp, lane, watch.signal);
        try {
            await copy(
                new Copy(files, target, (text) => watch.status(`${text} to ${host}`)),
                isObject(inputs["source"]) ? inputs["source"] : {},
                folder,
            );
        } catch (error) {
            throw error instanceof UserError ? error : new Error(`on ${host}: ${messageOf(error)}`, { cause: error });
        } finally {
            files.end();
        }
    });
}
