/** Who may ask, by the names in the request's headers: against pages of other sites and names that point here by mistake. */

/** The host name of a Host header or an authority, in lower case and without port; undefined when it is none. */
export function hostName(authority: string | undefined): string | undefined {
    if (!authority) return undefined;
    const found = /^(\[[0-9a-f:.]+\]|[a-z0-9._-]+?)\.?(?::\d{1,5})?$/i.exec(authority.trim());
    return found?.[1]?.toLowerCase();
}

/** The host name of an Origin header; undefined for `null` and whatever is no http origin. */
export function originName(origin: string): string | undefined {
    const found = /^https?:\/\/([^/?#@\\\s]+)$/i.exec(origin.trim());
    return hostName(found?.[1]);
}

/** The whole authority of an Origin header, for comparison with a Host header. */
function originAuthority(origin: string): string | undefined {
    return /^https?:\/\/([^/?#@\\\s]+)$/i.exec(origin.trim())?.[1]?.toLowerCase();
}

export interface Refusal {
    readonly status: 403 | 421;
    readonly text: string;
}

/**
 * Checks Host and Origin.
 * @param allowedHosts host names without port; empty allows every host
 * @param allowedOrigins host names an Origin may have beside the request's own Host
 */
export function refusal(
    host: string | undefined,
    origin: string | undefined,
    allowedHosts: readonly string[],
    allowedOrigins: readonly string[],
): Refusal | undefined {
    const name = hostName(host);
    if (allowedHosts.length && (name === undefined || !allowedHosts.includes(name)))
        return { status: 421, text: "Misdirected Request: this host is not served here" };
    if (origin === undefined) return undefined;
    const from = originName(origin);
    const same = originAuthority(origin) === host?.trim().toLowerCase();
    if (from !== undefined && (same || allowedOrigins.includes(from))) return undefined;
    return { status: 403, text: "Forbidden: requests of pages of this origin are not accepted" };
}
