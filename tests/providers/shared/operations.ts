/** What a provider is handed in tests: URNs, and a context that records what was said. */
import type { OperationContext } from "../../../embedded/engine/provider.ts";
import { Secret, type PropertyValue } from "../../../embedded/engine/values.ts";

export const urnOf = (type: string, name = "it") => `urn:pulumi:test::mcp-platform::mcp:edge:Edge$${type}::${name}`;

export interface RecordingContext extends OperationContext {
    readonly logged: string[];
    readonly said: string[];
}

export function contextOf(overrides: Partial<OperationContext> = {}): RecordingContext {
    const logged: string[] = [];
    const said: string[] = [];
    return {
        preview: false,
        signal: new AbortController().signal,
        status: (text) => void said.push(text),
        log: (severity, text) => void logged.push(`${severity}: ${text}`),
        logged,
        said,
        ...overrides,
    };
}

/** Takes the secret marks away, as the engine does before it hands values to a provider. */
export function plain(outputs: Record<string, PropertyValue>): Record<string, PropertyValue> {
    return Object.fromEntries(Object.entries(outputs).map(([name, value]) => [name, value instanceof Secret ? value.value : value]));
}

/** The text of an output, secret or not. */
export function text(value: unknown): string {
    return String(value instanceof Secret ? value.value : value);
}
