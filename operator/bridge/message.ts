/** As much of JSON-RPC as routing needs: which kind a message is, whose answer it is, which request it speaks of. */

export type Id = string | number;
export type Json = Readonly<Record<string, unknown>>;

export type Message =
    | { readonly kind: "request"; readonly id: Id; readonly method: string; readonly body: Json }
    | { readonly kind: "notification"; readonly method: string; readonly body: Json }
    | { readonly kind: "response"; readonly id: Id | null; readonly body: Json };

export function isObject(value: unknown): value is Json {
    return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isId(value: unknown): value is Id {
    return typeof value === "string" || (typeof value === "number" && Number.isFinite(value));
}

/** Reads a parsed JSON value as a JSON-RPC 2.0 message; undefined when it is none. */
export function asMessage(value: unknown): Message | undefined {
    if (!isObject(value) || value["jsonrpc"] !== "2.0") return undefined;
    const { id, method } = value;
    if (typeof method === "string") {
        if (id === undefined) return { kind: "notification", method, body: value };
        return isId(id) ? { kind: "request", id, method, body: value } : undefined;
    }
    if (method !== undefined) return undefined;
    const answers = Number(value["result"] !== undefined) + Number(isObject(value["error"]));
    if (answers !== 1) return undefined;
    if (isId(id)) return { kind: "response", id, body: value };
    return value["error"] !== undefined ? { kind: "response", id: null, body: value } : undefined;
}

/** A key for maps: the ids 1 and "1" are two different ids. */
export function keyOf(id: Id): string {
    return typeof id === "number" ? `n${id}` : `s${id}`;
}

/** The `params` of a message, empty when it has none. */
export function paramsOf(message: Message): Json {
    const params = message.body["params"];
    return isObject(params) ? params : {};
}

/** The `params._meta` of a message, empty when it has none. */
export function metaOf(message: Message): Json {
    const meta = paramsOf(message)["_meta"];
    return isObject(meta) ? meta : {};
}

/** Reads an id that is a value inside a message: a progress token, a cancelled request's id. */
export function idIn(value: unknown): Id | undefined {
    return isId(value) ? value : undefined;
}

/** Error codes: JSON-RPC 2.0, the MCP schema and the SDKs' custom ones. */
export const CODES = {
    parse: -32700,
    invalidRequest: -32600,
    methodNotFound: -32601,
    invalidParams: -32602,
    internal: -32603,
    refused: -32000,
    sessionNotFound: -32001,
    headerMismatch: -32020,
    missingCapability: -32021,
    unsupportedVersion: -32022,
} as const;

/** The text of a JSON-RPC error answer. */
export function errorText(id: Id | null, code: number, message: string, data?: unknown): string {
    return JSON.stringify({ jsonrpc: "2.0", error: data === undefined ? { code, message } : { code, message, data }, id });
}
