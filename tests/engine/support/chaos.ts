/**
 * A stack whose state and whose provider's world are folders, so that both outlive a process that is killed: what
 * `chaos-process.ts` runs, and what a test looks at afterwards.
 */
import { randomUUID } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Deployment } from "../../../embedded/engine/deployment/deployment.ts";
import { register } from "../../../embedded/engine/deployment/register.ts";
import { destroy } from "../../../embedded/engine/operations/destroy.ts";
import { converge } from "../../../embedded/engine/operations/update.ts";
import type { ResourceProvider } from "../../../embedded/engine/provider.ts";
import type { EngineRun, OperationResult } from "../../../embedded/engine/run.ts";
import { qualifiedName, type Backend } from "../../../embedded/engine/state/backend.ts";
import { fileBackend } from "../../../embedded/engine/state/open.ts";
import { lockStack } from "../../../embedded/engine/state/lock.ts";
import { CiphertextMemory, type SecretsManager } from "../../../embedded/engine/state/secrets.ts";
import { CheckpointWriter, deserializeDeployment } from "../../../embedded/engine/state/serialize.ts";
import { emptySnapshot, type Snapshot } from "../../../embedded/engine/state/snapshot.ts";
import { StateStore } from "../../../embedded/engine/state/store.ts";
import { noOptions, type Goal } from "../../../embedded/engine/steps/goal.ts";
import type { PropertyMap } from "../../../embedded/engine/values.ts";
import { double, nameOf, World } from "./double.ts";

export const THING = "double:index:Thing";

/** A thing that is wanted. */
export interface Wanted {
    readonly name: string;
    readonly value: number;
    /** Another key replaces the object. */
    readonly key: number;
    /** `keyed` and `first` objects are found by name; the first ones have room for one of a name, and are deleted before they are replaced. */
    readonly kind: "keyed" | "first" | "anonymous";
    readonly needs: readonly string[];
}

export interface Task {
    readonly folder: string;
    /** Absent to destroy. */
    readonly wanted?: readonly Wanted[];
    /** Added to the state, so that it is stored as steps rather than whole. Characters. */
    readonly ballast: number;
}

/** Passes each moment at which a run may die. */
export type Moment = (what: string) => void | Promise<void>;

const REFERENCE = { project: "test", stack: "unit" };

/** Secrets are no part of this. */
const manager: SecretsManager = {
    provider: { type: "passphrase", state: { salt: "v1:none" } },
    encrypt: (text) => text,
    decrypt: (text) => text,
};

const worldFolder = (folder: string): string => join(folder, "world");
const fileOf = (folder: string, id: string): string => join(worldFolder(folder), `${id}.json`);

export function backendOf(folder: string): Backend {
    return fileBackend(join(folder, "state"));
}

export function idOf({ name, kind, key }: Pick<Wanted, "name" | "kind" | "key">): string {
    return kind === "first" ? name : kind === "keyed" ? `${name}-${key}` : `${name}-${randomUUID().slice(0, 8)}`;
}

/** The objects that exist, by id. */
export function worldOf(folder: string): Map<string, PropertyMap> {
    mkdirSync(worldFolder(folder), { recursive: true });
    return new Map(
        readdirSync(worldFolder(folder)).map((file) => [
            file.replace(/\.json$/, ""),
            JSON.parse(readFileSync(join(worldFolder(folder), file), "utf8")) as PropertyMap,
        ]),
    );
}

/** The state as the disk has it. */
export async function stateOf(folder: string): Promise<Snapshot> {
    const latest = (await backendOf(folder).read(REFERENCE))?.checkpoint.latest;
    return latest ? deserializeDeployment(latest, manager) : emptySnapshot;
}

/**
 * Runs an update or a destroy on what the folder holds.
 * @param tell is given what the lock and the engine report, when they do
 */
export async function perform(task: Task, tell: (line: string) => void, moment: Moment = () => {}): Promise<OperationResult> {
    const { folder, wanted, ballast } = task;
    const backend = backendOf(folder);
    worldOf(folder);
    const lock = await lockStack(backend, REFERENCE, "up", tell);
    try {
        const store = new StateStore(backend, REFERENCE, new CheckpointWriter(qualifiedName(REFERENCE), manager, new CiphertextMemory()));
        const run: EngineRun = {
            project: { name: REFERENCE.project, root: folder, runtimeOptions: {} },
            stack: REFERENCE.stack,
            organization: "organization",
            config: {},
            configSecretKeys: [],
            snapshot: await stateOf(folder),
            providers: { double: provider(folder, moment) },
            parallel: 16,
            signal: new AbortController().signal,
            continueOnError: true,
            events: (event) => void (event.type === "diagnostic" && tell(`${event.severity}: ${event.message}`)),
            persist: async (snapshot) => {
                await moment("before the state is stored");
                await store.store(snapshot);
                await moment("after the state was stored");
            },
        };
        const result = wanted ? await update(run, wanted, ballast) : await destroy(run, { preview: false });
        await moment("before the state is brought together");
        await store.settle();
        return result;
    } finally {
        await lock.release();
    }
}

/** An update without a program: everything is registered as soon as what it needs is. */
async function update(run: EngineRun, wanted: readonly Wanted[], ballast: number): Promise<OperationResult> {
    return await converge(new Deployment(run, false), async (deployment, finish) => {
        const ask = async (name: string, inputs: PropertyMap, dependencies: readonly string[]): Promise<string> => {
            const goal: Goal = {
                ...noOptions,
                type: THING,
                name,
                custom: true,
                inputs,
                dependencies,
            };
            return (await register(deployment, goal)).state.urn;
        };
        const made = new Map([["ballast", ask("ballast", { kind: "first", text: "x".repeat(ballast) }, [])]]);
        for (const { name, value, key, kind, needs } of wanted) {
            const needed = Promise.all(needs.map((other) => made.get(other) ?? ""));
            made.set(
                name,
                needed.then((urns) => ask(name, { value, key, kind, deleteFirst: kind === "first" }, urns)),
            );
        }
        await Promise.allSettled(made.values()); // what fails is reported
        await finish();
    });
}

function given(urn: string, inputs: PropertyMap): Pick<Wanted, "name" | "kind" | "key"> {
    return { name: nameOf(urn), kind: inputs["kind"] as Wanted["kind"], key: Number(inputs["key"] ?? 0) };
}

function provider(folder: string, moment: Moment): () => ResourceProvider {
    const put = (id: string, inputs: PropertyMap): void => writeFileSync(fileOf(folder, id), JSON.stringify(inputs));
    return double(new World(), {
        async locate(urn, inputs) {
            return inputs["kind"] === "anonymous" ? undefined : idOf(given(urn, inputs));
        },
        async create(urn, inputs) {
            await moment(`before creating ${nameOf(urn)}`);
            const id = idOf(given(urn, inputs));
            if (worldOf(folder).has(id)) throw new Error(`${id} exists already`);
            put(id, inputs);
            await moment(`after creating ${nameOf(urn)}`);
            return { id, outs: inputs };
        },
        async read(id) {
            const inputs = worldOf(folder).get(id);
            return inputs ? { id, props: inputs, inputs } : {};
        },
        async update(id, urn, _olds, news) {
            await moment(`before updating ${nameOf(urn)}`);
            if (!worldOf(folder).has(id)) throw new Error(`${id} does not exist`);
            put(id, news);
            await moment(`after updating ${nameOf(urn)}`);
            return { outs: news };
        },
        async delete(id, urn) {
            await moment(`before deleting ${nameOf(urn)}`);
            rmSync(fileOf(folder, id), { force: true });
            await moment(`after deleting ${nameOf(urn)}`);
        },
    });
}
