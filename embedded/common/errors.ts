/** A mistake of the user, or a limit of the machine: shown as one sentence without a stack, and ends with exit code 255. */
export class UserError extends Error {
    override readonly name = "UserError";
}

/** The exit code of an operation that failed for an error a user can act on, as the official engine has it. */
export const USER_ERROR_EXIT_CODE = 255;

/** The text of anything thrown: an Error's message (of whatever realm), or the value itself. */
export function messageOf(error: unknown): string {
    return typeof error === "object" && error !== null && "message" in error ? String(error.message) : String(error);
}
