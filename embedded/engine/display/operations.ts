/** Symbols, colours and verbs of the operations, as Pulumi shows them. */
import type { StepMetadata, StepOp } from "../events.ts";
import type { Color } from "./colors.ts";
import { isRootStack } from "./names.ts";

export interface Words {
    readonly symbol: string;
    readonly color: Color | undefined;
    /** In a preview: `create`. */
    readonly plan: string;
    /** While it runs: `creating`. */
    readonly doing: string;
    /** When it is over: `created`. */
    readonly done: string;
    readonly failed: string;
}

const words = (symbol: string, color: Color | undefined, plan: string, doing: string, done: string): Words => ({
    symbol,
    color,
    plan,
    doing,
    done,
    failed: `${doing} failed`,
});

/** In the order in which a summary lists them. */
export const OPERATIONS: Readonly<Record<StepOp, Words>> = {
    same: { ...words("  ", undefined, "", "", ""), failed: "failed" },
    create: words("+ ", "green", "create", "creating", "created"),
    update: words("~ ", "yellow", "update", "updating", "updated"),
    delete: words("- ", "red", "delete", "deleting", "deleted"),
    replace: words("+-", "magenta", "replace", "replacing", "replaced"),
    "create-replacement": words("++", "green", "create replacement", "creating replacement", "created replacement"),
    "delete-replaced": words("--", "red", "delete original", "deleting original", "deleted original"),
    read: words("> ", "cyan", "read", "reading", "read"),
    "read-replacement": words(">~", "cyan", "read for replacement", "reading for replacement", "read for replacement"),
    refresh: words("~ ", "yellow", "refreshing", "refreshing", "refresh"),
    discard: words("< ", "red", "discard", "discarding", "discarded"),
    "discard-replaced": words("<<", "red", "discard original", "discarding original", "discarded original"),
    import: words("= ", "green", "import", "importing", "imported"),
    "import-replacement": words("=>", "green", "import replacement", "importing replacement", "imported replacement"),
    "remove-pending-replace": words("~ ", "red", "complete replacement", "completing replacement", "completed replacement"),
};

/** What a summary calls an operation that is over: `3 created`. */
export const PAST: Readonly<Partial<Record<StepOp, string>>> = {
    "create-replacement": "created",
    "delete-replaced": "deleted",
    "read-replacement": "read",
    refresh: "refreshed",
};

/** Operations that change nothing. */
export const QUIET: ReadonlySet<StepOp> = new Set<StepOp>(["same", "read", "read-replacement", "refresh"]);

/** Whether an operation changed something, or would. */
export function hasChanges(changes: Readonly<Partial<Record<StepOp, number>>>): boolean {
    return Object.entries(changes).some(([op, n]) => n > 0 && !QUIET.has(op as StepOp));
}

export interface Listing {
    readonly showSames: boolean;
    readonly showReplacementSteps?: boolean;
}

/** Whether a list of steps names a step: unchanged resources and the parts of a replacement only on demand. */
export function isListed(
    { op, logical, type, old: before, new: after }: StepMetadata,
    { showSames, showReplacementSteps }: Listing,
): boolean {
    if (op === "same") return showSames || isRootStack(type) || Boolean(before?.protect) !== Boolean(after?.protect);
    return logical || showReplacementSteps === true;
}
