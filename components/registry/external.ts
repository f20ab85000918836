import * as pulumi from "@pulumi/pulumi";
import { createPullSecret } from "./credentials.ts";

export interface ExternalRegistryArgs {
    /** Host of the registry, with a prefix of repositories where the user may read no others. */
    readonly host: string;
    /** Where the pull secret is made. */
    readonly pullNamespace: pulumi.Input<string>;
    readonly username: string;
    /** Secret. */
    readonly password: pulumi.Input<string>;
}

/** A registry that others run: nothing of it is made here but the Secret that pods pull with. */
export class ExternalRegistry extends pulumi.ComponentResource {
    /** Name of the Secret that pods pull with, in `pullNamespace`. */
    readonly pullSecret: pulumi.Output<string>;

    constructor(name: string, args: ExternalRegistryArgs, opts?: pulumi.ComponentResourceOptions) {
        const { host, username, pullNamespace: namespace } = args;
        super("mcp:registry:ExternalRegistry", name, { host, username }, opts);
        const user = { username, password: pulumi.secret(args.password) };
        this.pullSecret = createPullSecret(name, { host, namespace, user }, this);
        this.registerOutputs({ pullSecret: this.pullSecret });
    }
}
