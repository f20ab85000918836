/** Keeps secrets out of text that a program or a provider wrote: whatever was a secret in this run reads `[secret]`. */
import { OutputValue, Secret, isObject, type PropertyValue } from "../values.ts";

/** Shorter texts are too common in ordinary words to be masked. */
const SHORTEST = 4;
/** A line of a longer secret is masked by itself from this length on: messages often quote single lines. */
const SHORTEST_LINE = 16;

export class Mask {
    readonly #secrets = new Set<string>();
    readonly #seen = new WeakSet<object>();
    #pattern: RegExp | undefined;

    /** Collects the secrets inside a value. Cheap for a value that was collected before. */
    collect(value: PropertyValue | undefined): void {
        if (typeof value !== "object" || value === null) return;
        if (this.#seen.has(value)) return;
        this.#seen.add(value);
        if (value instanceof Secret) this.#add(value.value);
        else if (value instanceof OutputValue) {
            if (value.secret) this.#add(value.value ?? null);
            else this.collect(value.value);
        } else if (Array.isArray(value)) for (const item of value) this.collect(item as PropertyValue);
        else if (isObject(value)) for (const item of Object.values(value)) this.collect(item);
    }

    /** Adds a secret's text. */
    add(text: string): void {
        const lines = text.includes("\n")
            ? text.split("\n").filter((line) => line.length >= SHORTEST_LINE && !/^-+(BEGIN|END) /.test(line))
            : [];
        for (const part of [text, text.trim(), ...lines]) {
            if (part.length < SHORTEST) continue;
            for (const form of [
                part,
                JSON.stringify(part).slice(1, -1),
                encodeURIComponent(wellFormed(part)),
                Buffer.from(part).toString("base64"),
            ]) {
                if (this.#secrets.has(form)) continue;
                this.#secrets.add(form);
                this.#pattern = undefined;
            }
        }
    }

    /** The text with every known secret replaced. */
    apply(text: string): string {
        if (!this.#secrets.size) return text;
        // The longest first, so that a secret inside another leaves nothing of the longer one.
        this.#pattern ??= new RegExp(
            [...this.#secrets]
                .toSorted((a, b) => b.length - a.length)
                .map(escape)
                .join("|"),
            "g",
        );
        return text.replace(this.#pattern, "[secret]");
    }

    #add(value: PropertyValue): void {
        if (typeof value === "string") this.add(value);
        else if (value instanceof Secret || value instanceof OutputValue) this.#add(value.value ?? null);
        else if (Array.isArray(value)) for (const item of value) this.#add(item as PropertyValue);
        else if (isObject(value)) for (const item of Object.values(value)) this.#add(item);
    }
}

function escape(text: string): string {
    return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}

function wellFormed(text: string): string {
    return text.isWellFormed() ? text : "";
}
