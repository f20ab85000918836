import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { INTERNAL_SECRET } from "../certificates/hosts.ts";
import { createSigned } from "../certificates/signed.ts";
import { partOf } from "../workloads/labels.ts";
import type { Hosts } from "./names.ts";

export interface InternalCertificateArgs {
    readonly hosts: Hosts;
    /** Where the TLS Secret is made: the namespace of the Ingresses that name it. */
    readonly namespace: pulumi.Input<string>;
    /** Where it is made a second time, for the registry's Ingress. Default: nowhere. */
    readonly registryNamespace?: pulumi.Input<string> | undefined;
}

/**
 * A certificate for the platform's hosts, signed by a certificate authority of the stack's own. Both are renewed by the
 * next update that runs within a month of their end.
 */
export class InternalCertificate extends pulumi.ComponentResource {
    /** The authority's certificate, which clients add to what they trust. PEM. */
    readonly authority: pulumi.Output<string>;
    /** Name of the Secret of type `kubernetes.io/tls` for each host that has an Ingress. */
    readonly secrets: ReadonlyMap<keyof Hosts, pulumi.Output<string>>;

    constructor(name: string, args: InternalCertificateArgs, opts?: pulumi.ComponentResourceOptions) {
        super("mcp:edge:InternalCertificate", name, { hosts: args.hosts }, opts);
        const child = { parent: this };
        const { mcp, registry, platform } = args.hosts;
        const names = { authority: `MCP platform ${mcp}`, subject: mcp, dnsNames: [mcp, registry, platform] };
        const signed = createSigned(name, names, this);
        const keep = (resource: string, namespace: pulumi.Input<string>) =>
            new kubernetes.core.v1.Secret(
                resource,
                {
                    metadata: { name: INTERNAL_SECRET, namespace, labels: partOf },
                    type: "kubernetes.io/tls",
                    stringData: { "tls.crt": signed.certificate, "tls.key": pulumi.secret(signed.key) },
                },
                child,
            ).metadata.name;
        const secretName = keep(`${name}-secret`, args.namespace);
        this.secrets = new Map([
            ["mcp", secretName],
            ["platform", secretName],
            ...(args.registryNamespace === undefined
                ? []
                : [["registry", keep(`${name}-registry-secret`, args.registryNamespace)] as const]),
        ]);
        this.authority = signed.authority;
        this.registerOutputs({ secretName, authority: this.authority });
    }
}
