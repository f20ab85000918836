/**
 * A double of a provider: objects are entries of a map, and inputs say how it behaves.
 * `value` can be updated, a changed `key` replaces, `failOn` names operations that fail, `partialOn` ones that
 * fail after the object exists, `deleteFirst` asks for deletion before replacement, `delayMs` makes them take time.
 */
import { randomUUID } from "node:crypto";
import { PartialError, type DiffResult, type ResourceProvider } from "../../../embedded/engine/provider.ts";
import { difference } from "../../../embedded/engine/compare.ts";
import { containsUnknown } from "../../../embedded/engine/secretness.ts";
import { Unknown, type PropertyMap } from "../../../embedded/engine/values.ts";

export interface WorldObject {
    readonly urn: string;
    inputs: PropertyMap;
}

/** What the providers made in a test have done. */
export class World {
    readonly objects = new Map<string, WorldObject>();
    /** Every call in order, `create NAME`; previews are not in it. */
    readonly calls: string[] = [];
    readonly previews: string[] = [];
    readonly configured: PropertyMap[] = [];
    running = 0;
    mostRunning = 0;
    closed = 0;
    /** Runs before every call that changes something, with its text. */
    before: (call: string) => Promise<void> | void = () => {};
    /** Runs after it, before the engine hears of it. */
    after: (call: string) => Promise<void> | void = () => {};

    names(): string[] {
        return [...this.objects.values()].map(({ urn }) => nameOf(urn)).toSorted();
    }
}

export function nameOf(urn: string): string {
    return urn.slice(urn.lastIndexOf("::") + 2);
}

/** Does what changes something, and records it. */
async function call(world: World, text: string, inputs: PropertyMap, preview: boolean, work: () => void): Promise<void> {
    if (preview) {
        world.previews.push(text);
        return;
    }
    await world.before(text);
    world.mostRunning = Math.max(world.mostRunning, ++world.running);
    try {
        await new Promise((resolve) => setTimeout(resolve, Number(inputs["delayMs"] ?? 0)));
        if (inputs["failOn"] === text.split(" ")[0]) throw new Error(String(inputs["message"] ?? "refused by the double"));
        world.calls.push(text);
        work();
    } finally {
        world.running--;
    }
    await world.after(text);
}

/** The inputs, a copy of one under another name, and what only the "server" knows. */
function outputsOf(inputs: PropertyMap, generated: string | Unknown): PropertyMap {
    return { ...inputs, generated, copy: inputs["value"] ?? null };
}

export function double(world: World, overrides: Partial<ResourceProvider> = {}): () => ResourceProvider {
    return () => {
        return {
            name: "double",
            version: "1.0.0",
            async checkConfig(_urn, _olds, news) {
                return { inputs: news };
            },
            async diffConfig(_urn, olds, news): Promise<DiffResult> {
                const changes = Object.keys(difference(olds, news));
                return { changes: changes.length > 0, replaces: changes.filter((key) => key === "cluster") };
            },
            async configure(_urn, config) {
                world.configured.push(config);
            },
            async check(_urn, _olds, news) {
                if (news["invalid"] === true) return { inputs: news, failures: [{ property: "invalid", reason: "must not be true" }] };
                return { inputs: news };
            },
            async diff(_id, _urn, olds, news): Promise<DiffResult> {
                const detailedDiff = difference(olds.inputs, news);
                const replaces = Object.keys(detailedDiff).filter((key) => key === "key");
                return {
                    changes: Object.keys(detailedDiff).length > 0,
                    replaces,
                    detailedDiff,
                    deleteBeforeReplace: news["deleteFirst"] === true,
                };
            },
            async create(urn, inputs, context) {
                const id = `${nameOf(urn)}-${randomUUID().slice(0, 8)}`;
                if (context.preview) {
                    world.previews.push(`create ${nameOf(urn)}`);
                    return { id: "", outs: outputsOf(inputs, Unknown.instance) };
                }
                if (containsUnknown(inputs)) throw new Error("an unknown reached create");
                await call(world, `create ${nameOf(urn)}`, inputs, false, () => world.objects.set(id, { urn, inputs }));
                if (inputs["partialOn"] === "create") throw new PartialError(id, outputsOf(inputs, "half"), ["it never became ready"]);
                return { id, outs: outputsOf(inputs, `generated for ${nameOf(urn)}`) };
            },
            async update(id, urn, olds, news, _ignore, context) {
                await call(world, `update ${nameOf(urn)}`, news, context.preview, () => world.objects.set(id, { urn, inputs: news }));
                if (!context.preview && news["partialOn"] === "update")
                    throw new PartialError(id, outputsOf(news, "half"), ["it never became ready"]);
                return { outs: outputsOf(news, olds.outputs["generated"] as string) };
            },
            async read(id, urn) {
                const found = world.objects.get(id);
                return found ? { id, props: outputsOf(found.inputs, `generated for ${nameOf(urn)}`), inputs: found.inputs } : {};
            },
            async delete(id, urn, olds, context) {
                await call(world, `delete ${nameOf(urn)}`, olds.inputs, context.preview, () => world.objects.delete(id));
            },
            async invoke(token, inputs) {
                return { outputs: { token, said: inputs["say"] ?? null } };
            },
            async close() {
                world.closed++;
            },
            ...overrides,
        };
    };
}
