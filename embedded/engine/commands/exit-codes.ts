/** How commands end. */

export const EXIT = {
    success: 0,
    /** The operation ran and failed, or was declined: as the official CLI ends it. */
    failed: 1,
    /** `--expect-no-changes` and there were changes. */
    changes: 7,
    /** Interrupted by the user. */
    canceled: 8,
    /** A mistake of the user (`UserError`): nothing was begun. */
    user: 255,
    /** A second Ctrl-C, as a shell counts it. */
    interrupted: 130,
} as const;
