import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";

export interface ImageLoadArgs {
    /** The image's full reference. */
    readonly image: string;
    /** The command that does it. Contains no secret. */
    readonly command: string;
    /** Folder to run it in. */
    readonly directory: string;
    /** Identity of the cluster: the nodes of another one have no images yet. */
    readonly cluster: pulumi.Input<string>;
}

/** Brings an image that is made from this checkout to where the nodes find it, again when its reference or the cluster changes. */
export class ImageLoad extends pulumi.ComponentResource {
    constructor(name: string, args: ImageLoadArgs, opts?: pulumi.ComponentResourceOptions) {
        super("mcp:operator:ImageLoad", name, { image: args.image }, opts);
        new command.local.Command(
            `${name}-command`,
            {
                create: args.command,
                dir: args.directory,
                // Not the reference: another one is an update, which loads that image, and what ran before it goes on until it is rolled.
                triggers: [args.cluster],
                logging: "stderr",
                addPreviousOutputInEnv: false,
            },
            { parent: this },
        );
        this.registerOutputs({});
    }
}
