/** What a user is told when the cluster cannot or will not. */
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { describeWithApiServer, startApiServer, type ApiServer } from "../../support/apiserver.ts";
import { rejection, Run } from "./support.ts";

const inputs = { metadata: { name: "a", namespace: "default" } };

/** A port of this machine on which nothing listens. */
async function closedPort(): Promise<number> {
    const listener = createServer().listen(0, "127.0.0.1");
    await new Promise((done) => listener.once("listening", done));
    const { port } = listener.address() as AddressInfo;
    await new Promise((done) => listener.close(done));
    return port;
}

const kubeconfig = (server: string): string =>
    JSON.stringify({
        "current-context": "c",
        clusters: [{ name: "k", cluster: { server } }],
        contexts: [{ name: "c", context: { cluster: "k", user: "u" } }],
        users: [{ name: "u", user: { token: "very-secret-token" } }],
    });

describe("a cluster that is not there", () => {
    let run: Run;
    beforeAll(async () => {
        run = await Run.on(kubeconfig(`https://127.0.0.1:${await closedPort()}`));
    });

    it("fails what needs it, at once and with the address", async () => {
        const begun = Date.now();
        const error = await rejection(run.create("core/v1:ConfigMap", "a", inputs));
        expect(error.message).toMatch(
            /^the Kubernetes cluster at https:\/\/127\.0\.0\.1:\d+ \(context "c"\) is unreachable: nothing listens there\. Start the cluster/,
        );
        expect(Date.now() - begun).toBeLessThan(2000);
    });

    it("is previewed without validation, with one warning", async () => {
        for (const name of ["a", "b"]) await run.create("core/v1:ConfigMap", name, inputs, { preview: true });
        expect(
            run.said.logs.filter((line) => line.startsWith("warning: cluster unreachable; previewing without validation:")),
        ).toHaveLength(1);
    });

    it("fails a refresh, unless the provider is told to forget or to leave things", async () => {
        const made = {
            id: "default/a",
            urn: "urn:pulumi:s::p::kubernetes:core/v1:ConfigMap::a",
            inputs,
            outputs: { kind: "ConfigMap", apiVersion: "v1" },
        };
        expect((await rejection(run.refresh(made))).message).toMatch(/is unreachable/);
        const server = kubeconfig(`https://127.0.0.1:${await closedPort()}`);
        const forgetting = await Run.on(server, { deleteUnreachable: "true" });
        expect(await forgetting.refresh(made)).toBeUndefined();
        await forgetting.delete(made);
        expect(await (await Run.on(server, { skipUpdateUnreachable: "true" })).refresh(made)).toMatchObject({
            inputs,
            outputs: made.outputs,
        });
    });
});

it("a missing kubeconfig fails what needs it, and no preview", async () => {
    const run = await Run.on("./no/such/kubeconfig");
    expect((await rejection(run.create("core/v1:ConfigMap", "a", inputs))).message).toMatch(/no\/such\/kubeconfig does not exist/);
    await run.create("core/v1:ConfigMap", "a", inputs, { preview: true });
    expect(run.said.logs).toHaveLength(1);
});

it("functions and types that are not objects are refused by name", async () => {
    const run = new Run();
    await expect(run.provider.invoke?.("kubernetes:helm:template", {})).rejects.toThrow(/kubernetes:helm:template is not supported/);
    await expect(run.create("helm.sh/v3:Release", "a", {})).rejects.toThrow(/kubernetes:helm\.sh\/v3:Release is not supported/);
});

(await describeWithApiServer())("a cluster that refuses", () => {
    let server: ApiServer;
    beforeAll(async () => {
        server = await startApiServer();
    }, 60_000);
    afterAll(() => server?.stop());

    it("says what a user may not do", async () => {
        const run = await Run.on(server.kubeconfig(await server.identity("CN=visitor")));
        expect((await rejection(run.create("core/v1:ConfigMap", "a", inputs))).message).toMatch(
            /^cannot create ConfigMap default\/a: the user "visitor" may not get configmaps in the namespace default\. Bind a Role to it with the verb "get" for "configmaps"/,
        );
        await run.create("core/v1:ConfigMap", "a", inputs, { preview: true });
        await run.provider.close();
    });

    it("says that credentials are not accepted, without showing them", async () => {
        const admin = server.kubeconfig();
        const token = admin.replace(/user: \{ client-certificate-data.*\}/, "user: { token: very-secret-token }");
        const run = await Run.on(token);
        const error = await rejection(run.create("core/v1:ConfigMap", "a", inputs));
        expect(error.message).toMatch(
            /\(context "test"\) does not accept the credentials in the kubeconfig \(of the user "test"\): they are wrong, of another cluster, or have expired\. Get a new/,
        );
        expect(`${error.message} ${error.stack ?? ""}`).not.toContain("very-secret-token");
        await run.provider.close();
    });

    it("says when the kubeconfig is of another cluster", async () => {
        const run = await Run.on(server.kubeconfig().replace(/, certificate-authority-data: \S+/, ""));
        expect((await rejection(run.create("core/v1:ConfigMap", "a", inputs))).message).toMatch(
            /is unreachable: its certificate is not signed by the authority in the kubeconfig/,
        );
        await run.provider.close();
    });

    it("runs the credential plugin of the kubeconfig and says when it fails", async () => {
        const plugin = (script: string): string =>
            server
                .kubeconfig()
                .replace(
                    /user: \{ client-certificate-data.*\}/,
                    `user: { exec: { apiVersion: client.authentication.k8s.io/v1, command: sh, args: [-c, ${JSON.stringify(script)}] } }`,
                );
        const failing = await Run.on(plugin("echo no session >&2; exit 1"));
        expect((await rejection(failing.create("core/v1:ConfigMap", "a", inputs))).message).toMatch(
            /credential plugin of user "test" in the kubeconfig failed: no session/,
        );
        const { cert, key } = await server.identity("CN=plugin, O=system:masters");
        const credential = JSON.stringify({
            apiVersion: "client.authentication.k8s.io/v1",
            kind: "ExecCredential",
            status: { clientCertificateData: cert, clientKeyData: key },
        });
        const working = await Run.on(plugin(`printf '%s' '${credential}'`));
        expect((await working.create("core/v1:ConfigMap", "plugin", { metadata: { name: "plugin" } })).id).toBe("default/plugin");
        await working.provider.close();
    });
});
