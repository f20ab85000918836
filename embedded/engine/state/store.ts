/** Stores the state of a running operation after every step, at a cost that does not grow with the state. */
import type { Backend, StackReference } from "./backend.ts";
import { editOf } from "./edits.ts";
import type { CheckpointTexts, CheckpointWriter } from "./serialize.ts";
import type { Snapshot } from "./snapshot.ts";
import { StepsFile } from "./steps-file.ts";

/**
 * States below this are written whole each time, so that the state file alone tells everything at every moment.
 * Characters. A write of that size takes a few milliseconds.
 */
const SMALL = 1024 * 1024;

/** The state of one stack while its lock is held. One call at a time. */
export class StateStore {
    readonly #backend: Backend;
    readonly #reference: StackReference;
    readonly #writer: CheckpointWriter;
    /** What is stored: the content of the state file, and the lists as the steps after it left them. */
    #whole: string | undefined;
    #stored: CheckpointTexts | undefined;
    #steps: StepsFile | undefined;

    constructor(backend: Backend, reference: StackReference, writer: CheckpointWriter) {
        this.#backend = backend;
        this.#reference = reference;
        this.#writer = writer;
    }

    /** Stores a snapshot, whole or as what changed. The first one is stored whole. */
    async store(snapshot: Snapshot): Promise<void> {
        const texts = this.#writer.texts(snapshot);
        const whole = this.#whole;
        // What was appended may come to as much as what it is appended to: the cost of writing both is in proportion to what changed.
        if (
            !this.#backend.storage.local ||
            whole === undefined ||
            !this.#stored ||
            whole.length < SMALL ||
            (this.#steps?.size ?? 0) > whole.length
        ) {
            await this.#writeWhole(texts);
            return;
        }
        this.#steps ??= await StepsFile.begin(this.#backend.stepsFile(this.#reference), whole);
        await this.#steps.add(editOf(this.#stored.resources, texts.resources), editOf(this.#stored.pending, texts.pending));
        this.#stored = texts;
    }

    /** Brings what was appended into the state file. To be called when the operation is done. */
    async settle(): Promise<void> {
        if (this.#steps && this.#stored) await this.#writeWhole(this.#stored);
    }

    async #writeWhole(texts: CheckpointTexts): Promise<void> {
        const text = this.#writer.assemble(texts);
        await this.#steps?.close();
        this.#steps = undefined;
        await this.#backend.write(this.#reference, text);
        this.#whole = text;
        this.#stored = texts;
    }
}
