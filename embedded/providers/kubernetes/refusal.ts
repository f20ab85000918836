/** Sentences for what an API server refuses: what was to be done to which object, what the server found, and what to do. */
import { ApiError } from "./api-error.ts";
import { describeObject, type JsonObject } from "./manifest.ts";

/**
 * One sentence for a refused request; what is no refusal is returned as it is.
 * @param doing such as `create` or `update`
 * @param more what else is known, with the punctuation before it
 */
export function explain(doing: string, object: JsonObject, error: unknown, more = ""): Error {
    if (!(error instanceof ApiError)) return error as Error;
    return new Error(`cannot ${doing} ${describeObject(object)}: ${reasonOf(error)}${more}`, { cause: error });
}

function reasonOf(error: ApiError): string {
    const { code, reason, causes, message } = error;
    for (const [pattern, sentence] of SAYINGS) {
        const match = pattern.exec(message);
        if (match) return sentence(match, message);
    }
    if (code === 401) return message;
    if (isNamespaceLeaving(error)) return "its namespace is being deleted. Run again when it is gone";
    if (code === 403) return plain(message);
    if (reason === "Conflict" && causes.length) return conflictReason(error);
    if (code === 409) return `somebody else has changed it at the same time: ${message}. Run again`;
    if (code === 404 && error.status.details?.kind === "namespaces")
        return `${message}. Declare the namespace as a resource and refer to it, or create it`;
    if (code === 413) return `it is too large: ${message}. Move what it holds into several objects`;
    if (code === 422) return invalidReason(error);
    if (code === 429) return `the API server is overloaded: ${message}. Try again later`;
    return strictReason(message) ?? message;
}

/** What the server says in one text only, with no fields of its own for the parts. */
const SAYINGS: readonly (readonly [pattern: RegExp, sentence: (match: RegExpExecArray, message: string) => string])[] = [
    [
        /User "([^"]*)" cannot (\S+) resource "([^"]+)" in API group "([^"]*)"(?: in the namespace "([^"]+)")?/,
        ([, user = "", verb = "", resource = "", group = "", namespace]) =>
            `the user "${user}" may not ${verb} ${resource}${group ? `.${group}` : ""} ${namespace ? `in the namespace ${namespace}` : "in this cluster"}. Bind a ${namespace ? "Role" : "ClusterRole"} to it with the verb "${verb}" for "${resource}" of the API group "${group}"`,
    ],
    [
        /exceeded quota: ([^,]+), requested: (.+), used: (.+), limited: (.+)$/,
        ([, quota = "", requested = "", used = "", limited = ""]) =>
            `the ResourceQuota ${quota} of its namespace does not allow it: requested ${requested}; used ${used}; limit ${limited}. Raise the quota, ask for less, or delete something`,
    ],
    [
        /failed quota: ([^:]+): must specify (.+)$/,
        ([, quota = "", missing = ""]) =>
            `the ResourceQuota ${quota} of its namespace wants ${missing} to be given. Set resources of every container, or add a LimitRange with defaults`,
    ],
    [
        /((?:maximum|minimum) .+ (?:usage|limit to request ratio) per (?:Container|Pod|PersistentVolumeClaim) is .+?)\]?$/,
        ([, limits = ""]) => `a LimitRange of its namespace does not allow it: ${limits}. Change its resources, or the LimitRange`,
    ],
    [
        /violates PodSecurity "([^"]+)": (.+)$/,
        ([, level = "", why = ""]) =>
            `PodSecurity "${level}" of its namespace does not allow it: ${why}. Change the pod's securityContext, or the namespace's pod-security.kubernetes.io labels`,
    ],
    [
        /ValidatingAdmissionPolicy '([^']+)' with binding '([^']+)' denied request: (.+)$/s,
        ([, policy = "", binding = "", why = ""]) => `the ValidatingAdmissionPolicy ${policy} (binding ${binding}) denies it: ${why}`,
    ],
    [
        /admission webhook "([^"]+)" denied the request(?: without explanation|: (.+))$/s,
        ([, name = "", why]) => `the admission webhook ${name} denies it${why ? `: ${why}` : ", without saying why"}`,
    ],
    [
        /failed calling webhook "([^"]+)": (.+)$/s,
        ([, name = "", why = ""]) => `the admission webhook ${name} cannot be asked: ${why}. See whether what serves it runs`,
    ],
    [
        /etcdserver: request is too large|grpc: received message larger than max|limit is \d+ bytes/i,
        (_match, message) => `it is too large for the cluster: ${message}. Move what it holds into several objects`,
    ],
];

/** Without `configmaps "a" is forbidden: `, which says again what the object is. */
function plain(message: string): string {
    return message.replace(/^\S+ "[^"]*" is forbidden: /, "");
}

export function isNamespaceLeaving(error: unknown): boolean {
    return error instanceof ApiError && error.causes.some(({ reason }) => reason === "NamespaceTerminating");
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
    const immutable = error.causes.filter(({ message = "" }) =>
        /immutable|updates to .* are forbidden|may not change once set/.test(message),
    );
    const found = error.causes.map(({ field, message }) => `${field && field !== "[]" ? `${field}: ` : ""}${message ?? ""}`).join("; ");
    const fields = immutable.map(({ field }) => `"${field ?? ""}"`).join(", ");
    return fields ? `${found}. Only a new object can have that: set the option replaceOnChanges: [${fields}]` : found;
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
    const decoding = /cannot unmarshal (\S+) into Go struct field \w*\.(\S+) of type (\S+)/.exec(message);
    if (decoding) return `${decoding[2]} is a ${decoding[1]}, and should be of the type ${decoding[3]}`;
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
