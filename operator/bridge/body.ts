/** Reading a request's body within a bound. */
import type { IncomingMessage } from "node:http";

/** How long the rest of a refused body is read, so that its sender gets to see the answer. */
const DISCARD_MS = 2000;

/**
 * Reads the whole body.
 * @returns undefined when it is larger than `most` bytes; what follows is discarded, and the connection must be closed with the answer
 * @throws when the client goes away before its end
 */
export function readBody(request: IncomingMessage, most: number): Promise<Buffer | undefined> {
    return new Promise((resolve, reject) => {
        const chunks: Buffer[] = [];
        let size = 0;
        const tooLarge = (): void => {
            chunks.length = 0;
            request.off("data", take);
            request.resume();
            const timer = setTimeout(() => request.destroy(), DISCARD_MS);
            request.on("close", () => clearTimeout(timer));
            resolve(undefined);
        };
        const take = (chunk: Buffer): void => {
            size += chunk.length;
            if (size > most) return tooLarge();
            chunks.push(chunk);
        };
        if (Number(request.headers["content-length"] ?? 0) > most) return tooLarge();
        request.on("data", take);
        request.on("end", () => resolve(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks)));
        request.on("error", reject);
        request.on("close", () => reject(new Error("the client went away"))); // without effect after the end
    });
}
