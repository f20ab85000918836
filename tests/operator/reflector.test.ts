import * as fc from "fast-check";
import { setTimeout as sleep } from "node:timers/promises";
import { silentLogger } from "../../operator/common/log.ts";
import { ApiClient } from "../../operator/kubernetes/client.ts";
import { Reflector } from "../../operator/kubernetes/reflector.ts";
import type { KubernetesObject } from "../../operator/kubernetes/objects.ts";
import { ApiServerDouble } from "./apiserver-double.ts";
import { until } from "./support.ts";

const resource = { apiVersion: "v1", kind: "Thing", plural: "things" };

interface Setting {
    readonly server: ApiServerDouble;
    readonly reflector: Reflector<KubernetesObject>;
    readonly changes: string[];
}

async function withReflector(
    work: (setting: Setting) => Promise<void>,
    options: { readonly relistMs?: number; readonly pageSize?: number; readonly answerMs?: number } = {},
): Promise<void> {
    const server = await ApiServerDouble.start();
    const stop = new AbortController();
    const client = new ApiClient({ server: new URL(server.url), credentials: () => ({}) });
    const changes: string[] = [];
    const reflector = new Reflector<KubernetesObject>({
        client,
        resource,
        namespace: "n",
        logger: silentLogger,
        backoff: { baseMs: 5, capMs: 50 },
        onChange: (key, current) => changes.push(`${current ? "set" : "gone"} ${key}`),
        ...options,
    });
    const run = reflector.run(stop.signal);
    try {
        await work({ server, reflector, changes });
    } finally {
        stop.abort();
        await run;
        client.close();
        await server.stop();
    }
}

const versionsOf = (objects: readonly KubernetesObject[]): string =>
    objects
        .map(({ metadata }) => `${metadata.name}@${metadata.resourceVersion}`)
        .toSorted()
        .join();

const same = ({ server, reflector }: Setting) =>
    until(
        "the cache is what the server has",
        () => {
            return versionsOf(reflector.list()) === versionsOf(server.list());
        },
        5000,
    );

test("holds what there was and what comes, page by page", () =>
    withReflector(
        async (setting) => {
            const { server, reflector, changes } = setting;
            for (let i = 0; i < 7; i++) server.put(`a${i}`);
            await reflector.synced();
            server.put("b");
            server.put("a1");
            server.delete("a2");
            await same(setting);
            expect(reflector.list()).toHaveLength(7);
            expect(changes.slice(-3)).toEqual(["set n/b", "set n/a1", "gone n/a2"]);
            expect(reflector.lists).toBe(1);
        },
        { pageSize: 3 },
    ));

test("is not synced before the first whole list, however often that fails", () =>
    withReflector(async ({ server, reflector }) => {
        server.put("a");
        server.failNext(6, 500);
        await sleep(30);
        expect(reflector.hasSynced).toBe(false);
        await reflector.synced();
        expect(reflector.list()).toHaveLength(1);
    }));

test("lists again when the server has forgotten its version, and tells what has gone meanwhile", () =>
    withReflector(async (setting) => {
        const { server, reflector, changes } = setting;
        server.put("a");
        server.put("b");
        await reflector.synced();
        server.pauseWatches();
        server.delete("a");
        server.put("c");
        server.forgetHistory();
        server.resumeWatches();
        await same(setting);
        expect(reflector.lists).toBe(2);
        expect(changes).toContain("gone n/a");
        expect(reflector.missedEvents).toBe(0);
    }));

test("goes on from where it was when the connection breaks, without a new list", () =>
    withReflector(async (setting) => {
        const { server, reflector } = setting;
        await reflector.synced();
        for (let i = 0; i < 5; i++) {
            server.put(`a${i}`);
            server.breakWatches();
            server.put(`b${i}`);
            await same(setting);
        }
        expect(reflector.lists).toBe(1);
    }));

test("survives an event that breaks off in the middle", () =>
    withReflector(async (setting) => {
        const { server, reflector } = setting;
        await until("it watches", () => server.watches > 0);
        server.sendRaw('{"type":"ADDED","object":{"metad');
        await sleep(20);
        server.breakWatches();
        server.put("a");
        await same(setting);
        expect(reflector.failures).toBeGreaterThan(0);
    }));

test("replaces a watch that is accepted but never answered", () =>
    withReflector(
        async (setting) => {
            const { server, reflector } = setting;
            await until("it watches", () => server.watches > 0);
            server.ignoreNextWatches(1);
            server.breakWatches();
            server.put("a");
            await same(setting);
            expect(reflector.failures).toBe(2);
        },
        { answerMs: 100 },
    ));

test("counts what the watch has passed over, and repairs it", () =>
    withReflector(
        async (setting) => {
            const { server, reflector } = setting;
            server.put("a");
            await reflector.synced();
            server.putSilently("a");
            server.put("b"); // the watch is now past the change of a
            await until("b is seen", () => reflector.get("n/b"));
            await sleep(60);
            server.breakWatches();
            await same(setting);
            expect(reflector.missedEvents).toBe(1);
        },
        { relistMs: 50 },
    ));

test("is not confused by its own write arriving before the watch tells of it", () =>
    withReflector(async (setting) => {
        const { server, reflector, changes } = setting;
        await reflector.synced();
        server.pauseWatches();
        reflector.observe(server.put("a"));
        expect(reflector.get("n/a")).toBeDefined();
        server.resumeWatches();
        server.put("b");
        await same(setting);
        expect(changes).toEqual(["set n/b"]);
    }));

test("ends up with what the server has after any sequence of changes and faults", async () => {
    const step = fc.oneof(
        {
            weight: 6,
            arbitrary: fc.record({ kind: fc.constantFrom("put" as const, "delete" as const), name: fc.constantFrom("a", "b", "c", "d") }),
        },
        fc.record({ kind: fc.constantFrom("break" as const, "forget" as const, "bookmark" as const, "pause" as const, "resume" as const) }),
        fc.record({
            kind: fc.constant("fail" as const),
            status: fc.constantFrom(429, 500, 503, 410),
            times: fc.integer({ min: 1, max: 3 }),
        }),
        fc.record({ kind: fc.constant("wait" as const) }),
    );
    await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 40 }), (steps) =>
            withReflector(async (setting) => {
                const { server, reflector, changes } = setting;
                await reflector.synced();
                for (const action of steps) {
                    if (action.kind === "put") server.put(action.name);
                    else if (action.kind === "delete") server.delete(action.name);
                    else if (action.kind === "break") server.breakWatches();
                    else if (action.kind === "forget") server.forgetHistory();
                    else if (action.kind === "bookmark") server.bookmark();
                    else if (action.kind === "pause") server.pauseWatches();
                    else if (action.kind === "resume") server.resumeWatches();
                    else if (action.kind === "fail") server.failNext(action.times, action.status);
                    else await sleep(5);
                }
                server.resumeWatches();
                server.put("last");
                await same(setting);
                expect(reflector.missedEvents).toBe(0);
                // Whoever only listened knows the same.
                const told = new Set<string>();
                for (const change of changes) {
                    if (change.startsWith("set ")) told.add(change.slice(4));
                    else told.delete(change.slice(5));
                }
                expect([...told].toSorted()).toEqual(
                    server
                        .list()
                        .map(({ metadata }) => `n/${metadata.name}`)
                        .toSorted(),
                );
            }),
        ),
        { numRuns: 60 },
    );
});
