/** The API server is killed and comes back while a run is under way. */
import type { Client } from "../../../embedded/providers/kubernetes/client.ts";
import { describeWithApiServer, startApiServer, type ApiServer } from "../../support/apiserver.ts";
import { eventually, otherClient, Run, setStatus } from "./support.ts";

const PODS = "/api/v1/namespaces/default/pods";

(await describeWithApiServer())("an API server that is killed and comes back", () => {
    let server: ApiServer;
    let other: Client;
    let run: Run;
    const end = new AbortController();
    beforeAll(async () => {
        server = await startApiServer();
        other = otherClient(server.kubeconfig());
        run = await Run.on(server.kubeconfig());
    }, 90_000);
    afterAll(async () => {
        end.abort();
        await run?.provider.close();
        await other?.close();
        await server?.stop();
    });

    it("costs no create, makes nothing twice, and ends no await", async () => {
        const spec = { containers: [{ name: "c", image: "x" }] };
        const awaited = ["one", "two"].map((name) => run.create("core/v1:Pod", name, { metadata: { name }, spec }, { signal: end.signal }));
        await eventually(() => (run.said.status.filter((text) => text.includes("not ready")).length > 1 ? true : undefined));
        const restarting = server.restart();
        // The first of them may still find the old process, the others its closed port.
        const maps = Array.from({ length: 20 }, (_, i) =>
            run.create("core/v1:ConfigMap", `map-${i}`, { metadata: { name: `map-${i}` }, data: { number: String(i) } }),
        );
        await restarting;
        const made = await Promise.all(maps);
        expect(new Set(made.map(({ id }) => id)).size).toBe(20);
        expect(run.said.status.some((text) => text.startsWith("trying again: the Kubernetes cluster at"))).toBe(true);
        for (const name of ["one", "two"])
            await setStatus(other, `${PODS}/${name}`, { phase: "Running", conditions: [{ type: "Ready", status: "True" }] });
        expect((await Promise.all(awaited)).map(({ id }) => id)).toEqual(["default/one", "default/two"]);
    }, 60_000);
});
