/**
 * What steps did since the state file was written: one line per write, appended to a file beside it. Storing a step
 * costs as much as the step is large, however large the state is. The file is there while an operation on a large state
 * runs, and after one that was killed: then it is part of the state.
 */
import { createHash } from "node:crypto";
import { constants } from "node:fs";
import { open, readFile, type FileHandle } from "node:fs/promises";
import { messageOf, UserError } from "../../common/errors.ts";
import { explain } from "./backend-files.ts";
import { applyEdit } from "./edits.ts";
import type { DeploymentV3, OperationV2, ResourceV3, VersionedCheckpoint } from "./types.ts";

/** The first line: the content of the state file that the others are about. */
interface Header {
    readonly steps: 1;
    readonly base: string;
}

/** What the lists of the deployment became. */
interface Edit {
    readonly resources: (ResourceV3 | readonly [number, number])[];
    readonly pending: (OperationV2 | readonly [number, number])[];
}

/** The last line: the content of the state file that is about to hold all of it. */
interface Footer {
    readonly whole: string;
}

function digest(text: string): string {
    return createHash("sha256").update(text).digest("hex");
}

/**
 * Says in a file of steps, if there is one, which content the state file gets next: that content has the steps in it.
 * Safe also behind a line that was cut off.
 */
export async function announceWhole(file: string, text: string): Promise<void> {
    let handle: FileHandle;
    try {
        handle = await open(file, constants.O_WRONLY | constants.O_APPEND);
    } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
        throw error;
    }
    try {
        await handle.appendFile(`\n${JSON.stringify({ whole: digest(text) } satisfies Footer)}\n`);
        await handle.datasync();
    } catch (error) {
        throw explain(error, file);
    } finally {
        await handle.close();
    }
}

/** The file while it is being written. Only the holder of the stack's lock may have one. */
export class StepsFile {
    readonly #file: string;
    readonly #handle: FileHandle;
    /** How much has been written to it. Characters. */
    size = 0;

    private constructor(file: string, handle: FileHandle) {
        this.#file = file;
        this.#handle = handle;
    }

    /** Begins a file about a state file with this content, in place of an older one. */
    static async begin(file: string, base: string): Promise<StepsFile> {
        const steps = new StepsFile(
            file,
            await open(file, "w", 0o600).catch((error: unknown) => {
                throw explain(error, file);
            }),
        );
        try {
            await steps.#append({ steps: 1, base: digest(base) } satisfies Header);
        } catch (error) {
            await steps.close();
            throw error;
        }
        return steps;
    }

    /** Returns when the edit, JSON as `editOf` writes it, is on the disk. Rejects as {@link explain} says it. */
    async add(resources: string, pending: string): Promise<void> {
        await this.#append(`{"resources":${resources},"pending":${pending}}`);
    }

    async close(): Promise<void> {
        await this.#handle.close();
    }

    async #append(line: string | Header): Promise<void> {
        const text = `${typeof line === "string" ? line : JSON.stringify(line)}\n`;
        try {
            await this.#handle.appendFile(text);
            await this.#handle.datasync();
        } catch (error) {
            throw explain(error, this.#file);
        }
        this.size += text.length;
    }
}

/**
 * The checkpoint with the steps that are in the file beside it.
 * @param text the state file's content, of which `checkpoint` was read
 * @throws UserError when the steps are damaged, or when the state file was changed by somebody who did not know of them
 */
export async function withSteps(checkpoint: VersionedCheckpoint, text: string, file: string): Promise<VersionedCheckpoint> {
    const lines = await linesOf(file);
    const current = digest(text);
    for (let footer = lines.at(-1) as Partial<Footer> | undefined; footer?.whole !== undefined; footer = lines.at(-1) as Partial<Footer>) {
        lines.pop();
        if (footer.whole === current) return checkpoint;
    }
    // A write that was cut off has not been relied upon.
    if (lines.length && lines.at(-1) === undefined) lines.pop();
    const header = lines.shift() as Header | undefined;
    if (!header) return checkpoint;
    if (header.base !== current) {
        throw new UserError(
            `The state was changed after an operation of the embedded engine was killed, and without its last steps, which are in ${file}. Compare the resources named there with the state, then remove that file.`,
        );
    }
    if (lines.includes(undefined)) throw damaged(file, "a line is no JSON");
    const { latest } = checkpoint.checkpoint;
    if (!latest || !lines.length) return checkpoint;
    let { resources = [], pending_operations: pending = [] } = latest;
    try {
        for (const line of lines as Edit[]) {
            resources = applyEdit(resources, line.resources);
            pending = applyEdit(pending, line.pending);
        }
    } catch (error) {
        throw damaged(file, messageOf(error));
    }
    const { resources: _r, pending_operations: _p, metadata, ...rest } = latest;
    const deployment: DeploymentV3 = {
        ...rest,
        ...(resources.length && { resources }),
        ...(pending.length && { pending_operations: pending }),
        metadata,
    };
    return { ...checkpoint, checkpoint: { ...checkpoint.checkpoint, latest: deployment } };
}

function damaged(file: string, reason: string): UserError {
    return new UserError(
        `${file} is damaged (${reason}). It holds what the last steps of an operation did that was killed. Nothing was changed. Restore it from a backup; or remove it, and compare the objects that exist with the state, which is that of a moment before.`,
    );
}

/** The lines of the file; undefined for one that is no JSON. */
async function linesOf(file: string): Promise<unknown[]> {
    let text: string;
    try {
        text = await readFile(file, "utf8");
    } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
        throw error;
    }
    return text
        .split("\n")
        .filter(Boolean)
        .map((line): unknown => {
            try {
                return JSON.parse(line);
            } catch {
                return undefined;
            }
        });
}
