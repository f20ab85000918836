/** Which pod has which address. Pure. */
import type { PlacedPod, Pod } from "./world.ts";

/** What a node's network plugin said of a pod that it just gave an address, before any of the pod's programs began. */
export interface Announcement {
    /** The id of the pod's sandbox, which the address was given to. */
    readonly sandbox: string;
    readonly uid: string;
    readonly address: string;
}

/**
 * Every pod at its address. A node's announcements are true at once and say when an address was given away again; the
 * API is a second behind. It is believed for pods that nobody announced, at addresses that nobody announced.
 */
export function place(pods: Iterable<Pod>, announced: ReadonlyMap<string, readonly Announcement[]>): PlacedPod[] {
    const byUid = new Map<string, Announcement[]>();
    const taken = new Set<string>();
    for (const [node, announcements] of announced) {
        for (const each of announcements) {
            byUid.set(`${node}/${each.uid}`, [...(byUid.get(`${node}/${each.uid}`) ?? []), each]);
            taken.add(each.address);
        }
    }
    const placed: PlacedPod[] = [];
    for (const pod of pods) {
        const { node, address } = pod;
        if (node === undefined) continue;
        const own = byUid.get(`${node}/${pod.uid}`);
        if (own) for (const each of own) placed.push({ ...pod, node, address: each.address });
        else if (address !== undefined && !taken.has(address)) placed.push({ ...pod, node, address });
    }
    return placed.toSorted((a, b) => (a.address < b.address ? -1 : a.address > b.address ? 1 : 0));
}
