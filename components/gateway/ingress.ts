import type * as kubernetes from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";

type IngressSpec = kubernetes.types.input.networking.v1.IngressSpec;

export interface GatewayRoute {
    readonly host: string;
    /** Whether requests for any other host are routed too. */
    readonly anyHost: boolean;
    readonly ingressClass: pulumi.Input<string>;
    readonly certificate: pulumi.Input<string>;
    /** Name of the gateway's Service, whose port is called `http`. */
    readonly service: pulumi.Input<string>;
}

/** The route from the edge to the gateway. */
export function gatewayIngressSpec({ host, anyHost, ingressClass, certificate, service }: GatewayRoute): IngressSpec {
    const http = { paths: [{ path: "/", pathType: "Prefix", backend: { service: { name: service, port: { name: "http" } } } }] };
    return {
        ingressClassName: ingressClass,
        rules: [{ host, http }, ...(anyHost ? [{ http }] : [])],
        tls: [{ hosts: [host], secretName: certificate }],
    };
}

/** The `annotations` of the Ingress, if any: those of the edge, and whether an update waits for an address. */
export function ingressAnnotations({
    annotations,
    awaitAddress,
}: {
    readonly annotations?: Readonly<Record<string, string>>;
    readonly awaitAddress: boolean;
}): { annotations?: Record<string, string> } {
    const all = { ...annotations, ...(awaitAddress ? {} : { "pulumi.com/skipAwait": "true" }) };
    return Object.keys(all).length ? { annotations: all } : {};
}
