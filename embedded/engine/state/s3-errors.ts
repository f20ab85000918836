/** What a bucket's answers mean, in sentences. */
import { messageOf, UserError } from "../../common/errors.ts";

interface S3Error {
    readonly name?: string;
    readonly code?: string;
    readonly $metadata?: { readonly httpStatusCode?: number };
}

/** There is no such file; a bucket that is not there is another matter. */
export function isMissing(error: unknown): boolean {
    const { name, $metadata } = error as S3Error;
    return name === "NoSuchKey" || name === "NotFound" || ($metadata?.httpStatusCode === 404 && name !== "NoSuchBucket");
}

/** A file of that name is there already, or is being made by somebody else. */
export function isTaken(error: unknown): boolean {
    const { name, $metadata } = error as S3Error;
    return name === "PreconditionFailed" || name === "ConditionalRequestConflict" || $metadata?.httpStatusCode === 412;
}

const REFUSED = new Set(["AccessDenied", "AllAccessDisabled", "Forbidden"]);
const CREDENTIALS = new Set([
    "CredentialsProviderError",
    "ExpiredToken",
    "ExpiredTokenException",
    "InvalidAccessKeyId",
    "InvalidToken",
    "SignatureDoesNotMatch",
    "TokenProviderError",
    "UnrecognizedClientException",
]);
const ELSEWHERE = new Set(["PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException"]);
const UNREACHABLE = new Set([
    "ECONNREFUSED",
    "ECONNRESET",
    "EHOSTUNREACH",
    "ENETUNREACH",
    "ENOTFOUND",
    "EAI_AGAIN",
    "EPIPE",
    "ETIMEDOUT",
    "TimeoutError",
]);

/** @param server the address asked; undefined for S3 itself */
export function explainS3(error: unknown, url: string, server: string | undefined): UserError {
    const { name = "", $metadata } = error as S3Error;
    // The client wraps what the network says, and then only its text has the code.
    const code = (error as S3Error).code ?? /\b(E[A-Z_]{3,})\b/.exec(messageOf(error))?.[1] ?? "";
    const at = server ?? "S3";
    const say = (text: string): UserError => new UserError(`The backend ${url} ${text}`, { cause: error });
    if (name === "NoSuchBucket") return say(`cannot be used: ${at} has no such bucket. Make it first, or correct PULUMI_BACKEND_URL.`);
    if (CREDENTIALS.has(name))
        return say(
            `cannot be used: ${at} does not accept the credentials (${name}). Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or name a profile with &profile=… or AWS_PROFILE.`,
        );
    if (REFUSED.has(name) || $metadata?.httpStatusCode === 403)
        return say(
            `cannot be used: ${at} denies access with these credentials. They need to list, read, write and delete objects in the bucket.`,
        );
    if (ELSEWHERE.has(name) || $metadata?.httpStatusCode === 301) return say(`is in another region: name it with ?region=… in the URL.`);
    if (messageOf(error).includes("Region is missing")) return say("names no region: add ?region=… to the URL, or set AWS_REGION.");
    if (UNREACHABLE.has(code) || UNREACHABLE.has(name))
        return say(
            `cannot be reached: ${at} does not answer (${code || name}). Is the address right, and the network there? What was stored before is unchanged.`,
        );
    if (($metadata?.httpStatusCode ?? 0) >= 500)
        return say(
            `did not do what was asked: ${at} answered ${$metadata?.httpStatusCode} (${name}). Try again; what was stored before is unchanged.`,
        );
    return say(`did not do what was asked: ${messageOf(error)} (${name || code}).`);
}
