export interface StatusCause {
    readonly reason?: string;
    readonly message?: string;
    readonly field?: string;
}

/** What the API server answers instead of an object (`meta/v1.Status`). */
export interface Status {
    readonly message?: string;
    readonly reason?: string;
    readonly code?: number;
    readonly details?: {
        readonly name?: string;
        readonly group?: string;
        readonly kind?: string;
        readonly causes?: readonly StatusCause[];
        readonly retryAfterSeconds?: number;
    };
}

/** A request that the API server refused. */
export class ApiError extends Error {
    override readonly name = "ApiError";
    readonly status: Status;
    readonly code: number;
    constructor(status: Status, code: number) {
        super(status.message || status.reason || `status ${code}`);
        this.status = status;
        this.code = code;
    }
    get reason(): string {
        return this.status.reason ?? "";
    }
    /** How long the server wants to be left alone; 0 when it does not say. */
    get retryAfterMs(): number {
        return (this.status.details?.retryAfterSeconds ?? 0) * 1000;
    }
    get causes(): readonly StatusCause[] {
        return this.status.details?.causes ?? [];
    }
}
