/** A provider that is a process of its own, spoken to as the official engine does. */
import { randomBytes } from "node:crypto";
import proto, {
    type CheckResponse,
    type ConfigureResponse,
    type CreateResponse,
    type DiffResponse,
    type InvokeResponse,
    type ReadResponse,
    type UpdateResponse,
} from "@pulumi/pulumi/proto/provider_pb.js";
import empty, { type Empty } from "google-protobuf/google/protobuf/empty_pb.js";
import { difference, equal } from "../compare.ts";
import type { DiffResult, OldState, OperationContext, ResourceProvider } from "../provider.ts";
import { containsUnknown } from "../secretness.ts";
import { parseUrn } from "../urn.ts";
import type { PropertyMap } from "../values.ts";
import { decodeMap, encodeMap } from "../wire.ts";
import type { Parameter } from "./parameterized.ts";
import { diffOf, failuresOf, partialFailure, unlessUnimplemented } from "./messages.ts";
import { greet, parameterize, type Handshake } from "./opening.ts";
import type { PluginProcess, Send } from "./process.ts";

export interface PluginParts {
    readonly name: string;
    readonly version: string;
    /** What it is told before anything else. */
    readonly parameter: Parameter | undefined;
    /** Starts the process; called when it is asked something for the first time. */
    readonly start: () => Promise<PluginProcess>;
    readonly handshake: () => Promise<Handshake>;
}

/** Makes a provider of a plugin. */
export class PluginProvider implements ResourceProvider {
    readonly name: string;
    readonly version: string;
    readonly #parts: PluginParts;
    #process: Promise<PluginProcess> | undefined;
    #previews = false;

    constructor(parts: PluginParts) {
        this.name = parts.name;
        this.version = parts.version;
        this.#parts = parts;
    }

    async #started(): Promise<PluginProcess> {
        this.#process ??= this.#start();
        return await this.#process;
    }

    async #start(): Promise<PluginProcess> {
        const { start, handshake, parameter } = this.#parts;
        const process = await start();
        try {
            await greet(process, await handshake());
            if (parameter) await parameterize(process, parameter);
            return process;
        } catch (error) {
            await process.close();
            throw error;
        }
    }

    /** Sends a request; answers of objects that exist, but not as they should, are thrown as such. */
    async ask<Response>(send: Send<Response>): Promise<Response> {
        const process = await this.#started();
        try {
            return await process.ask(send);
        } catch (error) {
            throw partialFailure(error);
        }
    }

    /** Asks the plugin to end what it is doing, if it was started. */
    async cancel(): Promise<void> {
        const process = await this.#process?.catch(() => undefined);
        await process?.ask<Empty>((client, done) => client.cancel(new empty.Empty(), done)).catch(() => {}); // it may not know how
    }

    async checkConfig(urn: string, olds: PropertyMap, news: PropertyMap): ReturnType<ResourceProvider["checkConfig"]> {
        const request = new proto.CheckRequest();
        identify(request, urn);
        request.setOlds(encodeMap(olds));
        request.setNews(encodeMap(news));
        const response = await unlessUnimplemented(this.ask<CheckResponse>((client, done) => client.checkConfig(request, done)));
        if (!response) return { inputs: news };
        return { inputs: response.hasInputs() ? decodeMap(response.getInputs()) : news, failures: failuresOf(response.getFailuresList()) };
    }

    async diffConfig(urn: string, olds: PropertyMap, news: PropertyMap): Promise<DiffResult> {
        const request = new proto.DiffRequest();
        identify(request, urn);
        request.setOlds(encodeMap(olds));
        request.setOldInputs(encodeMap(olds));
        request.setNews(encodeMap(news));
        const response = await unlessUnimplemented(this.ask<DiffResponse>((client, done) => client.diffConfig(request, done)));
        return response ? diffOf(response, olds, news) : { changes: !equal(olds, news), detailedDiff: difference(olds, news) };
    }

    async configure(urn: string, config: PropertyMap): Promise<void> {
        // With unknown settings nothing is asked of it.
        if (containsUnknown(config)) return;
        const request = new proto.ConfigureRequest();
        identify(request, urn);
        for (const [key, value] of Object.entries(config))
            request.getVariablesMap().set(`${this.name}:config:${key}`, typeof value === "string" ? value : JSON.stringify(value));
        request.setArgs(encodeMap(config));
        request.setAcceptsecrets(true);
        request.setAcceptresources(true);
        request.setSendsOldInputs(true);
        request.setSendsOldInputsToDelete(true);
        const response = await this.ask<ConfigureResponse>((client, done) => client.configure(request, done));
        this.#previews = response.getSupportspreview();
    }

    async check(
        urn: string,
        olds: PropertyMap | undefined,
        news: PropertyMap,
        { randomSeed = randomBytes(32) }: OperationContext,
    ): ReturnType<ResourceProvider["check"]> {
        const request = new proto.CheckRequest();
        identify(request, urn);
        request.setOlds(encodeMap(olds ?? {}));
        request.setNews(encodeMap(news));
        request.setRandomseed(randomSeed);
        const response = await this.ask<CheckResponse>((client, done) => client.check(request, done));
        return { inputs: response.hasInputs() ? decodeMap(response.getInputs()) : news, failures: failuresOf(response.getFailuresList()) };
    }

    async diff(id: string, urn: string, olds: OldState, news: PropertyMap, ignoreChanges: readonly string[]): Promise<DiffResult> {
        const request = new proto.DiffRequest();
        identify(request, urn);
        request.setId(id);
        request.setOlds(encodeMap(olds.outputs));
        request.setOldInputs(encodeMap(olds.inputs));
        request.setNews(encodeMap(news));
        request.setIgnorechangesList([...ignoreChanges]);
        return diffOf(await this.ask<DiffResponse>((client, done) => client.diff(request, done)), olds.inputs, news);
    }

    async create(urn: string, inputs: PropertyMap, { preview, timeoutSeconds }: OperationContext): ReturnType<ResourceProvider["create"]> {
        if (preview && !this.#previews) return { id: "", outs: {} };
        const request = new proto.CreateRequest();
        identify(request, urn);
        request.setProperties(encodeMap(inputs));
        request.setPreview(preview);
        request.setTimeout(timeoutSeconds ?? 0);
        const response = await this.ask<CreateResponse>((client, done) => client.create(request, done));
        return { id: response.getId(), outs: decodeMap(response.getProperties()) };
    }

    async update(
        id: string,
        urn: string,
        olds: OldState,
        news: PropertyMap,
        ignoreChanges: readonly string[],
        { preview, timeoutSeconds }: OperationContext,
    ): ReturnType<ResourceProvider["update"]> {
        if (preview && !this.#previews) return { outs: {} };
        const request = new proto.UpdateRequest();
        identify(request, urn);
        request.setId(id);
        request.setOlds(encodeMap(olds.outputs));
        request.setOldInputs(encodeMap(olds.inputs));
        request.setNews(encodeMap(news));
        request.setIgnorechangesList([...ignoreChanges]);
        request.setPreview(preview);
        request.setTimeout(timeoutSeconds ?? 0);
        const response = await this.ask<UpdateResponse>((client, done) => client.update(request, done));
        return { outs: decodeMap(response.getProperties()) };
    }

    async read(
        id: string,
        urn: string,
        olds: OldState | undefined,
        { timeoutSeconds }: OperationContext,
    ): ReturnType<ResourceProvider["read"]> {
        const request = new proto.ReadRequest();
        identify(request, urn);
        request.setId(id);
        request.setProperties(encodeMap(olds?.outputs ?? {}));
        if (olds) request.setInputs(encodeMap(olds.inputs));
        request.setTimeout(timeoutSeconds ?? 0);
        const response = await this.ask<ReadResponse>((client, done) => client.read(request, done));
        return {
            id: response.getId(),
            props: decodeMap(response.getProperties()),
            ...(response.hasInputs() && { inputs: decodeMap(response.getInputs()) }),
        };
    }

    async delete(id: string, urn: string, olds: OldState, { timeoutSeconds }: OperationContext): Promise<void> {
        const request = new proto.DeleteRequest();
        identify(request, urn);
        request.setId(id);
        request.setProperties(encodeMap(olds.outputs));
        request.setOldInputs(encodeMap(olds.inputs));
        request.setTimeout(timeoutSeconds ?? 0);
        await this.ask<Empty>((client, done) => client.delete(request, done));
    }

    async invoke(token: string, inputs: PropertyMap, context?: OperationContext): ReturnType<NonNullable<ResourceProvider["invoke"]>> {
        const request = new proto.InvokeRequest();
        request.setTok(token);
        request.setArgs(encodeMap(inputs));
        request.setPreview(context?.preview ?? false);
        const response = await this.ask<InvokeResponse>((client, done) => client.invoke(request, done));
        return { outputs: decodeMap(response.getReturn()), failures: failuresOf(response.getFailuresList()) };
    }

    async close(): Promise<void> {
        const process = await this.#process?.catch(() => undefined);
        await process?.close();
    }
}

function identify(
    request: { setUrn(urn: string): unknown; setName(name: string): unknown; setType(type: string): unknown },
    urn: string,
): void {
    const { name, type } = parseUrn(urn);
    request.setUrn(urn);
    request.setName(name);
    request.setType(type);
}
