import { describe, expect, test } from "@jest/globals";
import type { NetworkFacts } from "../../components/network/facts.ts";
import { networkFactsOf } from "../../infra/network.ts";
import { settingsOf, topologyFor } from "../stacks/support/stacks.ts";

type Overrides = Readonly<Record<string, unknown>>;

async function factsOf(stack: string, overrides: Overrides = {}): Promise<NetworkFacts> {
    const settings = await settingsOf(stack, overrides);
    return networkFactsOf(settings, topologyFor(settings));
}

const TRAEFIK = { namespace: "traefik", labels: { "app.kubernetes.io/name": "traefik" } };
const PACKAGED = { namespace: "kube-system", labels: { "app.kubernetes.io/name": "traefik" } };
const NGINX = { owner: "existing", class: "nginx", namespace: "ingress-nginx", podLabels: { app: "nginx" } };
const EMAIL = "ops@example.com";
/** Without the rules of production, which would refuse some of what follows. */
const LOOSE = { strictProd: false } as const;

describe("settings come to features", () => {
    test.each<[string, Overrides, string[]]>([
        ["embedded", {}, ["registry", "edge"]],
        ["dev", {}, ["edge"]],
        ["prod", {}, ["registry", "registryRoute", "edge", "certManager", "challenges", "mesh"]],
        ["prod", { ...LOOSE, mesh: { mode: "off" } }, ["registry", "registryRoute", "edge", "certManager", "challenges"]],
        ["prod", { ...LOOSE, tls: { mode: "internal" } }, ["registry", "registryRoute", "edge", "mesh"]],
        ["prod", { ...LOOSE, tls: { mode: "issuer", clusterIssuer: "a" } }, ["registry", "registryRoute", "edge", "challenges", "mesh"]],
        [
            "prod",
            { ...LOOSE, tls: { mode: "acme", email: EMAIL, certManager: "existing" } },
            ["registry", "registryRoute", "edge", "challenges", "mesh"],
        ],
        [
            "prod",
            { ...LOOSE, tls: { mode: "secrets", secrets: { mcp: "a", registry: "b", platform: "c" } } },
            ["registry", "registryRoute", "edge", "mesh"],
        ],
        ["prod", { ...LOOSE, registry: { mode: "external", url: "images.example.net" } }, ["edge", "certManager", "challenges", "mesh"]],
        ["prod", { ...LOOSE, registry: { mode: "bundled-http" } }, ["registry", "edge", "certManager", "challenges", "mesh"]],
        ["prod", { ...LOOSE, ingress: { owner: "packaged" } }, ["registry", "registryRoute", "certManager", "challenges", "mesh"]],
        ["prod", { ...LOOSE, ingress: NGINX }, ["registry", "registryRoute", "certManager", "challenges", "mesh"]],
    ])("%s with %j", async (stack, overrides, features) => {
        expect((await factsOf(stack, overrides)).features).toEqual(features);
    });
});

describe("settings come to ends", () => {
    test.each<[string, Overrides, NetworkFacts["ingress"]]>([
        ["prod", {}, TRAEFIK],
        ["prod", { ...LOOSE, ingress: { owner: "packaged" } }, PACKAGED],
        ["prod", { ...LOOSE, ingress: NGINX }, { namespace: "ingress-nginx", labels: { app: "nginx" } }],
    ])("of requests: %s with %j", async (stack, overrides, ingress) => {
        expect((await factsOf(stack, overrides)).ingress).toEqual(ingress);
    });

    test.each<[string, Overrides, readonly string[], boolean]>([
        ["prod", {}, [], true],
        ["prod", { frontDoor: { mode: "proxy", trustedRanges: ["203.0.113.0/24"] } }, ["203.0.113.0/24"], true],
        // Behind NodePorts nobody is who connected: the ranges would close the edge.
        ["embedded", { frontDoor: { mode: "internal-lb", trustedRanges: ["203.0.113.0/24"] } }, [], false],
    ])("of clients: %s with %j", async (stack, overrides, trustedRanges, hasBalancer) => {
        const facts = await factsOf(stack, overrides);
        expect(facts.trustedRanges).toEqual(trustedRanges);
        expect(facts.balancer !== undefined).toBe(hasBalancer);
    });

    test.each([
        ["production", undefined],
        ["staging", undefined],
        ["https://ca.example.com:14000/dir", "https://ca.example.com:14000/dir"],
    ])("of the ACME directory %s", async (directory, acmeDirectory) => {
        const tls = { mode: "acme", email: EMAIL, directory };
        expect((await factsOf("prod", { ...LOOSE, tls })).acmeDirectory).toBe(acmeDirectory);
    });

    test("of servers: their allowlists and the npm registry", async () => {
        const egress = [{ cidr: "203.0.113.0/24", ports: [443] }];
        const servers = { files: { image: "files:1.0.0", transport: "streamable-http", egress } };
        const facts = await factsOf("embedded", { servers, npmRegistry: "https://npm.example.com" });
        expect(facts.servers["files"]?.egress).toEqual(egress);
        expect(facts.npmRegistry).toBe("https://npm.example.com");
    });
});
