import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";

export interface ImageLoadArgs {
    /** The image's full reference. */
    readonly image: string;
    /** The command that puts `image` on every node. Contains no secret. */
    readonly command: string;
    /** Folder to run it in. */
    readonly directory: string;
}

/** Puts an image that is made from this checkout on the nodes of a cluster that pulls it from nowhere, again when its reference changes. */
export class ImageLoad extends pulumi.ComponentResource {
    constructor(name: string, args: ImageLoadArgs, opts?: pulumi.ComponentResourceOptions) {
        super("mcp:operator:ImageLoad", name, { image: args.image }, opts);
        new command.local.Command(
            `${name}-command`,
            // No triggers: another reference is an update, which loads that image, and what ran before it goes on until it is rolled.
            { create: args.command, dir: args.directory, logging: "stderr", addPreviousOutputInEnv: false },
            { parent: this },
        );
        this.registerOutputs({});
    }
}
