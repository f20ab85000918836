import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { createSigned } from "../certificates/signed.ts";
import { labelsOf } from "../workloads/labels.ts";

/** The name by which clients inside the cluster, the edge above all, know a Service. */
export const serviceHost = (service: string, namespace: string) => `${service}.${namespace}.svc`;

/** Every name and address by which somebody reaches the registry, itself or through its NodePort. */
export function registryNames(namespace: string, hosts: readonly string[]): { dnsNames: string[]; ipAddresses: string[] } {
    const service = serviceHost("registry", namespace);
    const inside = ["registry", `registry.${namespace}`, service, `${service}.cluster.local`, "localhost"];
    return { dnsNames: [...new Set([...inside, ...hosts])], ipAddresses: ["127.0.0.1"] };
}

export interface RegistryCertificateArgs {
    readonly namespace: pulumi.Input<string>;
    readonly names: ReturnType<typeof registryNames>;
}

/**
 * The registry's certificate, signed by a certificate authority that signs nothing else, so that a node that trusts it
 * trusts the registry alone. Both are renewed by the next update that runs within a month of their end.
 */
export class RegistryCertificate extends pulumi.ComponentResource {
    /** Name of the Secret of type `kubernetes.io/tls` that the registry serves with. */
    readonly secretName: pulumi.Output<string>;
    /** The certificate in it. PEM. */
    readonly certificate: pulumi.Output<string>;
    /** The authority's certificate, which nodes trust. PEM. */
    readonly authority: pulumi.Output<string>;
    /** Name of the Secret with it under `ca.crt`, which the edge trusts. Nodes that need it before an update ends find it there. */
    readonly authoritySecret: pulumi.Output<string>;

    constructor(name: string, args: RegistryCertificateArgs, opts?: pulumi.ComponentResourceOptions) {
        const { names, namespace } = args;
        super("mcp:registry:RegistryCertificate", name, { names }, opts);
        const child = { parent: this };
        const signed = createSigned(name, { authority: "MCP platform registry", subject: "registry", ...names }, this);
        const secret = new kubernetes.core.v1.Secret(
            `${name}-secret`,
            {
                metadata: { name: "registry-certificate", namespace, labels: labelsOf("registry") },
                type: "kubernetes.io/tls",
                stringData: { "tls.crt": signed.certificate, "tls.key": pulumi.secret(signed.key) },
            },
            child,
        );
        const trusted = new kubernetes.core.v1.Secret(
            `${name}-authority-secret`,
            {
                metadata: { name: "registry-authority", namespace, labels: labelsOf("registry") },
                stringData: { "ca.crt": signed.authority },
            },
            child,
        );
        this.secretName = secret.metadata.name;
        this.authoritySecret = trusted.metadata.name;
        this.certificate = signed.certificate;
        this.authority = signed.authority;
        this.registerOutputs({ secretName: this.secretName, authority: this.authority });
    }
}
