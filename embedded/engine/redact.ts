/**
 * Secrets in text. {@link Redactor} takes them out of whatever a program, a provider or the engine says; {@link markRevealing}
 * finds outputs that hold one, so that they are stored as secrets. Both know the forms that a secret takes in texts; what
 * is long enough to be cut out of a sentence and what is enough to call a value secret are different questions.
 */
import { secretStrings } from "./secretness.ts";
import { isObject, Secret, type PropertyMap, type PropertyValue } from "./values.ts";

/** What stands for a secret wherever it is not shown. */
const HIDDEN = "[secret]";

/** Shorter values are parts of ordinary words: taking them out would garble every text and hide nothing. */
const SHORTEST = 6;
/** From here on a part of a secret is taken out by itself: a line of a key, a text within a JSON document. */
const SHORTEST_PART = 16;
/** From here on a secret makes the text around it secret, if it stands there as a word. */
const SHORTEST_WORD = 3;

/** Every text that gives a secret away: itself, its parts, and both as JSON, in URLs and in base64. */
function formsOf(secret: string): Set<string> {
    const forms = new Set<string>();
    for (const part of partsOf(secret)) {
        const quoted = JSON.stringify(part).slice(1, -1);
        forms.add(part).add(quoted).add(JSON.stringify(quoted).slice(1, -1));
        if (/[<>&]/.test(quoted)) forms.add(quoted.replace(/[<>&]/g, (c) => `\\u00${c.charCodeAt(0).toString(16)}`));
        if (part.isWellFormed()) forms.add(encodeURIComponent(part));
        for (const form of base64Of(part)) forms.add(form);
    }
    forms.delete("");
    return forms;
}

function partsOf(secret: string): Set<string> {
    const parts = new Set([secret, secret.trim()]);
    if (secret.includes("\n")) {
        const lines = secret.split("\n").map((line) => line.trim());
        for (const line of lines) if (line.length >= SHORTEST_PART && !/^-+(BEGIN|END) /.test(line)) parts.add(line);
    }
    if (/^\s*[[{]/.test(secret)) for (const text of textsOfDocument(secret)) if (text.length >= SHORTEST_PART) parts.add(text);
    return parts;
}

/** The texts inside a JSON document; none when it is not one. */
function textsOfDocument(secret: string): string[] {
    const texts = (value: unknown): string[] => {
        if (typeof value === "string") return [value];
        return typeof value === "object" && value !== null ? Object.values(value).flatMap(texts) : [];
    };
    try {
        return texts(JSON.parse(secret));
    } catch {
        return [];
    }
}

/** The text in base64, also as it looks within the base64 of a longer text, where it may begin at any of three offsets. */
function base64Of(text: string): string[] {
    const bytes = Buffer.from(text);
    const inner = [0, 1, 2].map((offset) => {
        const encoded = Buffer.concat([Buffer.alloc(offset), bytes]).toString("base64");
        const whole = Math.floor(((offset + bytes.length) * 8) / 6);
        return encoded.slice(offset && offset + 1, whole);
    });
    const long = inner.filter((form) => form.length >= SHORTEST_PART);
    return [bytes.toString("base64"), ...long].flatMap((form) => [form, form.replaceAll("+", "-").replaceAll("/", "_")]);
}

export class Redactor {
    readonly #secrets = new Set<string>();
    /** By their first characters, so that a text is read once, however many secrets there are. */
    readonly #forms = new Map<string, Set<string>>();
    readonly #seen = new WeakSet<object>();
    readonly #open: boolean;

    /** @param open whether secrets may be shown, as `--show-secrets` asks for: texts are then left as they are */
    constructor(open = false) {
        this.#open = open;
    }

    /** Takes every secret of these values into account from now on. Cheap for values that were learnt before. */
    learn(map: PropertyMap | undefined): void {
        if (this.#open || map === undefined || this.#seen.has(map)) return;
        this.#seen.add(map);
        for (const value of Object.values(map)) for (const text of secretStrings(value)) this.add(text);
    }

    add(secret: string): void {
        if (this.#open || this.#secrets.has(secret)) return;
        this.#secrets.add(secret);
        for (const form of formsOf(secret)) {
            if (form.length < SHORTEST) continue;
            const start = form.slice(0, SHORTEST);
            const known = this.#forms.get(start);
            if (known) known.add(form);
            else this.#forms.set(start, new Set([form]));
        }
    }

    /** The text with `[secret]` for every secret in it. */
    clean(text: string): string {
        const found: [number, number][] = [];
        for (let at = 0; this.#forms.size && at + SHORTEST <= text.length; at++)
            for (const form of this.#forms.get(text.slice(at, at + SHORTEST)) ?? [])
                if (text.startsWith(form, at)) found.push([at, at + form.length]);
        if (!found.length) return text;
        // What stands for a secret already is left alone, also where "secret" is one.
        for (let at = text.indexOf(HIDDEN); at >= 0; at = text.indexOf(HIDDEN, at + 1)) found.push([at, at + HIDDEN.length]);
        return join(
            text,
            found.toSorted(([a], [b]) => a - b),
        );
    }
}

/** The text with `[secret]` in place of the ranges, those that overlap as one. */
function join(text: string, ranges: readonly (readonly [number, number])[]): string {
    let result = "";
    let end = 0;
    let start = -1;
    for (const [from, to] of ranges) {
        if (start < 0 || from >= end) {
            result += text.slice(end, from) + HIDDEN;
            start = from;
        }
        end = Math.max(end, to);
    }
    return result + text.slice(end);
}

/**
 * Marks every text in the outputs that gives away a secret of the inputs. A short secret does when it is all that the text
 * says or a word of it, for what is stored must not depend on what is convenient to show.
 */
export function markRevealing(outputs: PropertyMap, inputs: PropertyMap): PropertyMap {
    const secrets = new Set(Object.values(inputs).flatMap((value) => secretStrings(value)));
    const forms = [...secrets].flatMap((secret) => [...formsOf(secret)]);
    if (!forms.length) return outputs;
    const mark = (value: PropertyValue): PropertyValue => {
        if (typeof value === "string") return forms.some((form) => givesAway(value, form)) ? new Secret(value) : value;
        if (Array.isArray(value)) return value.map(mark);
        return isObject(value) ? Object.fromEntries(Object.entries(value).map(([key, item]) => [key, mark(item)])) : value;
    };
    return Object.fromEntries(Object.entries(outputs).map(([key, value]) => [key, mark(value)]));
}

function givesAway(text: string, form: string): boolean {
    if (!text.includes(form)) return false;
    if (form.length >= SHORTEST || text.trim() === form.trim()) return true;
    if (form.length < SHORTEST_WORD) return false;
    for (let at = text.indexOf(form); at >= 0; at = text.indexOf(form, at + 1))
        if (!isWordPart(text[at - 1]) && !isWordPart(text[at + form.length])) return true;
    return false;
}

function isWordPart(character: string | undefined): boolean {
    return character !== undefined && /[\p{L}\p{N}]/u.test(character);
}
