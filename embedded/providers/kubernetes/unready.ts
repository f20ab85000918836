/** `pulumi.com/replaceUnready`: a Job that has not completed is made anew. */
import type { DiffResult } from "../../engine/provider.ts";
import type { PropertyMap } from "../../engine/values.ts";
import { keepsName } from "./diff.ts";
import { listAt, stringAt, type Manifest } from "./manifest.ts";

/** Where the reason of such a replacement is shown. */
const REASON = 'metadata.annotations["pulumi.com/replaceUnready"]';

/** Whether a Job has done its work. */
export function isComplete(job: Manifest): boolean {
    return listAt(job, "status", "conditions").some(
        (entry) => stringAt(entry, "type") === "Complete" && stringAt(entry, "status") === "True",
    );
}

export function replacingUnready(diff: DiffResult, before: PropertyMap, after: PropertyMap): DiffResult {
    return {
        changes: true,
        replaces: [...(diff.replaces ?? []), REASON],
        detailedDiff: { ...diff.detailedDiff, [REASON]: "update-replace" },
        deleteBeforeReplace: keepsName(before, after),
    };
}
