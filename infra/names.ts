/** What a host name says about who can reach it. */
import { isIP } from "node:net";

/** Last labels that never lead to a host on the internet: RFC 6761, RFC 6762, RFC 8375, RFC 9476, and those that ICANN keeps for private use. */
const PRIVATE_ENDINGS = new Set(
    (
        "alt arpa corp example home internal intranet invalid lan local localdomain localhost mail onion private test " +
        "cluster svc domain host workgroup"
    ).split(" "),
);

const lastLabel = (name: string): string => name.slice(name.lastIndexOf(".") + 1);

/** Whether a name can be resolved by anybody: two labels or more under a top-level domain of the internet. */
export function isPublicName(name: string): boolean {
    const last = lastLabel(name);
    return name.includes(".") && isIP(name) === 0 && !PRIVATE_ENDINGS.has(last) && /^([a-z]{2,63}|xn--[a-z0-9-]+)$/.test(last);
}

/** The host of `host[:port][/path]`, in lower case; an IPv6 address without its brackets. */
export function hostOf(reference: string): string {
    const [authority = ""] = reference.split("/");
    return authority
        .replace(/:\d+$/, "")
        .replace(/^\[(.*)\]$/, "$1")
        .toLowerCase();
}

/** Endings of names that lead to a machine or a cluster, and are nothing to build production on. */
const LOCAL = /(^|\.)(localhost|local|localdomain|svc|test|invalid|example)$/;

/** Whether a registry's host looks like one of a developer: an address, a single label, or a name of this machine, network or cluster. */
export function looksLocal(host: string): boolean {
    return isIP(host) !== 0 || !host.includes(".") || LOCAL.test(host);
}
