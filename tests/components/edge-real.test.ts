import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { apiOf, kubernetesOf, type Api } from "../program/api.ts";
import { reveal } from "../program/run.ts";
import { startApiServer, type ApiServer } from "../support/apiserver.ts";
import { PRODUCTION, runEdge } from "./edge-program.ts";
import { createAll, created, describeWithTraefik, endpointAddress, publish, startTraefik, type Traefik } from "./traefik.ts";

const describeEdge = await describeWithTraefik();

/** The front door connects from here; whatever connects from elsewhere is a client that pretends. */
const FRONT_DOOR = "127.0.0.2";

describeEdge("Traefik behind a proxy and a load balancer, with a redirect", () => {
    let server: ApiServer;
    let api: Api;
    let backend: Server;
    let traefik: Traefik;
    let authority: string;

    beforeAll(async () => {
        const frontDoor = { mode: "proxy", trustedRanges: [`${FRONT_DOOR}/32`] } as const;
        const [started, run] = await Promise.all([
            startApiServer(),
            runEdge({ ...PRODUCTION, frontDoor, certificates: { mode: "internal" }, registry: false }, "certificates"),
        ]);
        server = started;
        api = apiOf(server.kubeconfig());
        authority = String(reveal(run.outputs["authority"]));
        for (const name of ["mcp-runtime", "mcp-servers", "traefik"]) await created(api, "/api/v1/namespaces", { metadata: { name } });
        const objects = kubernetesOf(run);
        await createAll(api, objects);
        backend = createServer((request, response) => response.end(JSON.stringify({ url: request.url, ...request.headers })));
        backend.listen(0, endpointAddress);
        await once(backend, "listening");
        const { port } = backend.address() as AddressInfo;
        await publish(api, "mcp-runtime", "mcp-gateway", { name: "http", port });
        await challenge(port);
        traefik = await startTraefik(server, api, objects);
        await traefik.until(async () => (await traefik.get("mcp.example.com", "/x", { authority })).status === 200);
    }, 120_000);

    afterAll(async () => {
        await traefik?.stop();
        backend?.close();
        api?.close();
        await server?.stop();
    });

    /** What cert-manager makes for a challenge: https://cert-manager.io/docs/configuration/acme/http01/ */
    async function challenge(port: number): Promise<void> {
        const metadata = { name: "cm-acme-http-solver-1", namespace: "mcp-runtime" };
        const selector = { "acme.cert-manager.io/http01-solver": "true" };
        await created(api, "/api/v1/namespaces/mcp-runtime/services", {
            metadata,
            spec: { selector, ports: [{ name: "http", port: 8089, targetPort: 8089 }] },
        });
        await publish(api, "mcp-runtime", metadata.name, { name: "http", port });
        const backendService = { service: { name: metadata.name, port: { number: 8089 } } };
        const paths = [{ path: "/.well-known/acme-challenge/token", pathType: "Exact", backend: backendService }];
        await created(api, "/apis/networking.k8s.io/v1/namespaces/mcp-runtime/ingresses", {
            metadata,
            spec: { ingressClassName: "traefik", rules: [{ host: "mcp.example.com", http: { paths } }] },
        });
    }

    test("answers plain HTTP with the same address under https", async () => {
        const { status, headers } = await traefik.get("mcp.example.com", "/everything/mcp?x=1");
        expect({ status, location: headers.location }).toEqual({ status: 301, location: "https://mcp.example.com/everything/mcp?x=1" });
    });

    test("serves ACME challenges over plain HTTP, and only the one that is open", async () => {
        expect(await traefik.get("mcp.example.com", "/.well-known/acme-challenge/token")).toMatchObject({ status: 200 });
        expect(await traefik.get("mcp.example.com", "/.well-known/acme-challenge/other")).toMatchObject({ status: 301 });
    });

    test("tells browsers to keep to https, over TLS", async () => {
        const { status, headers } = await traefik.get("mcp.example.com", "/x", { authority });
        expect(status).toBe(200);
        expect(headers["strict-transport-security"]).toBe("max-age=31536000");
        expect(headers["x-content-type-options"]).toBe("nosniff");
    });

    test("believes the front door that a request came over https, from whom it came, and no one else", async () => {
        const headers = { "x-forwarded-proto": "https", "x-forwarded-for": "198.51.100.7" };
        const trusted = await traefik.get("mcp.example.com", "/x", { headers, from: FRONT_DOOR });
        expect(trusted.status).toBe(200);
        expect(JSON.parse(trusted.body)).toMatchObject({ "x-forwarded-proto": "https", "x-forwarded-for": `198.51.100.7, ${FRONT_DOOR}` });
        expect((await traefik.get("mcp.example.com", "/x", { headers })).status).toBe(301);
        const pretended = await traefik.get("mcp.example.com", "/x", { headers, authority });
        expect(JSON.parse(pretended.body)).toMatchObject({ "x-forwarded-for": "127.0.0.1", "x-real-ip": "127.0.0.1" });
    });

    test("gives Ingresses the addresses of its own Service, once the load balancer has some", async () => {
        const service = "/api/v1/namespaces/traefik/services/traefik/status";
        const ingress = [
            { ip: "203.0.113.20", ipMode: "VIP" },
            { ip: "203.0.113.21", ipMode: "VIP" },
        ];
        const patch = { status: { loadBalancer: { ingress } } };
        const answer = await api.request("PATCH", service, patch, { "content-type": "application/merge-patch+json" });
        expect(answer.status).toBe(200);
        const status = async () =>
            (await api.request("GET", "/apis/networking.k8s.io/v1/namespaces/mcp-runtime/ingresses/mcp-gateway")).body["status"];
        await traefik.until(async () => JSON.stringify(await status()) !== '{"loadBalancer":{}}');
        expect(await status()).toEqual({ loadBalancer: { ingress: ingress.map(({ ip }) => ({ ip })) } });
    });

    test("is refused nothing by the API server", () => {
        // Its two providers start side by side, so that it may miss a Middleware for a moment, and say so.
        expect(traefik.log().filter((line) => /forbidden|cannot (list|watch|get)/.test(line))).toEqual([]);
    });
});
