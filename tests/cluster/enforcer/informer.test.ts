import { describe, expect, it } from "@jest/globals";
import type { ApiClient } from "../../../embedded/cluster/api.ts";
import { follow } from "../../../embedded/cluster/enforcer/informer.ts";

interface Item {
    readonly metadata: { readonly name: string; readonly namespace: string };
    readonly value: number;
}
const item = (name: string, value: number): Item => ({ metadata: { name, namespace: "x" }, value });

/** A double of the API server: answers lists in turn, and gives the test the stream that follows each. */
function server(lists: readonly (readonly Item[] | Error)[]) {
    const streams: {
        readonly path: string;
        readonly send: (type: string, object: unknown) => void;
        readonly end: (error?: Error) => void;
    }[] = [];
    let asked = 0;
    const api = {
        get: async () => {
            const items = lists[Math.min(asked++, lists.length - 1)];
            if (items instanceof Error) throw items;
            return { metadata: { resourceVersion: String(asked) }, items };
        },
        lines: (path: string, _: number, onLine: (line: string) => void) =>
            new Promise<void>((resolve, reject) => {
                const end = (error?: Error): void => (error ? reject(error) : resolve());
                const send = (type: string, object: unknown): void => {
                    try {
                        onLine(JSON.stringify({ type, object }));
                    } catch (error) {
                        reject(error as Error);
                    }
                };
                streams.push({ path, send, end });
            }),
    } as unknown as ApiClient;
    return { api, streams };
}

async function until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}

const begin = (api: ApiClient, said: string[] = []) =>
    follow(
        api,
        "/things",
        ({ value }: Item) => (value < 0 ? undefined : value),
        () => {},
        (text) => said.push(text),
    );
const content = (informer: { readonly items: ReadonlyMap<string, number> }): Record<string, number> => Object.fromEntries(informer.items);

describe("an informer", () => {
    it("holds the list, then every change, and nothing that is of no interest", async () => {
        const { api, streams } = server([[item("a", 1), item("b", 2), item("c", -1)]]);
        const informer = begin(api);
        await until(() => streams.length === 1);
        expect([informer.synced, content(informer)]).toEqual([true, { "x/a": 1, "x/b": 2 }]);
        expect(streams[0]?.path).toMatch(/^\/things\?watch=1&resourceVersion=1&/);
        streams[0]?.send("ADDED", item("d", 4));
        streams[0]?.send("MODIFIED", item("a", 7));
        streams[0]?.send("MODIFIED", item("b", -1));
        streams[0]?.send("BOOKMARK", item("z", 9));
        expect(content(informer)).toEqual({ "x/a": 7, "x/d": 4 });
        streams[0]?.send("DELETED", item("a", 7));
        expect(content(informer)).toEqual({ "x/d": 4 });
    });

    it.each([
        ["ends", (stream: ReturnType<typeof server>["streams"][number]) => stream.end()],
        ["breaks", (stream: ReturnType<typeof server>["streams"][number]) => stream.end(new Error("broken"))],
        [
            "says that its place is too old",
            (stream: ReturnType<typeof server>["streams"][number]) => stream.send("ERROR", { message: "too old" }),
        ],
    ])("lists again when the stream %s, and forgets what is gone", async (_, happens) => {
        const { api, streams } = server([[item("a", 1), item("b", 2)], [item("b", 3)]]);
        const informer = begin(api);
        await until(() => streams.length === 1);
        if (streams[0]) happens(streams[0]);
        await until(() => streams.length === 2);
        expect(content(informer)).toEqual({ "x/b": 3 });
    });

    it("keeps what it has while nobody answers, and says so once, and when somebody does again", async () => {
        const said: string[] = [];
        const { api, streams } = server([[item("a", 1)], new Error("nobody there"), new Error("nobody there"), [item("a", 2)]]);
        const informer = begin(api, said);
        await until(() => streams.length === 1);
        streams[0]?.end();
        await until(() => said.length === 1);
        expect(content(informer)).toEqual({ "x/a": 1 });
        await until(() => streams.length === 2);
        expect(content(informer)).toEqual({ "x/a": 2 });
        expect(said).toEqual(["/things is asked for until it answers: nobody there", "/things is followed again"]);
    });
});
