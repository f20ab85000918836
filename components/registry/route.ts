import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { labelsOf } from "../workloads/labels.ts";
import { serviceHost } from "./certificate.ts";

const NAME = "registry";
/** Annotations of Ingresses and their Services that Traefik knows: https://doc.traefik.io/traefik/routing/providers/kubernetes-ingress/ */
const TRAEFIK = "traefik.ingress.kubernetes.io";

/** Annotations of the registry's Service: Traefik speaks TLS to it, and trusts what the route's ServersTransport says. */
export function backendAnnotations(namespace: string): Record<string, string> {
    return {
        [`${TRAEFIK}/service.serversscheme`]: "https",
        [`${TRAEFIK}/service.serverstransport`]: `${namespace}-${NAME}@kubernetescrd`,
    };
}

export interface RegistryRouteArgs {
    /** The registry's namespace: its name, and what waits for it. */
    readonly namespace: { readonly name: string; readonly namespace: pulumi.Input<string> };
    /** The public host of the registry, which `certificate` names. */
    readonly host: string;
    /** Name of the registry's Service, whose port is called `registry`. */
    readonly service: pulumi.Input<string>;
    /** Secret of that namespace with the authority that signed the registry's own certificate under `ca.crt`. */
    readonly authoritySecret: pulumi.Input<string>;
    readonly ingressClass: pulumi.Input<string>;
    /** Secret of type `kubernetes.io/tls` for `host`, in the registry's namespace. */
    readonly certificate: pulumi.Input<string>;
    /** Whose controller it is: one that is not Traefik has to be told by its people to speak TLS to the registry. */
    readonly controller: "traefik" | "other";
    /** Whether the edge gives Ingresses an address to wait for. */
    readonly awaitAddress: boolean;
    /** Annotations of the Ingress, by which the edge knows what to do to requests. Default: none. */
    readonly annotations?: Readonly<Record<string, string>>;
}

/** The public way to the registry, through the edge. Images are as large as they are: nothing limits bodies. */
export class RegistryRoute extends pulumi.ComponentResource {
    constructor(name: string, args: RegistryRouteArgs, opts?: pulumi.ComponentResourceOptions) {
        const { host, controller, certificate, ingressClass } = args;
        super("mcp:registry:RegistryRoute", name, { host, controller }, opts);
        const metadata = { name: NAME, namespace: args.namespace.namespace, labels: labelsOf(NAME) };
        const transport = controller === "traefik" ? [this.createTransport(name, args)] : [];
        const annotations = { ...args.annotations, ...(args.awaitAddress ? {} : { "pulumi.com/skipAwait": "true" }) };
        new kubernetes.networking.v1.Ingress(
            `${name}-ingress`,
            {
                metadata: { ...metadata, ...(Object.keys(annotations).length ? { annotations } : {}) },
                spec: {
                    ingressClassName: ingressClass,
                    rules: [
                        {
                            host,
                            http: {
                                paths: [
                                    {
                                        path: "/",
                                        pathType: "Prefix",
                                        backend: { service: { name: args.service, port: { name: NAME } } },
                                    },
                                ],
                            },
                        },
                    ],
                    tls: [{ hosts: [host], secretName: certificate }],
                },
            },
            { parent: this, dependsOn: transport, customTimeouts: { create: "3m", update: "3m" } },
        );
        this.registerOutputs({});
    }

    /** What Traefik trusts the registry by. */
    private createTransport(name: string, { namespace, authoritySecret }: RegistryRouteArgs): pulumi.Resource {
        return new kubernetes.apiextensions.CustomResource(
            `${name}-transport`,
            {
                apiVersion: "traefik.io/v1alpha1",
                kind: "ServersTransport",
                metadata: { name: NAME, namespace: namespace.namespace, labels: labelsOf(NAME) },
                spec: { serverName: serviceHost(NAME, namespace.name), rootCAs: [{ secret: authoritySecret }] },
            },
            { parent: this },
        );
    }
}
