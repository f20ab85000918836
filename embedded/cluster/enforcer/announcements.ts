/**
 * The two folders through which a node's network plugin (`init/await-policies`) and the enforcer talk: one file for each
 * sandbox that was given an address, and one for each whose rules are in force, so that its pod may begin.
 */
import { existsSync, mkdirSync, readdirSync, watch, type FSWatcher } from "node:fs";
import { join } from "node:path";
import { readJson, remove, writeText } from "../files.ts";
import type { TreeLayout } from "../layout.ts";
import type { Announcement } from "./addresses.ts";

export interface Announcements {
    readonly current: readonly Announcement[];
    /** Tells the plugin that the rules for an announced address are in force. */
    confirm(announcement: Announcement): void;
    close(): void;
}

const SANDBOX = /^[0-9a-f]{8,64}$/;
const IPV4 = /^\d{1,3}(\.\d{1,3}){3}$/;

/** Follows one life of a node; its folders begin empty. */
export function followAnnouncements(tree: TreeLayout, changed: () => void): Announcements {
    const announced = join(tree.addresses, "announced");
    const inForce = join(tree.addresses, "in-force");
    for (const folder of [announced, inForce]) mkdirSync(folder, { recursive: true, mode: 0o700 });
    let current: readonly Announcement[] = [];
    const confirmed = new Set<string>();
    const read = (): void => {
        if (!existsSync(announced)) return; // the node's life ended
        const known = new Map(current.map((each) => [each.sandbox, each]));
        // A file is written once: what was read stays as it was.
        current = readdirSync(announced)
            .filter((name) => SANDBOX.test(name))
            .flatMap((sandbox) => known.get(sandbox) ?? parse(sandbox, readJson(join(announced, sandbox))) ?? []);
        for (const sandbox of known.keys()) {
            if (current.some((each) => each.sandbox === sandbox)) continue;
            confirmed.delete(sandbox);
            remove(join(inForce, sandbox));
        }
        changed();
    };
    const watcher: FSWatcher = watch(announced, read);
    watcher.on("error", () => watcher.close());
    read();
    return {
        get current() {
            return current;
        },
        confirm({ sandbox }) {
            if (confirmed.has(sandbox)) return;
            writeText(join(inForce, sandbox), "");
            confirmed.add(sandbox);
        },
        close: () => watcher.close(),
    };
}

/** Undefined for a file that is not what the plugin writes. */
function parse(sandbox: string, content: unknown): Announcement | undefined {
    const { uid, address } = (content ?? {}) as Partial<Announcement>;
    return typeof uid === "string" && typeof address === "string" && IPV4.test(address) ? { sandbox, uid, address } : undefined;
}
