/** The backend of a URL, as `PULUMI_BACKEND_URL` and `backend.url` of `Pulumi.yaml` have it. */
import { isAbsolute, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { UserError } from "../../common/errors.ts";
import { Backend } from "./backend.ts";
import { FileStorage } from "./storage-files.ts";

/**
 * Opens a backend; nothing is asked or made yet.
 * @param url `file://` and a folder, of which a relative one is below `base` and `~` the home folder; or `s3://BUCKET/PREFIX?region=…`
 */
export async function openBackend(url: string, base: string): Promise<Backend> {
    if (url.startsWith("s3://")) return new Backend((await import("./storage-s3.ts")).s3Storage(url));
    if (!url.startsWith("file://")) {
        const scheme = /^[a-z0-9+.-]+(?=:)/i.exec(url)?.[0];
        throw new UserError(
            `The backend ${scheme ? `${scheme}://…` : JSON.stringify(url)} is not supported by the embedded engine: use a folder (file://PATH) or a bucket (s3://BUCKET) in PULUMI_BACKEND_URL or in backend.url of Pulumi.yaml, or the official Pulumi CLI.`,
        );
    }
    const path = url
        .slice("file://".length)
        .replace(/\?.*$/, "")
        .replace(/^~(?=\/|$)/, process.env["HOME"] ?? "~");
    return fileBackend(isAbsolute(path) ? fileURLToPath(`file://${path}`) : resolve(base, decodeURIComponent(path)));
}

/** The backend in a folder. */
export function fileBackend(root: string): Backend {
    return new Backend(new FileStorage(root));
}
