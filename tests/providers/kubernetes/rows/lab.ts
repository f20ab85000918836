/** What the rows of the semantics table work with: a provider, a server, and another user of the same server. */
import type { DiffResult } from "../../../../embedded/engine/provider.ts";
import type { PropertyMap } from "../../../../embedded/engine/values.ts";
import type { Client } from "../../../../embedded/providers/kubernetes/client.ts";
import type { JsonObject, Manifest } from "../../../../embedded/providers/kubernetes/manifest.ts";
import type { ApiServer } from "../../../support/apiserver.ts";
import { otherClient, Run, type Made } from "../support.ts";

export const CONFIG_MAP = "core/v1:ConfigMap";
export const DEPLOYMENT = "apps/v1:Deployment";
export const MAPS = "/api/v1/namespaces/default/configmaps";
export const DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments";

/** A file of pulumi-kubernetes v4.34.2. */
export const official = (file: string): string => `pulumi-kubernetes provider/pkg/${file}`;
/** A release in the CHANGELOG of pulumi-kubernetes. */
export const changelog = (version: string): string => `pulumi-kubernetes CHANGELOG.md, ${version}`;

export class Lab {
    readonly server: ApiServer;
    readonly run: Run;
    readonly other: Client;

    private constructor(server: ApiServer, run: Run) {
        this.server = server;
        this.run = run;
        this.other = otherClient(server.kubeconfig());
    }

    static async on(server: ApiServer): Promise<Lab> {
        return new Lab(server, await Run.on(server.kubeconfig()));
    }

    async close(): Promise<void> {
        await this.run.provider.close();
        await this.other.close();
    }

    live(path: string): Promise<Manifest> {
        return this.other.get<Manifest>(path);
    }

    /** An apply on the server by somebody else. */
    async apply(path: string, body: JsonObject, fieldManager: string, force = false): Promise<void> {
        const contentType = "application/apply-patch+yaml";
        await this.other.request("PATCH", path, { query: { fieldManager, force }, body, contentType });
    }

    /** Work with a provider of another configuration. */
    async with(config: PropertyMap, work: (run: Run) => Promise<void>): Promise<void> {
        const run = await Run.on(this.server.kubeconfig(), config);
        try {
            await work(run);
        } finally {
            await run.provider.close();
        }
    }

    async diff(made: Made, inputs: PropertyMap, ignoreChanges: readonly string[] = []): Promise<DiffResult> {
        const checked = await this.run.check(made.urn, inputs, made.inputs);
        return this.run.provider.diff(made.id, made.urn, made, checked, ignoreChanges, this.run.context({ preview: true }));
    }

    /** The outputs that a preview of an update promises. */
    async foresee(made: Made, inputs: PropertyMap): Promise<PropertyMap> {
        await this.diff(made, inputs);
        return (await this.run.update(made, inputs, { preview: true })).outputs;
    }

    async requests(): Promise<number> {
        return Object.values(this.server.requests()).reduce((sum, n) => sum + n, 0);
    }
}

export const configMap = (name: string, data: PropertyMap = {}, metadata: PropertyMap = {}): PropertyMap => ({
    metadata: { name, ...metadata },
    data,
});

/** Inputs of a Deployment that nobody waits for. */
export const deployment = (name: string, spec: PropertyMap = {}, container: PropertyMap = {}): PropertyMap => ({
    metadata: { name, annotations: { "pulumi.com/skipAwait": "true" } },
    spec: {
        replicas: 0,
        selector: { matchLabels: { app: name } },
        template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: "c", image: "x", ...container }] } },
        ...spec,
    },
});
