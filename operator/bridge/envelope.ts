/**
 * What a request of the modern era must say twice: in its body, which the server reads, and in its headers, which
 * everything in between may read. A server behind standard input never sees the headers, so they are checked here.
 */
import { META } from "./handshake.ts";
import { CODES, isObject, metaOf, paramsOf, type Json, type Message } from "./message.ts";

export interface Headers {
    readonly version: string | undefined;
    readonly method: string | undefined;
    readonly name: string | undefined;
}

export interface Problem {
    readonly code: number;
    readonly text: string;
    readonly data?: Json;
}

/** Methods with a Mcp-Name header, and the parameter it repeats. */
const NAMED: Readonly<Record<string, string>> = {
    "tools/call": "name",
    "prompts/get": "name",
    "resources/read": "uri",
    "tasks/get": "taskId",
    "tasks/update": "taskId",
    "tasks/cancel": "taskId",
};

/**
 * What is wrong with a request's metadata, if anything is.
 * @param supported the versions of the modern era that the server speaks
 */
export function envelopeProblem(
    request: Extract<Message, { kind: "request" }>,
    headers: Headers,
    supported: readonly string[],
): Problem | undefined {
    const meta = metaOf(request);
    const claimed = meta[META.version];
    if (claimed === undefined) {
        if (request.method === "initialize")
            return mismatch("initialize belongs to protocol versions before the one in the MCP-Protocol-Version header");
        return invalid(`the request has no _meta["${META.version}"]`);
    }
    if (typeof claimed !== "string") return invalid(`_meta["${META.version}"] must be a text`);
    if (!isObject(meta[META.clientCapabilities])) return invalid(`the request has no _meta["${META.clientCapabilities}"]`);
    const info = meta[META.clientInfo];
    if (info !== undefined && !(isObject(info) && typeof info["name"] === "string" && typeof info["version"] === "string"))
        return invalid(`_meta["${META.clientInfo}"] must have a name and a version`);
    if (headers.version !== undefined && headers.version !== claimed)
        return mismatch(`the MCP-Protocol-Version header is ${headers.version}, the body has ${claimed}`);
    if (headers.method !== undefined && headers.method !== request.method)
        return mismatch(`the Mcp-Method header is ${headers.method}, the body has ${request.method}`);
    if (!supported.includes(claimed))
        return {
            code: CODES.unsupportedVersion,
            text: `Unsupported protocol version: ${claimed}`,
            data: { supported, requested: claimed },
        };
    if (headers.version === undefined) return mismatch("the MCP-Protocol-Version header is missing");
    if (headers.method === undefined) return mismatch("the Mcp-Method header is missing");
    return nameProblem(request, headers.name);
}

function nameProblem(request: Extract<Message, { kind: "request" }>, header: string | undefined): Problem | undefined {
    const parameter = Object.hasOwn(NAMED, request.method) ? NAMED[request.method] : undefined;
    if (parameter === undefined) return undefined;
    const value = paramsOf(request)[parameter];
    if (header === undefined)
        return typeof value === "string"
            ? mismatch(`the Mcp-Name header is missing; the body has ${parameter} ${JSON.stringify(value)}`)
            : undefined;
    const decoded = decodeHeader(header);
    if (decoded === undefined) return mismatch("the Mcp-Name header is not valid base64");
    return typeof value === "string" && value !== decoded
        ? mismatch(`the Mcp-Name header is ${JSON.stringify(decoded)}, the body has ${parameter} ${JSON.stringify(value)}`)
        : undefined;
}

/** A header's value as text: what a header cannot hold is written as `=?base64?…?=`. undefined when that is malformed. */
export function decodeHeader(value: string): string | undefined {
    if (!(value.startsWith("=?base64?") && value.endsWith("?="))) return value;
    const encoded = value.slice("=?base64?".length, -"?=".length);
    const bytes = Buffer.from(encoded, "base64");
    if (bytes.toString("base64") !== encoded) return undefined;
    try {
        return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    } catch {
        return undefined;
    }
}

function mismatch(text: string): Problem {
    return { code: CODES.headerMismatch, text: `Bad Request: ${text}` };
}

function invalid(text: string): Problem {
    return { code: CODES.invalidParams, text: `Invalid params: ${text}` };
}
