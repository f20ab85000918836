/** A double of an S3 server: a bucket in memory for what the backend asks for, and refusals on demand. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface S3Double {
    readonly endpoint: string;
    /** How many requests there were. */
    readonly requests: () => number;
    /** Answers every request from now on with an error; undefined ends that. */
    refuse(error: { readonly status: number; readonly code: string } | undefined): void;
    close(): Promise<void>;
}

/** Object lists are cut into pages of this size, so that following them is tested. */
const PAGE = 3;

const error = (response: ServerResponse, status: number, code: string): void =>
    void response
        .writeHead(status, { "content-type": "application/xml" })
        .end(`<Error><Code>${code}</Code><Message>${code}</Message></Error>`);

export async function startS3Double(bucket: string): Promise<S3Double> {
    const objects = new Map<string, { body: Buffer; modified: Date; tag: string }>();
    let refused: { status: number; code: string } | undefined;
    let requests = 0;
    const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
        requests++;
        const body = Buffer.concat((await request.toArray()) as Buffer[]);
        const { pathname, searchParams } = new URL(request.url ?? "/", "http://double");
        const [, name, ...rest] = pathname.split("/").map(decodeURIComponent);
        const key = rest.join("/");
        if (refused) return error(response, refused.status, refused.code);
        if (name !== bucket) return error(response, 404, "NoSuchBucket");
        const object = objects.get(key);
        switch (request.method) {
            case "GET":
            case "HEAD":
                if (searchParams.has("list-type")) return void response.writeHead(200).end(list(searchParams));
                if (!object) return error(response, 404, "NoSuchKey");
                return void response
                    .writeHead(200, {
                        etag: object.tag,
                        "last-modified": object.modified.toUTCString(),
                        "content-length": object.body.length,
                    })
                    .end(request.method === "GET" ? object.body : undefined);
            case "PUT": {
                const source = request.headers["x-amz-copy-source"];
                const from = typeof source === "string" ? objects.get(decodeURIComponent(source).split("/").slice(1).join("/")) : undefined;
                if (source !== undefined && !from) return error(response, 404, "NoSuchKey");
                if (request.headers["if-none-match"] === "*" && object) return error(response, 412, "PreconditionFailed");
                const tag = `"${requests}"`;
                objects.set(key, { body: from?.body ?? body, modified: new Date(), tag });
                return void response
                    .writeHead(200, { etag: tag, "content-type": "application/xml" })
                    .end(from ? `<CopyObjectResult><ETag>${tag}</ETag></CopyObjectResult>` : "");
            }
            case "DELETE":
                objects.delete(key);
                return void response.writeHead(204).end();
            default:
                return error(response, 501, "NotImplemented");
        }
    };

    const list = (search: URLSearchParams): string => {
        const prefix = search.get("prefix") ?? "";
        const after = search.get("continuation-token") ?? "";
        const keys = [...objects.keys()].filter((key) => key.startsWith(prefix) && key > after).toSorted();
        const direct = keys.filter((key) => !key.slice(prefix.length).includes("/"));
        const page = direct.slice(0, PAGE);
        const contents = page.map((key) => `<Contents><Key>${key}</Key></Contents>`).join("");
        const next =
            direct.length > PAGE ? `<IsTruncated>true</IsTruncated><NextContinuationToken>${page.at(-1)}</NextContinuationToken>` : "";
        return `<ListBucketResult>${contents}${next}</ListBucketResult>`;
    };

    const server = createServer((request, response) => void answer(request, response));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return {
        endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
        requests: () => requests,
        refuse: (reason) => (refused = reason),
        close: () =>
            new Promise((resolve) => {
                server.close(() => resolve());
                server.closeAllConnections();
            }),
    };
}
