/** Server-side apply that writes nothing when nothing would change. */
import { createHash } from "node:crypto";
import type { ApiClient } from "./client.ts";
import { pathOf, type KubernetesObject, type Resource } from "./objects.ts";

/** The one name under which this operator owns fields. */
export const FIELD_MANAGER = "mcp-operator";
/** Holds a hash of what was applied last, so that a field which is no longer wanted is noticed too. */
export const APPLIED_ANNOTATION = "mcpruntime.org/applied";

/** JSON with sorted keys: equal values give equal text. */
export function canonicalJson(value: unknown): string {
    return JSON.stringify(value, (_, v: unknown) =>
        v && typeof v === "object" && !Array.isArray(v)
            ? Object.fromEntries(Object.entries(v).toSorted(([a], [b]) => (a < b ? -1 : 1)))
            : v,
    );
}

/** The desired object with the hash of itself as an annotation. */
export function stamped<T extends KubernetesObject>(desired: T): T {
    const hash = createHash("sha256").update(canonicalJson(desired)).digest("hex").slice(0, 16);
    return { ...desired, metadata: { ...desired.metadata, annotations: { ...desired.metadata.annotations, [APPLIED_ANNOTATION]: hash } } };
}

/**
 * Whether applying `desired` (stamped) would leave `live` as it is: it was the last that was applied, and every field of it still
 * has its value. Fields that others added do not count.
 */
export function isApplied(desired: KubernetesObject, live: KubernetesObject): boolean {
    return includes(live, desired, "");
}

function includes(live: unknown, desired: unknown, field: string): boolean {
    if (desired === undefined || desired === null) return true;
    if (Array.isArray(desired)) return Array.isArray(live) && includesItems(live, desired);
    if (typeof desired === "object") {
        if (!live || typeof live !== "object") return false;
        const inner = field === "requests" || field === "limits" ? "quantity" : undefined;
        return Object.entries(desired).every(([key, value]) => includes((live as Record<string, unknown>)[key], value, inner ?? key));
    }
    if (field === "quantity" || field === "sizeLimit") return sameQuantity(live, desired);
    return live === desired || (live === undefined && (desired === "" || desired === false || desired === 0));
}

function mergeKey(item: unknown): unknown {
    const fields = item && typeof item === "object" ? (item as Record<string, unknown>) : {};
    return fields["mountPath"] ?? fields["name"] ?? fields["containerPort"] ?? fields["port"];
}

/** Lists are compared as Kubernetes merges them: by name, by port, or else as a whole. */
function includesItems(live: readonly unknown[], desired: readonly unknown[]): boolean {
    if (desired.every((item) => mergeKey(item) !== undefined)) {
        return desired.every((item) =>
            includes(
                live.find((other) => mergeKey(other) === mergeKey(item)),
                item,
                "",
            ),
        );
    }
    return live.length === desired.length && desired.every((item, index) => includes(live[index], item, ""));
}

const DECIMAL = ["n", "u", "m", "", "k", "M", "G", "T", "P", "E"];
const BINARY = ["Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];

/** The number a Kubernetes quantity stands for: the API server rewrites `1000m` as `1`. */
function quantityOf(value: unknown): number {
    const [, number, exponent = "", suffix = ""] = /^([0-9.]+)([eE][+-]?[0-9]+)?([A-Za-z]*)$/.exec(String(value)) ?? [];
    const factor = BINARY.includes(suffix) ? 1024 ** (BINARY.indexOf(suffix) + 1) : 1000 ** (DECIMAL.indexOf(suffix) - 3);
    return Number(`${number}${exponent}`) * factor;
}

/** Equal up to the rounding of fractions. */
function sameQuantity(a: unknown, b: unknown): boolean {
    const [left, right] = [quantityOf(a), quantityOf(b)];
    return Math.abs(left - right) <= 1e-9 * Math.max(left, right);
}

/**
 * Applies an object as {@link FIELD_MANAGER}, taking over its fields from whoever holds them; the object as it is afterwards.
 * @throws ApiError when the API server refuses
 */
export function apply<T extends KubernetesObject>(
    client: Pick<ApiClient, "request">,
    resource: Resource,
    namespace: string,
    desired: T,
    subresource?: string,
): Promise<T> {
    return client.request<T>({
        method: "PATCH",
        path: pathOf(resource, namespace, desired.metadata.name, subresource),
        query: { fieldManager: FIELD_MANAGER, force: true },
        body: desired,
        contentType: "application/apply-patch+yaml",
    });
}
