import { describeObject, type JsonObject } from "./manifest.ts";

export interface StatusCause {
    readonly reason?: string;
    readonly message?: string;
    readonly field?: string;
}

/** What the API server answers instead of an object (`meta/v1.Status`). */
export interface Status {
    readonly message?: string;
    readonly reason?: string;
    readonly code?: number;
    readonly details?: {
        readonly name?: string;
        readonly group?: string;
        readonly kind?: string;
        readonly causes?: readonly StatusCause[];
        readonly retryAfterSeconds?: number;
    };
}

/** A request that the API server refused. */
export class ApiError extends Error {
    override readonly name = "ApiError";
    readonly status: Status;
    readonly code: number;
    constructor(status: Status, code: number) {
        super(status.message || status.reason || `status ${code}`);
        this.status = status;
        this.code = code;
    }
    get reason(): string {
        return this.status.reason ?? "";
    }
    get causes(): readonly StatusCause[] {
        return this.status.details?.causes ?? [];
    }
}

/** The API server cannot be talked to at all: no route, no listener, no trust, no usable kubeconfig. */
export class UnreachableError extends Error {
    override readonly name = "UnreachableError";
}

/** The server does not serve a kind. */
export class NoKindError extends Error {
    override readonly name = "NoKindError";
}

export function isNotFound(error: unknown): boolean {
    return error instanceof ApiError && error.code === 404;
}

/** The object's namespace is what was not found, not the object. */
export function isNamespaceMissing(error: unknown): boolean {
    return error instanceof ApiError && error.code === 404 && error.status.details?.kind === "namespaces";
}

/**
 * One sentence for a refused request: what was to be done to which object, what the server found, and what to do.
 * @param doing such as `create` or `update`
 */
export function explain(doing: string, object: JsonObject, error: unknown): Error {
    if (!(error instanceof ApiError)) return error as Error;
    const what = `cannot ${doing} ${describeObject(object)}: `;
    return new Error(what + reasonOf(error), { cause: error });
}

function reasonOf(error: ApiError): string {
    const { code, reason, causes } = error;
    if (code === 401)
        return "the API server does not accept the credentials in the kubeconfig: they are wrong or have expired. Get a new kubeconfig";
    if (code === 403 && !/exceeded quota|violates|denied the request/.test(error.message))
        return `the user in the kubeconfig may not do that: ${error.message}. Give it a role that allows it`;
    if (code === 403) return error.message;
    if (reason === "Conflict" && causes.length) return conflictReason(error);
    if (isNamespaceMissing(error)) return `${error.message}. Declare the namespace as a resource and refer to it, or create it`;
    if (code === 422) return invalidReason(error);
    if (code === 429) return `the API server is overloaded: ${error.message}. Try again later`;
    return strictReason(error.message) ?? error.message;
}

function conflictReason(error: ApiError): string {
    const byManager = new Map<string, string[]>();
    for (const { message = "", field = "" } of error.causes) {
        const manager = /conflict with "([^"]+)"/.exec(message)?.[1] ?? "another manager";
        byManager.set(manager, [...(byManager.get(manager) ?? []), field.replace(/^\./, "")]);
    }
    const owned = [...byManager].map(([manager, fields]) => `${fields.join(", ")} (managed by "${manager}")`).join("; ");
    return `another field manager owns ${owned}. Leave these fields out, or take them over with the annotation pulumi.com/patchForce: "true"`;
}

function invalidReason(error: ApiError): string {
    if (!error.causes.length) return error.message;
    return error.causes.map(({ field, message }) => `${field ? `${field}: ` : ""}${message ?? ""}`).join("; ");
}

/**
 * What strict validation says: `strict decoding error: unknown field "spec.replica"` of custom resources, and of kinds
 * of Kubernetes itself `failed to create typed patch object (…): .spec.replica: field not declared in schema`.
 */
function strictReason(message: string): string | undefined {
    const strict = [...message.matchAll(/(unknown|duplicate) field "([^"]+)"/g)].map(
        ([, what, field]) => `${field} is ${what === "unknown" ? "not a field of this kind" : "given twice"}`,
    );
    if (strict.length) return `${strict.join("; ")}. Check the spelling`;
    const typed = /^failed to create typed patch object \([^)]*\): (.*)$/s.exec(message)?.[1];
    return typed
        ?.replace(/^errors:\s*/, "")
        .split("\n")
        .map((line) =>
            line
                .trim()
                .replace(/^\./, "")
                .replace(/: field not declared in schema$/, " is not a field of this kind. Check the spelling"),
        )
        .filter(Boolean)
        .join("; ");
}
