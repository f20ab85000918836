import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import { clusterTraits, registryTraits } from "./config.ts";
import { API_SERVER_PORT, type KindPlan } from "./plan.ts";

export interface KindClusterArgs {
    /** Everything about the cluster. Contains no secret. */
    readonly plan: KindPlan;
    /** The program, and its first arguments, that makes and removes a cluster: it is given the plan as JSON, then what to do. */
    readonly clusterProgram: readonly string[];
    /** The same for the registry's container. */
    readonly registryProgram: readonly string[];
    /** Folder to run them in. */
    readonly directory: string;
}

/** The ranges of addresses at which NetworkPolicies see the API server, and its port. */
export interface ApiServerAddresses {
    readonly cidrs: string[];
    readonly port: number;
}

/** The ranges of the nodes' network that the cluster's program prints; none where nothing was run. */
function rangesOf(printed: string): string[] {
    return printed === "" ? [] : (JSON.parse(printed) as { cidrs: string[] }).cidrs;
}

/**
 * A kind cluster and the registry beside its nodes, made and removed by programs of this machine. What cannot be changed
 * while it runs (ports, number of nodes, images) makes it anew; its objects go with it.
 */
export class KindCluster extends pulumi.ComponentResource {
    /** Names this very cluster: another one has another. */
    readonly identity: pulumi.Output<string>;
    /** The whole network of the nodes: a node may have another address after a restart. */
    readonly apiServer: pulumi.Output<ApiServerAddresses>;
    /** What is deleted with the cluster need not be deleted by itself. */
    readonly cluster: pulumi.CustomResource;
    /** There once images can be pushed. */
    readonly registry: pulumi.Resource;

    constructor(name: string, args: KindClusterArgs, opts?: pulumi.ComponentResourceOptions) {
        super("mcp:kind:KindCluster", name, { plan: args.plan }, opts);
        const { plan, directory } = args;
        const traits = clusterTraits(plan);
        const id = new random.RandomUuid(`${name}-id`, { keepers: { traits: traits.join("\n") } }, { parent: this });
        this.identity = pulumi.interpolate`kind-${plan.name}-${id.result}`;

        /** No shell: the plan is an argument as it is. */
        const run = (program: readonly string[]): command.local.CommandArgs => ({
            interpreter: [...program, JSON.stringify(plan)],
            create: "create",
            delete: "delete",
            dir: directory,
            environment: { MCP_PLATFORM_KIND_ID: id.result },
            logging: "stderr",
            addPreviousOutputInEnv: false,
        });
        // Names and ports are taken until the old one is gone.
        const anew = { parent: this, deleteBeforeReplace: true };
        const cluster = new command.local.Command(`${name}-cluster`, { ...run(args.clusterProgram), triggers: [...traits] }, anew);
        this.cluster = cluster;
        this.apiServer = cluster.stdout.apply((printed) => ({ cidrs: rangesOf(printed), port: API_SERVER_PORT }));
        this.registry = plan.registry
            ? new command.local.Command(
                  `${name}-registry`,
                  // The cluster's own id: its registry is removed before it and made after it.
                  { ...run(args.registryProgram), triggers: [cluster.id, ...registryTraits(plan.registry)] },
                  anew,
              )
            : cluster;
        this.registerOutputs({ identity: this.identity, apiServer: this.apiServer });
    }
}
