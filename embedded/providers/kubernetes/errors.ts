import { ApiError } from "./api-error.ts";

export { ApiError, type Status, type StatusCause } from "./api-error.ts";
export { explain, isNamespaceLeaving } from "./refusal.ts";

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
