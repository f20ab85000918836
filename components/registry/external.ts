import * as pulumi from "@pulumi/pulumi";
import { createPullSecrets } from "./credentials.ts";

export interface ExternalRegistryArgs {
    /** Host of the registry, with a prefix of repositories where the user may read no others. */
    readonly host: string;
    /** Where the pull secret is made. */
    readonly pullNamespace: pulumi.Input<string>;
    /** Where it is made a second time, for the platform's own pods. Default: their images are elsewhere. */
    readonly ownNamespace?: pulumi.Input<string>;
    readonly username: string;
    /** Secret. */
    readonly password: pulumi.Input<string>;
}

/** A registry that others run: nothing of it is made here but the Secret that pods pull with. */
export class ExternalRegistry extends pulumi.ComponentResource {
    /** Name of the Secret that pods pull with, in `pullNamespace`. */
    readonly pullSecret: pulumi.Output<string>;
    /** The same in `ownNamespace`. */
    readonly ownPullSecret: pulumi.Output<string> | undefined;

    constructor(name: string, args: ExternalRegistryArgs, opts?: pulumi.ComponentResourceOptions) {
        const { host, username } = args;
        super("mcp:registry:ExternalRegistry", name, { host, username }, opts);
        const user = { username, password: pulumi.secret(args.password) };
        ({ pullSecret: this.pullSecret, ownPullSecret: this.ownPullSecret } = createPullSecrets(name, { ...args, user }, this));
        this.registerOutputs({ pullSecret: this.pullSecret });
    }
}
