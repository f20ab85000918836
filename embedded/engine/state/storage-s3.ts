/** A backend's files in a bucket of S3 or of a server that speaks its protocol. */
import {
    CopyObjectCommand,
    DeleteObjectCommand,
    GetObjectCommand,
    HeadObjectCommand,
    ListObjectsV2Command,
    PutObjectCommand,
    S3Client,
    type S3ClientConfig,
} from "@aws-sdk/client-s3";
import { UserError } from "../../common/errors.ts";
import { explainS3, isMissing, isTaken } from "./s3-errors.ts";
import type { Storage, StoredFile } from "./storage.ts";

/** What may stand behind the `?` of the URL, with the meanings that the official CLI gives it. */
const PARAMETERS = ["region", "endpoint", "s3ForcePathStyle", "use_path_style", "disableSSL", "disable_https", "profile", "awssdk"];
const CONNECT_MS = 5_000;
const ANSWER_MS = 60_000;

/** @param url `s3://BUCKET/PREFIX?region=…&endpoint=…&s3ForcePathStyle=true&profile=…`; the prefix may be left out */
export function s3Storage(url: string): Storage {
    let parsed: URL;
    try {
        parsed = new URL(url);
    } catch {
        throw new UserError("The backend s3://… is no URL: write s3://BUCKET, s3://BUCKET/PREFIX, and parameters behind a question mark.");
    }
    const { hostname: bucket, pathname, searchParams } = parsed;
    if (!bucket) throw new UserError("The backend s3://… names no bucket: write s3://BUCKET or s3://BUCKET/PREFIX.");
    if (parsed.username || parsed.password)
        throw new UserError(
            "The backend s3://… must not hold credentials: they belong into the environment (AWS_ACCESS_KEY_ID) or into a profile.",
        );
    const unknown = [...searchParams.keys()].find((name) => !PARAMETERS.includes(name));
    if (unknown !== undefined)
        throw new UserError(
            `The backend s3://${bucket} has the parameter ${unknown}, which the embedded engine does not support; it takes ${PARAMETERS.join(", ")}.`,
        );
    const flag = (...names: readonly string[]): boolean => names.some((name) => searchParams.get(name) === "true");
    const endpoint = searchParams.get("endpoint");
    const region = searchParams.get("region");
    const profile = searchParams.get("profile");
    const server =
        endpoint && (/^https?:/.test(endpoint) ? endpoint : `${flag("disableSSL", "disable_https") ? "http" : "https"}://${endpoint}`);
    const config: S3ClientConfig = {
        ...(server && { endpoint: server, region: "us-east-1" }),
        ...(region && { region }),
        ...(profile && { profile }),
        forcePathStyle: flag("s3ForcePathStyle", "use_path_style"),
        maxAttempts: 3,
        requestHandler: { connectionTimeout: CONNECT_MS, requestTimeout: ANSWER_MS },
        // Not every server knows the checksums that S3 itself takes by default.
        requestChecksumCalculation: "WHEN_REQUIRED",
        responseChecksumValidation: "WHEN_REQUIRED",
    };
    return new S3Storage(new S3Client(config), bucket, pathname.replaceAll(/^\/+|\/+$/g, ""), server ?? undefined);
}

class S3Storage implements Storage {
    readonly local = false;
    readonly #client: S3Client;
    readonly #bucket: string;
    readonly #prefix: string;
    readonly #server: string | undefined;

    /** @param server the address that stands in errors; undefined for S3 itself */
    constructor(client: S3Client, bucket: string, prefix: string, server: string | undefined) {
        this.#client = client;
        this.#bucket = bucket;
        this.#prefix = prefix;
        this.#server = server;
    }

    get url(): string {
        return `s3://${this.#bucket}${this.#prefix && `/${this.#prefix}`}`;
    }

    nameOf(...parts: readonly string[]): string {
        return [...(this.#prefix ? [this.#prefix] : []), ".pulumi", ...parts].join("/");
    }

    inside(folder: string, name: string): string {
        return `${folder}/${name}`;
    }

    where(name: string): string {
        return `s3://${this.#bucket}/${name}`;
    }

    async read(name: string): Promise<StoredFile | undefined> {
        return this.#ask(async () => {
            const { Body, ETag } = await this.#client.send(new GetObjectCommand({ Bucket: this.#bucket, Key: name }));
            return { data: Buffer.from((await Body?.transformToByteArray()) ?? []), id: ETag ?? "" };
        }, undefined);
    }

    async write(name: string, text: string): Promise<void> {
        await this.#ask(() => this.#client.send(new PutObjectCommand({ Bucket: this.#bucket, Key: name, Body: text })));
    }

    async create(name: string, text: string): Promise<boolean> {
        return this.#ask(async () => {
            try {
                await this.#client.send(new PutObjectCommand({ Bucket: this.#bucket, Key: name, Body: text, IfNoneMatch: "*" }));
                return true;
            } catch (error) {
                if (isTaken(error)) return false;
                throw error;
            }
        });
    }

    async copy(from: string, to: string): Promise<void> {
        const source = [this.#bucket, ...from.split("/")].map(encodeURIComponent).join("/");
        await this.#ask(
            async () => void (await this.#client.send(new CopyObjectCommand({ Bucket: this.#bucket, Key: to, CopySource: source }))),
            undefined,
        );
    }

    async keep(from: string, to: string): Promise<void> {
        await this.copy(from, to);
    }

    async list(folder: string): Promise<string[]> {
        const prefix = `${folder}/`;
        const names: string[] = [];
        let token: string | undefined;
        do {
            const page = await this.#ask(() =>
                this.#client.send(
                    new ListObjectsV2Command({
                        Bucket: this.#bucket,
                        Prefix: prefix,
                        Delimiter: "/",
                        ...(token !== undefined && { ContinuationToken: token }),
                    }),
                ),
            );
            names.push(...(page.Contents ?? []).flatMap(({ Key }) => (Key && Key !== prefix ? [Key.slice(prefix.length)] : [])));
            token = page.NextContinuationToken;
        } while (token !== undefined);
        return names.toSorted();
    }

    async modified(name: string): Promise<Date | undefined> {
        return this.#ask(
            async () => (await this.#client.send(new HeadObjectCommand({ Bucket: this.#bucket, Key: name }))).LastModified,
            undefined,
        );
    }

    async remove(name: string): Promise<void> {
        await this.#ask(() => this.#client.send(new DeleteObjectCommand({ Bucket: this.#bucket, Key: name })));
    }

    /** A write that did not come to its end is nowhere. */
    async tidy(): Promise<void> {}

    /** @param missing what to answer when there is no such file; without it that is an error as any other */
    async #ask<T>(request: () => Promise<T>, ...missing: [] | [T]): Promise<T> {
        try {
            return await request();
        } catch (error) {
            if (missing.length && isMissing(error)) return missing[0] as T;
            throw explainS3(error, this.url, this.#server);
        }
    }
}
