/** The platform's image registry: CNCF Distribution 3 with users of its own. */
import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import { NAMESPACES } from "../namespaces/names.ts";
import { deploymentArgs } from "../workloads/deployment.ts";
import { createIdentity } from "../workloads/identity.ts";
import { labelsOf, selectorOf } from "../workloads/labels.ts";
import type { Resources } from "../workloads/resources.ts";
import { createVolume, type VolumePlace } from "../workloads/volume.ts";
import { RegistryCertificate, registryNames } from "./certificate.ts";
import { configurationHash, REGISTRY_PORT, registryConfiguration, type RegistryMode } from "./configuration.ts";
import { createPullSecrets, createUser, htpasswd, type RegistryUser } from "./credentials.ts";
import { backendAnnotations } from "./route.ts";
import { REGISTRY, registryWorkload } from "./workload.ts";

export interface RegistryArgs {
    /** The registry's own namespace, `NAMESPACES.registry`. */
    readonly namespace: pulumi.Input<string>;
    /** Where the pull secret is made: the namespace of the pods whose images are in the registry. */
    readonly pullNamespace: pulumi.Input<string>;
    /** Where it is made a second time, for the platform's own pods. Default: their images are elsewhere. */
    readonly ownNamespace?: pulumi.Input<string>;
    readonly mode: RegistryMode;
    readonly image: string;
    /** The host in image references, by which nodes know the registry. */
    readonly host: string;
    /** The host of the registry's route, which its certificate names too. Default: none. */
    readonly publicHost?: string | undefined;
    /** Port on every node at which nodes pull. */
    readonly nodePort: number;
    /** Size of the volume, as a Kubernetes quantity. */
    readonly storage: string;
    readonly place: VolumePlace;
    /** Whether the volume, and with it all images, is protected from being deleted. Default false. */
    readonly protect?: boolean | undefined;
    readonly resources: Resources;
}

/** A host without its port. */
const hostname = (host: string) => host.replace(/:\d+$/, "");

/** Registry with a persistent volume, a NodePort, and separate users for pushing and pulling. */
export class Registry extends pulumi.ComponentResource {
    /** The user that people and the program push with. */
    readonly push: RegistryUser;
    /** Name of the Secret that pods pull with, in `pullNamespace`. */
    readonly pullSecret: pulumi.Output<string>;
    /** The same in `ownNamespace`. */
    readonly ownPullSecret: pulumi.Output<string> | undefined;
    /** Changes when the volume is another one, and with it all images are gone. */
    readonly volume: pulumi.Output<string>;
    /** Name of the Service, whose port is called `registry`. */
    readonly service: pulumi.Output<string>;
    /** The certificate of the authority that nodes and clients of the NodePort trust, with `bundled-https`. PEM. */
    readonly authority: pulumi.Output<string> | undefined;
    /** Name of the Secret with it under `ca.crt`. */
    readonly authoritySecret: pulumi.Output<string> | undefined;

    constructor(name: string, args: RegistryArgs, opts?: pulumi.ComponentResourceOptions) {
        const { host, image, mode, namespace, nodePort, place, publicHost, storage } = args;
        super("mcp:registry:Registry", name, { mode, host, image, nodePort, storage, place }, opts);
        const child = { parent: this };
        const metadata = { name: REGISTRY, namespace, labels: labelsOf(REGISTRY) };

        this.push = createUser(name, "push", this);
        const pull = createUser(name, "pull", this);
        const httpSecret = new random.RandomPassword(`${name}-http-secret`, { length: 40, special: false }, child);
        const users = new kubernetes.core.v1.Secret(
            `${name}-users`,
            {
                metadata: { ...metadata, name: "registry-users" },
                stringData: { htpasswd: htpasswd([this.push, pull]), "http-secret": pulumi.secret(httpSecret.result) },
            },
            child,
        );
        ({ pullSecret: this.pullSecret, ownPullSecret: this.ownPullSecret } = createPullSecrets(name, { ...args, user: pull }, this));

        const hosts = [hostname(host), ...(publicHost === undefined ? [] : [publicHost])];
        const names = registryNames(NAMESPACES.registry, hosts);
        const secured = mode === "bundled-https" ? new RegistryCertificate(`${name}-tls`, { namespace, names }, child) : undefined;
        this.authority = secured?.authority;
        this.authoritySecret = secured?.authoritySecret;
        const configuration = registryConfiguration(mode);
        const settings = new kubernetes.core.v1.ConfigMap(
            `${name}-configuration`,
            { metadata, data: { "config.yml": configuration } },
            child,
        );
        const claim = createVolume(name, { workload: REGISTRY, namespace, size: storage, place, protect: args.protect ?? false }, this);
        this.volume = claim.metadata.uid;
        const identity = createIdentity(name, { workload: REGISTRY, namespace }, this);
        const sources = {
            configuration: settings.metadata.name,
            users: users.metadata.name,
            certificate: secured?.secretName,
            claim: claim.metadata.name,
            // It reads its certificate when it starts, so that a renewed one takes another pod.
            hash: secured ? secured.certificate.apply((pem) => configurationHash(configuration, pem)) : configurationHash(configuration),
        };
        const deployment = new kubernetes.apps.v1.Deployment(`${name}-deployment`, deploymentArgs(registryWorkload(args, mode, sources)), {
            parent: this,
            dependsOn: identity,
        });
        const annotations = secured ? { annotations: backendAnnotations(NAMESPACES.registry) } : {};
        const service = new kubernetes.core.v1.Service(
            `${name}-service`,
            {
                metadata: { ...metadata, ...annotations },
                spec: {
                    type: "NodePort",
                    selector: selectorOf(REGISTRY),
                    ports: [{ name: REGISTRY, port: REGISTRY_PORT, targetPort: REGISTRY, nodePort, protocol: "TCP" }],
                },
            },
            { parent: this, dependsOn: deployment },
        );
        this.service = service.metadata.name;
        this.registerOutputs({ pullSecret: this.pullSecret, ...(this.authority ? { authority: this.authority } : {}) });
    }
}
