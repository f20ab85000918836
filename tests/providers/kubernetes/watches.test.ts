/** How awaits share watches, against a small HTTP server that says when which event arrives. */
/* oxlint-disable unicorn/consistent-function-scoping -- builders stand beside the tests that use them */
import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { Watches } from "../../../embedded/providers/kubernetes/await/watches.ts";
import { Client } from "../../../embedded/providers/kubernetes/client.ts";
import type { Manifest } from "../../../embedded/providers/kubernetes/manifest.ts";
import { eventually } from "./support.ts";

const item = (name: string, resourceVersion: number): Manifest => ({
    apiVersion: "example.org/v1",
    kind: "Thing",
    metadata: { name, namespace: "n", uid: name, resourceVersion: String(resourceVersion) },
});
const PATH = "/apis/example.org/v1/namespaces/n/things";

describe("objects that are awaited", () => {
    let server: Server;
    let client: Client;
    let watches: Watches;
    let listed: readonly Manifest[] = [];
    let forbidden = false;
    let streams: ServerResponse[] = [];
    let existing: string[] = [];
    const asked: string[] = [];

    beforeEach(async () => {
        asked.length = 0;
        [listed, streams, existing, forbidden] = [[], [], [], false];
        server = createServer((request, response) => {
            const url = new URL(request.url ?? "", "http://x");
            const selector = url.searchParams.get("fieldSelector");
            const single = url.pathname.slice(PATH.length + 1);
            asked.push(`${single ? `get ${single}` : url.searchParams.has("watch") ? "watch" : "list"}${selector ? ` ${selector}` : ""}`);
            const refuse = (code: number): unknown => response.writeHead(code).end(JSON.stringify({ kind: "Status", code, message: "no" }));
            if (forbidden && !selector) refuse(403);
            else if (existing.includes(single)) response.end(JSON.stringify(item(single, 1)));
            else if (single) refuse(404);
            else if (!url.searchParams.has("watch"))
                response.end(
                    JSON.stringify({ kind: "ThingList", apiVersion: "example.org/v1", metadata: { resourceVersion: "10" }, items: listed }),
                );
            else {
                response.flushHeaders();
                streams.push(response);
            }
        }).listen(0, "127.0.0.1");
        await new Promise((done) => server.once("listening", done));
        const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
        client = new Client({
            cluster: { name: "k", server: url, skipTLSVerify: false },
            user: undefined,
            namespace: undefined,
            folder: ".",
        });
        watches = new Watches(client);
    });
    afterEach(async () => {
        watches.close();
        await client.close();
        server.closeAllConnections();
        await new Promise((done) => server.close(done));
    });

    const send = (type: string, object: Manifest): unknown => streams.at(-1)?.write(`${JSON.stringify({ type, object })}\n`);
    const watching = (): Promise<true> => eventually(() => (streams.length ? true : undefined));

    /** Follows an object and notes what it is told. */
    function followed(object: Manifest, alone = false): { readonly seen: string[]; readonly stop: AbortController } {
        const [seen, stop] = [[] as string[], new AbortController()];
        const changed = (live: Manifest | undefined): unknown => seen.push(live?.metadata.resourceVersion ?? "gone");
        watches.followObject({ path: PATH, object, alone }, stop.signal, { changed }).catch((error: unknown) => seen.push(String(error)));
        return { seen, stop };
    }

    it("share one list and one watch of their kind and namespace, and are told only of themselves", async () => {
        listed = [item("a", 4), item("b", 5), item("c", 6)];
        const [a, b] = [followed(item("a", 4)), followed(item("b", 5))];
        await watching();
        const c = followed(item("c", 6));
        send("MODIFIED", item("b", 11));
        send("DELETED", item("c", 12));
        await eventually(() => c.seen[1]);
        expect([a.seen, b.seen, c.seen]).toEqual([["4"], ["5", "11"], ["6", "gone"]]);
        expect(asked).toEqual(["list", "watch"]);
        for (const { stop } of [a, b, c]) stop.abort();
        const again = followed(item("a", 4));
        await eventually(() => again.seen[0]);
        expect(asked).toEqual(["list", "watch"]);
    });

    it("are not shown as they were before they were written", async () => {
        listed = [item("a", 4)];
        const other = followed(item("a", 4));
        await watching();
        const updated = followed(item("a", 12));
        expect(updated.seen).toEqual([]);
        send("MODIFIED", item("a", 11));
        send("MODIFIED", item("a", 13));
        await eventually(() => updated.seen[0]);
        expect([other.seen, updated.seen]).toEqual([["4", "11", "13"], ["13"]]);
    });

    it("are not taken for deleted while the watch lags behind, but asked for", async () => {
        const other = followed(item("other", 1));
        await watching();
        existing = ["late"];
        const [late, deleted] = [followed(item("late", 11)), followed(item("deleted", 12))];
        await eventually(() => deleted.seen[0]);
        send("ADDED", item("late", 11));
        await eventually(() => late.seen[0]);
        expect([late.seen, deleted.seen]).toEqual([["11"], ["gone"]]);
        other.stop.abort();
    });

    it("are watched one by one by a user who may not see the others, and so is what is nobody's business", async () => {
        forbidden = true;
        listed = [item("a", 4)];
        const a = followed(item("a", 4));
        await eventually(() => a.seen[0]);
        await watching();
        expect(asked).toEqual(["list", "list metadata.name=a", "watch metadata.name=a"]);
        forbidden = false;
        const b = followed(item("b", 4), true);
        await eventually(() => (streams.length > 1 ? true : undefined));
        expect(asked.slice(3)).toEqual(["list metadata.name=b", "watch metadata.name=b"]);
        for (const { stop } of [a, b]) stop.abort();
    });
});
