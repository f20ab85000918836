/** Classes for the resources of the provider double in `../support/double.ts`. */
import * as pulumi from "@pulumi/pulumi";

export class Thing extends pulumi.CustomResource {
    declare readonly value: pulumi.Output<unknown>;
    declare readonly generated: pulumi.Output<string>;
    constructor(name: string, args: Record<string, unknown> = {}, opts?: pulumi.CustomResourceOptions) {
        super("double:index:Thing", name, { value: undefined, generated: undefined, ...args }, opts);
    }

    static get(name: string, id: pulumi.Input<pulumi.ID>, opts?: pulumi.CustomResourceOptions): Thing {
        return new Thing(name, {}, { ...opts, id });
    }
}

export class Double extends pulumi.ProviderResource {
    constructor(name: string, args: Record<string, unknown> = {}, opts?: pulumi.ResourceOptions) {
        super("double", name, args, opts);
    }
}

export class Group extends pulumi.ComponentResource {
    constructor(name: string, args: Record<string, unknown> = {}, opts?: pulumi.ComponentResourceOptions) {
        super("test:group:Group", name, args, opts);
    }
    done(outputs: Record<string, unknown> = {}): void {
        this.registerOutputs(outputs);
    }
}
