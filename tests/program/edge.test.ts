import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { createAll, describeWithTraefik, endpointAddress, publish, startTraefik, type Traefik } from "../components/traefik.ts";
import { startApiServer, type ApiServer } from "../support/apiserver.ts";
import { apiOf, kubernetesOf, type Api } from "./api.ts";
import { reveal, runProgram, stackConfig } from "./run.ts";

const describeEdge = await describeWithTraefik();

describeEdge("Traefik with the program's own arguments, rights and Ingress", () => {
    let server: ApiServer;
    let api: Api;
    let gateway: Server;
    let traefik: Traefik;
    let authority: string;

    beforeAll(async () => {
        const [started, run] = await Promise.all([
            startApiServer(),
            stackConfig("embedded").then((config) => runProgram(config, "certificates")),
        ]);
        server = started;
        api = apiOf(server.kubeconfig());
        authority = String(reveal(run.outputs["caCertificate"]));
        const objects = kubernetesOf(run).filter(({ type }) => !type.endsWith(":MCPServer"));
        await createAll(api, objects);
        gateway = createServer((request, response) => response.end(`${request.headers.host} ${request.url}`));
        gateway.listen(0, endpointAddress);
        await once(gateway, "listening");
        await publish(api, "mcp-runtime", "mcp-gateway", { name: "http", port: (gateway.address() as AddressInfo).port });
        traefik = await startTraefik(server, api, objects);
        await traefik.until(async () => (await traefik.get("mcp.localhost", "/")).status === 200);
    }, 120_000);

    afterAll(async () => {
        await traefik?.stop();
        gateway?.close();
        api?.close();
        await server?.stop();
    });

    const status = async () =>
        (await api.request("GET", "/apis/networking.k8s.io/v1/namespaces/mcp-runtime/ingresses/mcp-gateway")).body["status"];

    test("routes the platform's host and every other name of the machine to the gateway, which sees the name", async () => {
        for (const host of ["mcp.localhost", "127.0.0.1:8080"])
            expect(await traefik.get(host, "/everything/mcp")).toMatchObject({ status: 200, body: `${host} /everything/mcp` });
    });

    test("serves the host over TLS with the certificate of the stack's authority", async () => {
        expect(await traefik.get("mcp.localhost", "/x", { authority })).toMatchObject({ status: 200, body: "mcp.localhost /x" });
        await expect(traefik.get("other.localhost", "/x", { authority })).rejects.toThrow(/certificate|self-signed|altnames/i);
    });

    test("publishes its address on the Ingress, so that an update can wait for it", async () => {
        await traefik.until(async () => JSON.stringify(await status()) !== '{"loadBalancer":{}}');
        expect(await status()).toEqual({ loadBalancer: { ingress: [{ ip: "127.0.0.1" }] } });
    });

    test("answers probes, shows no dashboard, and is refused nothing", async () => {
        expect((await fetch(`${traefik.ping}/ping`)).status).toBe(200);
        for (const path of ["/dashboard/", "/api/rawdata"]) expect((await fetch(`${traefik.ping}${path}`)).status).toBe(404);
        expect(traefik.log().filter((line) => /forbidden|"level":"(error|fatal)"/.test(line))).toEqual([]);
    });
});
