/** Keeps secrets out of text: whatever a provider or the program says passes through here before it is shown. */
import { secretStrings } from "./secretness.ts";
import type { PropertyMap } from "./values.ts";

/** Shorter values are words that would be blanked everywhere, and no secret worth the name. */
const SHORTEST = 6;
const SHORTEST_LINE = 16;

export class Redactor {
    readonly #secrets = new Set<string>();
    #ordered: readonly string[] | undefined;

    get empty(): boolean {
        return this.#secrets.size === 0;
    }

    /** Takes every secret of these values into account from now on. */
    learn(map: PropertyMap): void {
        for (const value of Object.values(map)) for (const text of secretStrings(value)) this.add(text);
    }

    add(secret: string): void {
        if (secret.length < SHORTEST || this.#secrets.has(secret)) return;
        this.#secrets.add(secret);
        this.#secrets.add(JSON.stringify(secret).slice(1, -1));
        this.#secrets.add(Buffer.from(secret).toString("base64"));
        if (secret.includes("\n"))
            for (const line of secret.split("\n")) if (line.trim().length >= SHORTEST_LINE) this.#secrets.add(line.trim());
        this.#ordered = undefined;
    }

    /** Whether a text holds one of the secrets. */
    reveals(text: string): boolean {
        for (const secret of this.#secrets) if (text.includes(secret)) return true;
        return false;
    }

    clean(text: string): string {
        this.#ordered ??= [...this.#secrets].toSorted((a, b) => b.length - a.length);
        let result = text;
        for (const secret of this.#ordered) if (result.includes(secret)) result = result.replaceAll(secret, "[secret]");
        return result;
    }
}
