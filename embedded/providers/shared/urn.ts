/** The parts of a URN a provider looks at: `urn:pulumi:STACK::PROJECT::PARENT$TYPE::NAME`. */

/** The resource's own type token, without those of its parents. */
export function typeOf(urn: string): string {
    const chain = urn.split("::")[2] ?? "";
    return chain.slice(chain.lastIndexOf("$") + 1);
}

/** The resource's name; it may contain `::` itself. */
export function nameOf(urn: string): string {
    return urn.split("::").slice(3).join("::");
}
