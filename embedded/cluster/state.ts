/** What is asked of the supervisor and what it answers: two files in the cluster's folder. */
import type { ClusterMode, ClusterOptions } from "./options.ts";
import type { ProcessIdentity } from "./processes.ts";

/** `desired.json`: what the supervisor makes true. */
export interface Desired extends ClusterOptions {
    readonly mode: ClusterMode;
    /** Tells one request from the next, also an equal one. */
    readonly request: string;
}

/** `observed.json`: how far it is. */
export interface Observed {
    /** The request the rest is about. */
    readonly request: string;
    /** `failed`: nothing was begun, and only another request changes that. */
    readonly phase: "starting" | "ready" | "failed";
    /** What is awaited, in a few words; empty when ready. */
    readonly note: string;
    /** The last thing that did not work; it is tried again. */
    readonly trouble: string | undefined;
    /** Finished milestones of this request, in order. */
    readonly milestones: readonly string[];
}

/** `supervisor.json`: which process supervises, running which version of this code. */
export interface SupervisorRecord extends ProcessIdentity {
    readonly code: string;
}
