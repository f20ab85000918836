/** A kubernetes provider as the engine uses it, against a server of the test's own. */
import { setTimeout as sleep } from "node:timers/promises";
import type { OldState, OperationContext, ResourceProvider } from "../../../embedded/engine/provider.ts";
import { plain } from "../../../embedded/engine/secretness.ts";
import type { PropertyMap } from "../../../embedded/engine/values.ts";
import { Client } from "../../../embedded/providers/kubernetes/client.ts";
import { kubernetesProvider } from "../../../embedded/providers/kubernetes/index.ts";
import { loadKubeConfig } from "../../../embedded/providers/kubernetes/kubeconfig.ts";
import type { JsonObject, Manifest } from "../../../embedded/providers/kubernetes/manifest.ts";

export interface Made extends OldState {
    readonly id: string;
    readonly urn: string;
}

export const urnOf = (type: string, name: string): string => `urn:pulumi:test::tests::kubernetes:${type}::${name}`;

export interface Said {
    readonly status: string[];
    readonly logs: string[];
}

export function contextWith(said: Said, options: Partial<OperationContext> = {}): OperationContext {
    return {
        preview: false,
        signal: new AbortController().signal,
        status: (text) => void said.status.push(text),
        log: (severity, text) => void said.logs.push(`${severity}: ${text}`),
        ...options,
    };
}

/** One provider, and the steps that an engine takes with it. */
export class Run {
    readonly provider: ResourceProvider = kubernetesProvider();
    readonly said: Said = { status: [], logs: [] };

    static async on(kubeconfig: string, config: PropertyMap = {}): Promise<Run> {
        const run = new Run();
        await run.provider.configure("", { kubeconfig, ...config });
        return run;
    }

    context(options?: Partial<OperationContext>): OperationContext {
        return contextWith(this.said, options);
    }

    async check(urn: string, inputs: PropertyMap, olds?: PropertyMap): Promise<PropertyMap> {
        const result = await this.provider.check(urn, olds, inputs, this.context());
        if (result.failures?.length) throw new Error(result.failures.map(({ property, reason }) => `${property}: ${reason}`).join("; "));
        return plain(result.inputs as PropertyMap);
    }

    async create(type: string, name: string, inputs: PropertyMap, options?: Partial<OperationContext>): Promise<Made> {
        const urn = urnOf(type, name);
        const checked = await this.check(urn, inputs);
        const { id, outs } = await this.provider.create(urn, checked, this.context(options));
        return { urn, id, inputs: checked, outputs: plain((outs ?? {}) as PropertyMap) };
    }

    async update(made: Made, inputs: PropertyMap, options?: Partial<OperationContext>): Promise<Made> {
        const checked = await this.check(made.urn, inputs, made.inputs);
        const { outs } = await this.provider.update(made.id, made.urn, made, checked, [], this.context(options));
        return { ...made, inputs: checked, outputs: plain((outs ?? {}) as PropertyMap) };
    }

    async refresh(made: Made): Promise<Made | undefined> {
        const { id, props, inputs } = await this.provider.read(made.id, made.urn, made, this.context());
        return id ? { ...made, id, outputs: plain(props as PropertyMap), inputs: plain(inputs as PropertyMap) } : undefined;
    }

    async delete(made: Made, options?: Partial<OperationContext>): Promise<void> {
        await this.provider.delete(made.id, made.urn, made, this.context(options));
    }
}

/** Plain requests beside the provider, as another user of the cluster would make them. */
export function otherClient(kubeconfig: string): Client {
    return new Client(loadKubeConfig({ kubeconfig }));
}

/** Writes a status as the controllers and the kubelet of a real cluster would. */
export async function setStatus(client: Client, path: string, status: JsonObject): Promise<Manifest> {
    const { body } = await client.request<Manifest>("PATCH", `${path}/status`, {
        body: { status },
        contentType: "application/merge-patch+json",
    });
    return body;
}

/** Asks again until the answer is not undefined. */
export async function eventually<T>(ask: () => Promise<T | undefined> | T | undefined, seconds = 10): Promise<T> {
    for (const deadline = Date.now() + seconds * 1000; Date.now() < deadline; await sleep(25)) {
        const answer = await ask();
        if (answer !== undefined) return answer;
    }
    throw new Error(`still undefined after ${seconds} s`);
}

/** What a promise is rejected with. */
export async function rejection(promise: Promise<unknown>): Promise<Error> {
    try {
        await promise;
    } catch (error) {
        return error as Error;
    }
    throw new Error("expected a rejection");
}
