import type * as pulumi from "@pulumi/pulumi";
import { CertManager } from "../components/certificates/cert-manager.ts";
import { createCertificates, type Certificates } from "../components/certificates/create.ts";
import { createIngress, type IngressFacts } from "../components/edge/create.ts";
import { NAMESPACES } from "../components/namespaces/names.ts";
import { IngressNodes } from "../components/nodes/ingress-nodes.ts";
import { routesOf } from "./definitions.ts";
import type { Parts } from "./parts.ts";

/** What routes to the platform's hosts is made of. */
export interface Entrance {
    readonly ingress: IngressFacts;
    readonly certificates: Certificates;
    /** The Secret that the gateway's Ingress names. */
    readonly gatewayCertificate: pulumi.Output<string>;
}

/** Makes the way in: the nodes that take traffic, the edge, cert-manager and the certificates of the hosts. */
export function createEntrance(parts: Parts): Entrance {
    const { settings, topology, hosts, namespaces, resources, after, network } = parts;
    const { images } = topology;
    const { runtime, registry, edge, certManager } = namespaces;
    const routed = network.features.includes("registryRoute");
    const runtimeNamespace = { name: NAMESPACES.runtime, namespace: runtime.name };
    const route = routed && registry ? registry : undefined;
    const served = [runtime, ...(route ? [route] : [])];
    const knownNamespaces = [runtimeNamespace, ...(route ? [{ name: NAMESPACES.registry, namespace: route.name }] : [])];

    const nodes = topology.ingressNodes.length ? [new IngressNodes("ingress-nodes", { nodes: topology.ingressNodes }, after())] : [];
    const ingress = createIngress(
        {
            ingress: settings.ingress,
            namespace: edge?.name,
            served: knownNamespaces,
            image: images.traefik,
            exposure: topology.edge,
            frontDoor: settings.frontDoor,
            routes: routesOf(settings, topology),
            middlewares: runtimeNamespace,
            customResources: routed,
            definitions: () => parts.definitions.traefik,
            resources: resources.traefik,
        },
        after(...served, ...(edge ? [edge] : []), ...nodes, ...parts.loaded("traefik")),
    );
    const managed = certManager
        ? new CertManager(
              "cert-manager",
              {
                  namespace: { name: NAMESPACES.certManager, namespace: certManager.name },
                  certificateNamespaces: knownNamespaces,
                  images: {
                      controller: images.certManagerController,
                      cainjector: images.certManagerCainjector,
                      webhook: images.certManagerWebhook,
                      solver: images.certManagerSolver,
                  },
                  resources,
                  definitions: parts.definitions.certManager,
              },
              after(certManager, ...served),
          ).ready
        : [];
    const certificates = createCertificates(
        {
            choice: settings.tls,
            hosts,
            namespaces: { runtime: runtime.name, registry: route?.name },
            ingressClass: ingress.ingressClass,
        },
        after(...served, ...managed, ...(settings.tls.mode === "acme" ? ingress.ready : [])),
    );
    const gatewayCertificate = certificates.secrets.get("mcp");
    if (gatewayCertificate === undefined) throw new Error("every choice of certificates has one for the gateway's host");
    return { ingress, certificates, gatewayCertificate };
}
