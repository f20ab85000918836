import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { spawn, type ChildProcess } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { REGISTRY_PATHS } from "../../components/registry/configuration.ts";
import { apiOf, kubernetesOf, type Api } from "../program/api.ts";
import { reveal, type ProgramRun, type Properties } from "../program/run.ts";
import { startApiServer, type ApiServer } from "../support/apiserver.ts";
import { freePorts } from "../support/ports.ts";
import { generatedPassword, registryBinary } from "../support/registry.ts";
import { runEdge } from "./edge-program.ts";
import { HOST, named, runRegistry } from "./registry-program.ts";
import { createAll, created, describeWithTraefik, endpointAddress, publish, startTraefik, type Sent, type Traefik } from "./traefik.ts";

const binary = await registryBinary();
const describeRegistry = binary ? await describeWithTraefik() : describe.skip;

/** What the pod would find in its volumes, in a folder. */
async function mounted(run: ProgramRun, folder: string, users: string, address: string): Promise<string> {
    const data = (name: string, field: string) => (reveal(named(run, name).inputs) as Record<string, Record<string, string>>)[field] ?? {};
    await Promise.all(["users", "certificate"].map((name) => mkdir(join(folder, name))));
    const certificate = data("registry-tls-secret", "stringData");
    for (const key of ["tls.crt", "tls.key"]) await writeFile(join(folder, "certificate", key), certificate[key] ?? "", { mode: 0o600 });
    await writeFile(join(folder, "users", "htpasswd"), users, { mode: 0o600 });
    const configuration = (data("registry-configuration", "data")["config.yml"] ?? "")
        .replace(":5000", address)
        .replaceAll(REGISTRY_PATHS.users, join(folder, "users"))
        .replaceAll(REGISTRY_PATHS.certificate, join(folder, "certificate"))
        .replaceAll(REGISTRY_PATHS.storage, join(folder, "storage"));
    await writeFile(join(folder, "config.yml"), configuration);
    return join(folder, "config.yml");
}

describeRegistry("a real registry that speaks TLS itself, behind a real Traefik", () => {
    let server: ApiServer;
    let api: Api;
    let registry: ChildProcess;
    let traefik: Traefik;
    let folder: string;
    let port: number;
    let run: ProgramRun;
    /** Of the edge, and of the registry. */
    let authority: string;
    let own: string;
    let authorization: string;

    beforeAll(async () => {
        folder = await mkdtemp(join(tmpdir(), "registry-"));
        [port = 0] = await freePorts(1);
        server = await startApiServer();
        api = apiOf(server.kubeconfig());
        const edge = await runEdge(
            { customResources: true, registry: true, routes: { redirect: true, strictTransport: false } },
            "certificates",
        );
        run = await runRegistry({ mode: "bundled-https", route: "traefik" }, "certificates");
        authority = String(reveal(edge.outputs["authority"]));
        own = String(reveal(run.outputs["authority"]));
        const { password, hash } = await generatedPassword();
        authorization = `Basic ${btoa(`push:${password}`)}`;
        const configuration = await mounted(run, folder, `push:${hash}\n`, `${endpointAddress}:${port}`);
        const env = { REGISTRY_HTTP_SECRET: "x", OTEL_TRACES_EXPORTER: "none" };
        registry = spawn(binary ?? "", ["serve", configuration], { cwd: folder, env, stdio: "ignore" });
        for (const name of ["mcp-runtime", "mcp-servers", "traefik", "registry"])
            await created(api, "/api/v1/namespaces", { metadata: { name } });
        const objects = kubernetesOf(edge);
        await createAll(api, [...objects, ...kubernetesOf(run)]);
        await publish(api, "registry", "registry", { name: "registry", port });
        traefik = await startTraefik(server, api, objects);
        await traefik.until(async () => (await over("/v2/")).status === 401);
    }, 120_000);

    afterAll(async () => {
        await traefik?.stop();
        if (registry?.exitCode === null) {
            registry.kill("SIGKILL");
            await once(registry, "exit");
        }
        api?.close();
        await server?.stop();
        await rm(folder, { recursive: true });
    });

    /** Through the edge. */
    const over = (path: string, sent: Sent = {}) => traefik.get(HOST, path, { authority, ...sent });

    /** Straight to the registry, as a node does, trusting `ca` and asking for `servername`. */
    const straight = async (servername: string, ca: string) => {
        const outgoing = request({ host: endpointAddress, port, path: "/v2/", servername, ca, agent: false }).end();
        const [response] = (await once(outgoing, "response")) as [{ statusCode: number; resume(): void }];
        response.resume();
        return response.statusCode;
    };

    test("answers its users through the public host, and nobody else", async () => {
        const refused = await over("/v2/");
        expect({ status: refused.status, challenge: refused.headers["www-authenticate"] }).toEqual({
            status: 401,
            challenge: 'Basic realm="MCP platform"',
        });
        expect((await over("/v2/", { headers: { authorization } })).status).toBe(200);
        expect((await over("/v2/", { headers: { authorization: `Basic ${btoa("push:wrong")}` } })).status).toBe(401);
    });

    test("takes a layer through the public host, and says where under that host", async () => {
        const begun = await over("/v2/team/it/blobs/uploads/", { method: "POST", headers: { authorization } });
        expect(begun.status).toBe(202);
        const location = new URL(String(begun.headers.location));
        expect(location.origin).toBe(`https://${HOST}`);
        const layer = randomBytes(24 * 1024 * 1024);
        const digest = `sha256:${createHash("sha256").update(layer).digest("hex")}`;
        location.searchParams.set("digest", digest);
        const headers = { authorization, "content-type": "application/octet-stream", "content-length": String(layer.length) };
        const done = await over(`${location.pathname}${location.search}`, { method: "PUT", headers, body: layer });
        expect([done.status, done.headers["docker-content-digest"]]).toEqual([201, digest]);
    });

    test("answers nodes that trust its own authority, by each of its names", async () => {
        for (const name of ["registry.local", "localhost", "registry.registry.svc.cluster.local", HOST])
            expect(await straight(name, own)).toBe(401);
        await expect(straight("registry.local", authority)).rejects.toThrow(/signature|self.signed|unable to (get|verify)/i);
        await expect(straight("other.example.com", own)).rejects.toThrow(/altnames/i);
    });

    test("does not speak without TLS", async () => {
        const answer = await fetch(`http://${endpointAddress}:${port}/v2/`);
        expect([answer.status, (await answer.text()).trim()]).toEqual([400, "Client sent an HTTP request to an HTTPS server."]);
    });

    test("is not reached by an edge that trusts another authority", async () => {
        const path = "/api/v1/namespaces/registry/secrets/registry-authority";
        const trust = (pem: string) =>
            api.request("PATCH", path, { stringData: { "ca.crt": pem } } as Properties, { "content-type": "application/merge-patch+json" });
        expect((await trust(authority)).status).toBe(200);
        await traefik.until(async () => (await over("/v2/")).status >= 500);
        await trust(own);
        await traefik.until(async () => (await over("/v2/")).status === 401);
    });
});
