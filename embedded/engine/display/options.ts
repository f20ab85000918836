import type { Paint } from "./colors.ts";

/** How an operation is shown. */
export interface DisplayOptions {
    readonly kind: "preview" | "update" | "refresh" | "destroy" | "import";
    /** True while nothing is changed: previews, and the preview before an update. */
    readonly planning: boolean;
    readonly project: string;
    readonly stack: string;
    readonly paint: Paint;
    /** Redraw in place; otherwise plain lines are written as things happen. */
    readonly live: boolean;
    /** Show what differs in each resource. */
    readonly diff: boolean;
    readonly showSecrets: boolean;
    readonly showSames: boolean;
    /** With diffs, show the steps of a replacement one by one. */
    readonly showReplacementSteps?: boolean;
    /** List what policies mended one by one. */
    readonly showPolicyRemediations?: boolean;
    readonly suppressOutputs: boolean;
    /** Leave out what is running; only what is done is shown. */
    readonly suppressProgress: boolean;
    readonly screen: Screen;
    /** Says beside what is shown that there is progress. Default: nothing is said. */
    readonly note?: (text: string) => void;
}

/** Where a display writes; a terminal, a pipe, or a test. */
export interface Screen {
    write(text: string): void;
    readonly columns: number;
    readonly rows: number;
}
