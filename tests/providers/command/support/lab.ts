/** What the tests of the command provider work with: a provider, and resources of one type that are created, updated and deleted. */
import { readFileSync, readdirSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import type { OperationContext, ResourceProvider } from "../../../../embedded/engine/provider.ts";
import type { PropertyMap } from "../../../../embedded/engine/values.ts";
import { contextOf, urnOf, type RecordingContext } from "../../shared/operations.ts";

/** One type of resource; `always` are the inputs that each has. */
export class Lab {
    readonly #provider: ResourceProvider;
    readonly #urn: string;
    readonly #always: () => PropertyMap;

    constructor(provider: ResourceProvider, type: string, always: () => PropertyMap = () => ({})) {
        this.#provider = provider;
        this.#urn = urnOf(type, "push");
        this.#always = always;
    }

    inputs(inputs: PropertyMap): PropertyMap {
        return { ...this.#always(), ...inputs };
    }

    async create(inputs: PropertyMap, context: OperationContext = contextOf()): Promise<PropertyMap> {
        return (await this.#provider.create(this.#urn, this.inputs(inputs), context)).outs as PropertyMap;
    }

    async update(
        before: PropertyMap,
        after: PropertyMap,
        context: OperationContext = contextOf(),
        outputs: PropertyMap = {},
    ): Promise<PropertyMap> {
        const olds = { inputs: this.inputs(before), outputs: { ...this.inputs(before), ...outputs } };
        return (await this.#provider.update("push1", this.#urn, olds, this.inputs(after), [], context)).outs as PropertyMap;
    }

    async delete(inputs: PropertyMap, outputs: PropertyMap = {}, context: OperationContext = contextOf()): Promise<void> {
        await this.#provider.delete(
            "push1",
            this.#urn,
            { inputs: this.inputs(inputs), outputs: { ...this.inputs(inputs), ...outputs } },
            context,
        );
    }

    async diff(before: PropertyMap, after: PropertyMap) {
        const olds = { inputs: this.inputs(before), outputs: this.inputs(before) };
        return await this.#provider.diff("push1", this.#urn, olds, this.inputs(after), [], contextOf());
    }

    /** `property: reason` for each failure. */
    async check(inputs: PropertyMap): Promise<string[]> {
        const { failures } = await this.#provider.check(this.#urn, undefined, this.inputs(inputs), contextOf());
        return (failures ?? []).map(({ property, reason }) => `${property}: ${reason}`);
    }

    /** The error with which a create ends, and what was said meanwhile. */
    async failure(inputs: PropertyMap, overrides: Partial<OperationContext> = {}): Promise<{ message: string; context: RecordingContext }> {
        const context = contextOf(overrides);
        return { message: await messageOf(this.create(inputs, context)), context };
    }
}

export async function messageOf(operation: Promise<unknown>): Promise<string> {
    return await operation.then(
        () => "it worked",
        (error: Error) => error.message,
    );
}

/** The processes of this machine, in whatever namespace, whose command line holds the text. */
export function processesWith(text: string): number[] {
    return readdirSync("/proc")
        .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
        .filter((pid) => {
            try {
                return (
                    readFileSync(`/proc/${pid}/cmdline`, "latin1").includes(text) &&
                    !/\) Z/.test(readFileSync(`/proc/${pid}/stat`, "latin1"))
                );
            } catch {
                return false; // it has ended
            }
        })
        .map(Number);
}

export async function eventually(condition: () => boolean, what: string): Promise<void> {
    for (let attempt = 0; attempt < 400; attempt++) {
        if (condition()) return;
        await delay(25);
    }
    throw new Error(`it did not happen: ${what}`);
}
