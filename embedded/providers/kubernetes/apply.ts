/** Writing objects: server-side apply with a field manager per resource. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Response } from "./client.ts";
import type { Cluster } from "./cluster.ts";
import { ApiError, explain, isNamespaceMissing, isNotFound } from "./errors.ts";
import { describeObject, kindOf, type Manifest } from "./manifest.ts";
import { withIgnored } from "./ignored.ts";
import { handOver, identityOf, type Succession } from "./ownership.ts";

export interface ApplyOptions {
    readonly manager: string;
    /** Take fields over from other managers. */
    readonly force: boolean;
    readonly dryRun?: boolean;
    readonly signal: AbortSignal;
    /** Told what is waited for. */
    status?(text: string): void;
}

/** How long a create waits for a namespace or a kind that something else is about to make. */
const PATIENCE_MS = 15_000;

function patch(
    cluster: Cluster,
    path: string,
    object: Manifest,
    { manager, force, dryRun, ...rest }: ApplyOptions,
): Promise<Response<Manifest>> {
    return cluster.client.request<Manifest>("PATCH", path, {
        query: { fieldManager: manager, force, fieldValidation: "Strict", dryRun: dryRun ? "All" : undefined },
        body: object,
        contentType: "application/apply-patch+yaml",
        signal: rest.signal,
        status: (text) => rest.status?.(text),
    });
}

/** Whether an object was last applied by this resource: its field manager is nobody else's. */
export function isOwn(live: Manifest, manager: string): boolean {
    return (live.metadata.managedFields ?? []).some((entry) => entry.manager === manager && entry.operation === "Apply");
}

export interface UpdateOptions extends ApplyOptions, Succession {
    readonly ignoreChanges: readonly string[];
}

export interface CreateOptions extends ApplyOptions {
    /** Take an object over that exists already. */
    readonly upsert: boolean;
    /** Whether there should be an object already: it is said when there was none. */
    readonly patches: boolean;
    /** Whether an object may be one that this resource made and could not remember; not so for one that it is to replace. */
    mayBeOwn(uid: string): boolean;
    status(text: string): void;
    log(severity: "info" | "warning", text: string): void;
}

/**
 * Creates an object, and refuses to take one over that somebody else made. An object that this very resource made in a
 * run that was killed before it could remember is taken up again.
 */
export async function createObject(cluster: Cluster, object: Manifest, options: CreateOptions): Promise<Manifest> {
    const { signal, manager } = options;
    const deadline = Date.now() + PATIENCE_MS;
    for (let delay = 250; ; delay = Math.min(delay * 2, 4000)) {
        try {
            const path = await cluster.pathOf(object, signal, PATIENCE_MS);
            const existing = options.upsert ? undefined : await existingObject(cluster, path, options);
            if (existing && !(isOwn(existing, manager) && options.mayBeOwn(existing.metadata.uid ?? ""))) throw alreadyExists(object);
            if (existing) options.log("info", `${describeObject(object)} was made by an earlier run that was interrupted: taken up again`);
            const { code, body } = await patch(cluster, path, object, options);
            if (code === 201 && options.patches)
                options.log(
                    "warning",
                    `${describeObject(object)} did not exist, so the patch made it. A delete of the patch does not delete it`,
                );
            if (code === 201 || existing || options.upsert) return body;
            // Somebody made it between the question and the request: give back what was just taken.
            await patch(cluster, path, identityOf(object), options);
            throw alreadyExists(object);
        } catch (error) {
            if (isPathMissing(error)) cluster.discovery.forget();
            if (!isTooEarly(error) || Date.now() + delay > deadline) throw await cluster.explain("create", object, error);
            options.status(`waiting: ${(error as Error).message}`);
        }
        await sleep(delay, undefined, { signal });
    }
}

/** The object in the way, if any. One that is just being deleted is waited for. */
async function existingObject(cluster: Cluster, path: string, options: CreateOptions): Promise<Manifest | undefined> {
    for (let delay = 200; ; delay = Math.min(delay * 1.5, 2000)) {
        let live: Manifest;
        try {
            live = await cluster.get(path, options.signal, (text) => options.status?.(text));
        } catch (error) {
            if (isNotFound(error)) return undefined;
            throw error;
        }
        if (!live.metadata.deletionTimestamp) return live;
        options.status("waiting until the object of that name that is being deleted is gone");
        await sleep(delay, undefined, { signal: options.signal });
    }
}

/** The server does not know the path itself: the kind's definition is just being served, or has gone. */
function isPathMissing(error: unknown): boolean {
    return error instanceof ApiError && error.code === 404 && !error.status.details?.name;
}

/** Something that the same run, or a controller, is about to make: a namespace, its service account, the endpoint of a new kind. */
function isTooEarly(error: unknown): boolean {
    if (isNamespaceMissing(error)) return true;
    return (
        isPathMissing(error) || (error instanceof ApiError && error.code === 403 && /error looking up service account/.test(error.message))
    );
}

function alreadyExists(object: Manifest): Error {
    return new Error(
        `${describeObject(object)} exists already and was not made by this resource. Import it with its id, give the resource another name, use an alias if the resource was renamed, or set kubernetes:upsertExistingObjects to take it over`,
    );
}

/** Changes an object to what is declared. Fields of other managers stay; what was declared before and is no more is removed. */
export async function updateObject(cluster: Cluster, object: Manifest, options: UpdateOptions): Promise<Response<Manifest>> {
    try {
        const path = await cluster.pathOf(object, options.signal);
        for (let attempt = 0; ; attempt++) {
            const live = await cluster
                .get(path, options.signal, (text) => options.status?.(text))
                .catch((error: unknown) => {
                    if (isNotFound(error)) return undefined;
                    throw error;
                });
            try {
                if (live) await handOver(cluster, path, live, options, options.signal);
                return await patch(
                    cluster,
                    path,
                    live ? withIgnored(object, options.ignoreChanges, live, options.manager) : object,
                    options,
                );
            } catch (error) {
                // Somebody wrote between the question and the change of its ownership.
                if (attempt >= HAND_OVER_ATTEMPTS || !isOutdated(error)) throw error;
            }
        }
    } catch (error) {
        throw explain("update", object, error);
    }
}

const HAND_OVER_ATTEMPTS = 4;

/** The server has a newer version than the one that was to be changed. Conflicts of ownership name their fields. */
function isOutdated(error: unknown): boolean {
    return error instanceof ApiError && error.code === 409 && error.causes.length === 0;
}

/** Stands in for a namespace that does not exist yet: every cluster has it, and a dry run leaves nothing in it. */
const STAND_IN = "default";

export interface ValidateOptions extends Omit<ApplyOptions, "force" | "dryRun"> {
    /** Told what is refused now, but may be allowed by then. */
    warn(text: string): void;
}

/** Has the server judge an object without writing it. What will be there by then, a namespace or a kind, is not missed. */
export async function validateObject(cluster: Cluster, object: Manifest, options: ValidateOptions): Promise<void> {
    if (!(await cluster.discovery.lookUp(kindOf(object)))) return;
    try {
        await dryRun(cluster, object, options);
    } catch (error) {
        if (!isNamespaceMissing(error)) return report(object, error, options);
        try {
            await dryRun(cluster, { ...object, metadata: { ...object.metadata, namespace: STAND_IN } }, options);
        } catch (judgement) {
            report(object, judgement, options);
        }
    }
}

async function dryRun(cluster: Cluster, object: Manifest, { manager, signal }: ValidateOptions): Promise<void> {
    await applyDryRun(cluster, object, { manager, signal, force: true });
}

/** What an apply would come to; writes nothing. */
export async function applyDryRun(cluster: Cluster, object: Manifest, options: Omit<ApplyOptions, "dryRun">): Promise<Manifest> {
    return (await patch(cluster, await cluster.pathOf(object, options.signal), object, { ...options, dryRun: true })).body;
}

/** Throws what a dry run found, unless that is only because it was one. */
function report(object: Manifest, error: unknown, { warn }: ValidateOptions): void {
    if (error instanceof ApiError) {
        if (isAdmissionRefusal(error)) return warn(explain("create", object, error).message);
        if ([403, 404, 409].includes(error.code)) return;
        if (error.code === 422 && /immutable/.test(error.message)) return; // To be replaced: the old object is still there.
        if (/does not support dry run/.test(error.message)) return;
    }
    throw explain("create", object, error);
}

/** A quota, a policy or a webhook refuses, not the rights of the user: the same run may change that. */
export function isAdmissionRefusal(error: ApiError): boolean {
    return error.code === 403 && !/ cannot \S+ resource /.test(error.message);
}
