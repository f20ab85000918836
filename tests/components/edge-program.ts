/** A program of edge and certificates alone, in every way that settings can ask for: what it registers is looked at in tests. */
import { CertManager } from "../../components/certificates/cert-manager.ts";
import { createCertificates } from "../../components/certificates/create.ts";
import type { CertificateChoice } from "../../components/certificates/hosts.ts";
import { definitions } from "../../components/definitions/read.ts";
import { createIngress, type IngressOwner } from "../../components/edge/create.ts";
import type { Exposure, FrontDoor } from "../../components/edge/exposure.ts";
import { hostsOf } from "../../components/edge/names.ts";
import type { RoutePolicy } from "../../components/edge/routes.ts";
import { Gateway } from "../../components/gateway/gateway.ts";
import { RESOURCE_PROFILES } from "../../components/workloads/resources.ts";
import { runProgram, type ProgramRun } from "../program/run.ts";

export interface EdgeChoices {
    readonly ingress?: IngressOwner;
    readonly exposure?: Exposure;
    readonly frontDoor?: FrontDoor;
    readonly routes?: RoutePolicy;
    readonly customResources?: boolean;
    readonly certificates?: CertificateChoice;
    /** Whether the registry has an Ingress. */
    readonly registry?: boolean;
}

/** k3s with two ingress nodes and certificates of Let's Encrypt, everything on. */
export const PRODUCTION = {
    ingress: { owner: "platform" },
    exposure: { kind: "loadBalancer", nodeSelector: { "ingress.mcpruntime.org/public": "true" }, replicas: 2 },
    frontDoor: { mode: "proxy", trustedRanges: ["203.0.113.0/24"] },
    routes: { redirect: true, strictTransport: true },
    customResources: true,
    certificates: { mode: "acme", email: "ops@example.com", directory: "production" },
    registry: true,
} as const satisfies EdgeChoices;

const runtime = { name: "mcp-runtime", namespace: "mcp-runtime" };
const registry = { name: "registry", namespace: "registry" };
const certManager = { name: "cert-manager", namespace: "cert-manager" };

export function edgeProgram(choices: EdgeChoices): object {
    const choice = choices.certificates ?? { mode: "internal" };
    const hosts = hostsOf("example.com");
    const served = choices.registry ? [runtime, registry] : [runtime];
    const { light } = RESOURCE_PROFILES;
    const resources = light.traefik;
    const { ingressClass, annotations, awaitAddress, ready } = createIngress({
        ingress: choices.ingress ?? { owner: "platform" },
        namespace: "traefik",
        served,
        image: "docker.io/library/traefik:v3.6.7",
        exposure: choices.exposure ?? { kind: "nodePort", http: 30080, https: 30443 },
        frontDoor: choices.frontDoor ?? { mode: "direct" },
        routes: choices.routes ?? { redirect: false, strictTransport: false },
        middlewares: runtime,
        customResources: choices.customResources ?? false,
        definitions: () => definitions("traefik"),
        resources,
    });
    const managed =
        choice.mode === "acme"
            ? new CertManager("cert-manager", {
                  namespace: certManager,
                  certificateNamespaces: served,
                  images: { controller: "controller:1", cainjector: "cainjector:1", webhook: "webhook:1", solver: "solver:1" },
                  resources: light,
                  definitions: definitions("cert-manager"),
              }).ready
            : [];
    const { secrets, authority } = createCertificates(
        {
            choice,
            hosts,
            namespaces: { runtime: runtime.namespace, registry: choices.registry ? registry.namespace : undefined },
            ingressClass,
        },
        { dependsOn: [...managed, ...ready] },
    );
    const certificate = secrets.get("mcp");
    if (certificate === undefined) throw new Error("no certificate");
    const gateway = new Gateway(
        "gateway",
        {
            namespace: runtime.namespace,
            serversNamespace: "mcp-servers",
            image: "operator:1",
            host: hosts.mcp,
            otherHosts: [],
            ingressClass,
            certificate,
            awaitAddress,
            annotations,
            resources,
        },
        { dependsOn: [...ready] },
    );
    return { secrets: Object.fromEntries(secrets), ...(authority && { authority }), gateway: gateway.urn };
}

export const runEdge = (choices: EdgeChoices, mode: "words" | "certificates" = "words"): Promise<ProgramRun> =>
    runProgram({}, mode, () => edgeProgram(choices));
