/** The words that sentences about settings are made of: the key, what was found, the fix. */

/** The key of a setting as messages name it. */
export function keyOf(path: readonly PropertyKey[]): string {
    const parts = path.map((part) =>
        typeof part === "number" ? `[${part}]` : /^[\w-]+$/.test(String(part)) ? `.${String(part)}` : `[${JSON.stringify(String(part))}]`,
    );
    return `mcp-platform:${parts.join("").replace(/^\./, "")}`;
}

const SECRET = /password|passphrase|token|private/i;

/** Whether what stands at a path is never shown. */
export const isHidden = (path: readonly PropertyKey[]): boolean => SECRET.test(String(path.at(-1)));

/** A value in a message: cut when it is long, without passwords that stand in it. */
function shown(value: unknown): string {
    const text =
        JSON.stringify(value, (key, inner: unknown) => (typeof inner === "string" && SECRET.test(key) ? "(hidden)" : inner)) ??
        String(value);
    const without = text.replace(/[^/\s"@:]*:[^/\s"@]+@/g, "(hidden)@");
    return without.length > 80 ? `${without.slice(0, 77)}…` : without;
}

/** `is "x"`, or `is missing`. */
export const isFound = (value: unknown): string => (value === undefined ? "is missing" : `is ${shown(value)}`);

/** What is said of a value that may be secret. */
export const NOT_SHOWN = "has a value that is not shown";

/** The whole sentence. */
export const sentence = (path: readonly PropertyKey[], found: string, fix: string): string => `${keyOf(path)} ${found}: ${fix}`;

/** Alternatives as they are written in a settings file. */
export function alternatives(values: readonly unknown[]): string {
    const words = values.map((value) => JSON.stringify(value));
    const last = words.pop() ?? "";
    return words.length === 0 ? last : `${words.join(", ")} or ${last}`;
}
