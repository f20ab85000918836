/** What was done to a stack and when: one record per update beside a copy of the state it left, as Pulumi keeps them. */
import { messageOf, UserError } from "../../common/errors.ts";
import type { StepOp } from "../events.ts";
import { stampOf, type Backend, type StackReference } from "./backend.ts";
import { checkCheckpoint } from "./check.ts";
import { goJson } from "./json.ts";
import { opened } from "./packed.ts";
import type { Storage } from "./storage.ts";
import type { StoredValue, VersionedCheckpoint } from "./types.ts";

export type UpdateKind = "preview" | "update" | "refresh" | "destroy" | "import" | "resource-import";

/** The JSON of Pulumi's `backend.UpdateInfo`. */
export interface UpdateInfo {
    readonly kind: UpdateKind;
    /** Seconds since 1970. */
    readonly startTime: number;
    readonly message: string;
    readonly environment: Readonly<Record<string, string>>;
    /** The stack's settings as they stand in its file: secrets encrypted. */
    readonly config: Readonly<Record<string, StoredValue>>;
    readonly version: number;
    readonly result: "in-progress" | "succeeded" | "failed";
    readonly endTime: number;
    readonly resourceChanges?: Readonly<Partial<Record<StepOp, number>>>;
}

/** Records an update that ended, and keeps a copy of the state in `history` and in `backups`. */
export async function addToHistory(backend: Backend, reference: StackReference, info: UpdateInfo): Promise<void> {
    const { storage } = backend;
    const folder = backend.historyFolder(reference);
    // A clock may go back: names stay in the order of what happened all the same.
    const last = (await storage.list(folder)).reduce((latest, name) => (stampOf(name) > latest ? stampOf(name) : latest), 0n);
    const now = BigInt(Date.now()) * 1_000_000n + (process.hrtime.bigint() % 1_000_000n);
    const stamp = now > last ? now : last + 1n;
    const name = (kind: string): string => storage.inside(folder, `${reference.stack}-${stamp}.${kind}.json`);
    await storage.write(name("history"), goJson(info));
    await storage.copy(backend.stackFile(reference), name("checkpoint"));
    await backend.backup(reference, stamp);
}

/** The recorded updates, the newest first. @param part which of them; default all */
export async function historyOf(
    backend: Backend,
    reference: StackReference,
    part?: { readonly from: number; readonly count: number },
): Promise<UpdateInfo[]> {
    const { storage } = backend;
    const folder = backend.historyFolder(reference);
    const names = (await storage.list(folder)).filter((name) => /\.history\.json(\.\w+)?$/.test(name));
    const newest = names.toSorted((a, b) => (stampOf(a) < stampOf(b) ? 1 : -1));
    const wanted = part ? newest.slice(part.from, part.from + part.count) : newest;
    return Promise.all(wanted.map((name) => readUpdate(storage, storage.inside(folder, name))));
}

/** The state that an update of the history left. @param version counted from 1, the oldest that is kept */
export async function stateAfter(backend: Backend, reference: StackReference, version: number): Promise<VersionedCheckpoint> {
    const { storage } = backend;
    const folder = backend.historyFolder(reference);
    const names = (await storage.list(folder)).filter((name) => /\.checkpoint\.json(\.\w+)?$/.test(name));
    const name = names.toSorted((a, b) => (stampOf(a) < stampOf(b) ? -1 : 1))[version - 1];
    const found = name === undefined ? undefined : await storage.read(storage.inside(folder, name));
    if (!found)
        throw new UserError(
            `The history of the stack ${reference.stack} has no version ${version}: it has ${names.length ? `1 to ${names.length}` : "none"}.`,
        );
    const value: unknown = JSON.parse(opened(found.data));
    checkCheckpoint(value);
    return value;
}

async function readUpdate(storage: Storage, name: string): Promise<UpdateInfo> {
    try {
        return JSON.parse(opened((await storage.read(name))?.data ?? Buffer.alloc(0))) as UpdateInfo;
    } catch (error) {
        throw new UserError(`${storage.where(name)} is damaged (${messageOf(error)}): remove it, the history is complete without it.`);
    }
}
