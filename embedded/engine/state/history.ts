/** What was done to a stack and when: one record per update beside a copy of the state it left, as Pulumi keeps them. */
import { copyFile, mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { StepOp } from "../events.ts";
import { list, writeWhole } from "./backend-files.ts";
import type { Backend, StackReference } from "./backend.ts";
import { goJson } from "./json.ts";
import type { StoredValue } from "./types.ts";

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
    const stamp = BigInt(Date.now()) * 1_000_000n + (process.hrtime.bigint() % 1_000_000n);
    const folder = backend.historyFolder(reference);
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const prefix = join(folder, `${reference.stack}-${stamp}`);
    await writeWhole(`${prefix}.history.json`, goJson(info));
    await copyFile(backend.stackFile(reference), `${prefix}.checkpoint.json`);
    await backend.backup(reference, stamp);
}

/** The recorded updates, the newest first. */
export async function historyOf(backend: Backend, reference: StackReference): Promise<UpdateInfo[]> {
    const folder = backend.historyFolder(reference);
    const names = (await list(folder)).filter((name) => name.endsWith(".history.json")).toReversed();
    return Promise.all(names.map(async (name) => JSON.parse(await readFile(join(folder, name), "utf8")) as UpdateInfo));
}
