/** Watches against a small HTTP server that breaks off, forgets and fails, as a real one does only on bad days. */
/* oxlint-disable unicorn/consistent-function-scoping -- builders stand beside the tests that use them */
import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { Client } from "../../../embedded/providers/kubernetes/client.ts";
import { follow, type Objects } from "../../../embedded/providers/kubernetes/follow.ts";
import type { Manifest } from "../../../embedded/providers/kubernetes/manifest.ts";
import { eventually } from "./support.ts";

const item = (name: string, resourceVersion: number, rest: object = {}): Manifest =>
    ({ apiVersion: "v1", kind: "ConfigMap", metadata: { name, uid: name, resourceVersion: String(resourceVersion) }, ...rest }) as Manifest;
const names = (objects: Objects): string => [...objects.values()].map(({ metadata }) => metadata.name).join(",");

describe("following objects", () => {
    let server: Server;
    let client: Client;
    let answer: (url: URL, response: ServerResponse) => void;
    const asked: string[] = [];
    const stop = new AbortController();

    beforeEach(async () => {
        asked.length = 0;
        server = createServer((request, response) => {
            const url = new URL(request.url ?? "", "http://x");
            asked.push(url.searchParams.has("watch") ? `watch ${url.searchParams.get("resourceVersion")}` : "list");
            answer(url, response);
        }).listen(0, "127.0.0.1");
        await new Promise((done) => server.once("listening", done));
        client = new Client({
            cluster: { name: "k", server: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, skipTLSVerify: false },
            user: undefined,
            namespace: undefined,
            folder: ".",
        });
    });
    afterEach(async () => {
        stop.abort();
        await client.close();
        server.closeAllConnections();
        await new Promise((done) => server.close(done));
    });

    it("lists, watches, goes on from the last bookmark after a break, and lists again when the server has forgotten", async () => {
        const line = (type: string, object: object): string => JSON.stringify({ type, object }) + "\n";
        const list = (version: number, ...items: readonly Manifest[]): string =>
            JSON.stringify({ kind: "ConfigMapList", apiVersion: "v1", metadata: { resourceVersion: String(version) }, items });
        let lists = 0;
        answer = (url, response) => {
            if (!url.searchParams.has("watch")) {
                lists++;
                response.end(lists === 1 ? list(5, item("a", 4)) : list(20, item("c", 20)));
                return;
            }
            const since = url.searchParams.get("resourceVersion");
            if (since === "5") {
                const added = line("ADDED", item("b", 6));
                response.write(added.slice(0, 20));
                setTimeout(() => response.end(added.slice(20) + line("MODIFIED", item("a", 7)) + line("BOOKMARK", item("", 9))), 20);
            } else if (since === "9") response.end(line("DELETED", item("a", 10)));
            else if (since === "10") response.end(line("ERROR", { kind: "Status", code: 410, reason: "Expired", message: "too old" }));
            else response.write(line("BOOKMARK", item("", 21)));
        };
        const seen: string[] = [];
        const following = follow(client, { path: "/api/v1/configmaps" }, stop.signal, { changed: (objects) => seen.push(names(objects)) });
        await eventually(() => (seen.at(-1) === "c" && asked.at(-1) === "watch 20" ? true : undefined));
        expect(seen).toEqual(["a", "a,b", "a,b", "b", "c"]);
        expect(asked).toEqual(["list", "watch 5", "watch 9", "watch 10", "list", "watch 20"]);
        stop.abort();
        await following;
    });
});
