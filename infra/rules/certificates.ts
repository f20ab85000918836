import type { Settings } from "../schema/settings.ts";
import { isPublicName } from "../names.ts";
import { beside, when, type Problem, type Rule } from "./rule.ts";

type Acme = Extract<Settings["tls"], { mode: "acme" }>;

/** The ACME settings when the authority is one of the internet; one on a private name decides itself whom it can reach. */
function publicAcme({ tls }: Pick<Settings, "tls">): Acme | undefined {
    if (tls.mode !== "acme") return undefined;
    const isPublic = tls.directory === "production" || tls.directory === "staging" || isPublicName(new URL(tls.directory).hostname);
    return isPublic ? tls : undefined;
}

/** What keeps plain HTTP from coming to port 80 of the hosts. */
function httpElsewhere({ topology }: Settings): { readonly path: string[]; readonly is: string | number } | undefined {
    switch (topology.kind) {
        case "embedded":
        case "kind":
        case "minikube":
            return topology.gatewayPort === 80 ? undefined : { path: ["topology", "gatewayPort"], is: topology.gatewayPort };
        case "existing":
            return topology.edge.kind === "nodePort" ? { path: ["topology", "edge", "kind"], is: topology.edge.kind } : undefined;
        case "k3s":
            return undefined;
    }
}

const ACME = ["tls.mode", "acme"] as const;
const OTHERWISE = "use tls.mode issuer, secrets or internal";

function port80(settings: Settings): readonly Problem[] {
    const elsewhere = httpElsewhere(settings);
    if (!publicAcme(settings) || settings.frontDoor.mode !== "direct" || !elsewhere) return [];
    const fix = `the HTTP-01 challenge comes to port 80 of the hosts, and nothing answers there: let a proxy bring it (frontDoor.mode proxy), or ${OTHERWISE}`;
    return [{ path: elsewhere.path, found: beside(elsewhere.is, ...ACME), fix }];
}

export const certificateRules: readonly Rule[] = [
    {
        id: "acme-public-apex",
        keys: ["domain", "tls"],
        says: "ACME needs a public apex: not `localhost`, a single label, or a name under `.local`, `.internal`, `.test` and their like",
        check: (settings) =>
            when(publicAcme(settings) !== undefined && !isPublicName(settings.domain), {
                path: ["domain"],
                found: beside(settings.domain, ...ACME),
                fix: `certificates are issued for names of the internet only: give a public domain such as example.com, or ${OTHERWISE}`,
            }),
    },
    {
        id: "acme-port-80",
        keys: ["tls", "topology", "frontDoor"],
        says: "ACME needs port 80 of the hosts, or a proxy that answers there and passes the challenge on",
        check: port80,
    },
    {
        id: "acme-internal-lb",
        keys: ["tls", "frontDoor"],
        says: "ACME is refused behind `internal-lb`, which no challenge of a public authority reaches",
        check: (settings) =>
            when(publicAcme(settings) !== undefined && settings.frontDoor.mode === "internal-lb", {
                path: ["frontDoor", "mode"],
                found: beside(settings.frontDoor.mode, ...ACME),
                fix: "no HTTP-01 challenge comes through an internal load balancer: use tls.mode issuer with your own ClusterIssuer, or secrets",
            }),
    },
];

/** What works and yet deserves a word before it is made. */
export const certificateCautions: readonly Rule[] = [
    {
        id: "acme-proxy",
        keys: ["tls", "frontDoor"],
        says: "ACME behind a proxy: the challenge has to pass through it, also while no certificate is there yet",
        check: (settings) =>
            when(publicAcme(settings) !== undefined && settings.frontDoor.mode === "proxy", {
                path: ["frontDoor", "mode"],
                found: beside(settings.frontDoor.mode, ...ACME),
                fix: "let /.well-known/acme-challenge/* through on port 80 without login, cache, redirect or filter, or point DNS at the edge until certificates are issued, or use tls.mode issuer or secrets",
            }),
    },
    {
        id: "acme-staging",
        keys: ["tls"],
        says: "Certificates of the staging directory are trusted by no client",
        check: ({ tls }) =>
            when(tls.mode === "acme" && tls.directory === "staging", {
                path: ["tls", "directory"],
                found: 'is "staging"',
                fix: "its certificates are trusted by no client: use production once they are issued",
            }),
    },
];
