import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { partOf } from "../workloads/labels.ts";
import { middlewaresOf, type RoutePolicy } from "./routes.ts";

export interface RouteMiddlewaresArgs {
    /** A namespace whose custom resources the ingress controller reads. */
    readonly namespace: pulumi.Input<string>;
    readonly policy: RoutePolicy;
}

/** The Middlewares that the routes of the platform's hosts name. */
export class RouteMiddlewares extends pulumi.ComponentResource {
    constructor(name: string, args: RouteMiddlewaresArgs, opts?: pulumi.ComponentResourceOptions) {
        super("mcp:edge:RouteMiddlewares", name, { policy: args.policy }, opts);
        for (const middleware of middlewaresOf(args.policy)) {
            new kubernetes.apiextensions.CustomResource(
                `${name}-${middleware.name}`,
                {
                    apiVersion: "traefik.io/v1alpha1",
                    kind: "Middleware",
                    metadata: { name: middleware.name, namespace: args.namespace, labels: partOf },
                    spec: middleware.spec,
                },
                { parent: this },
            );
        }
        this.registerOutputs({});
    }
}
