/**
 * Functions of the program that change what it asks for: those of a resource first, then those of its parents from the
 * nearest up, then those of the stack.
 */
import type { Callback } from "@pulumi/pulumi/proto/callback_pb.js";
import proto, { type RegisterResourceRequest, type ResourceInvokeRequest } from "@pulumi/pulumi/proto/resource_pb.js";
import { UserError, messageOf } from "../../common/errors.ts";
import { decodeMap, encodeMap } from "../wire.ts";
import type { Callbacks } from "./callbacks.ts";
import { completed, optionsOf, setOptions } from "./transform-options.ts";
import { asOutputs, dependenciesOf, type PropertyDependencies } from "./transform-values.ts";

export class Transforms {
    readonly #callbacks: Callbacks;
    readonly #ofStack: Callback[] = [];
    readonly #ofInvokes: Callback[] = [];
    /** What was registered, by URN: its parent, and its own functions, which its children take over. */
    readonly #registered = new Map<string, { readonly parent: string; readonly own: readonly Callback[] }>();

    /** The functions of components that plugins are making, which then register themselves. */
    readonly #constructing = new Map<string, readonly Callback[]>();
    readonly #signal: AbortSignal;

    /** @param signal aborted when the functions' answers are of no use any more */
    constructor(callbacks: Callbacks, signal: AbortSignal) {
        this.#callbacks = callbacks;
        this.#signal = signal;
    }

    addForStack(callback: Callback): void {
        this.#ofStack.push(callback);
    }

    addForInvokes(callback: Callback): void {
        this.#ofInvokes.push(callback);
    }

    /** Remembers a resource that is done, for its children. */
    registered(urn: string, request: RegisterResourceRequest): void {
        this.#registered.set(urn, { parent: request.getParent(), own: this.#own(request) });
        this.#constructing.delete(keyOf(request));
    }

    /** The functions of a resource; those of a component that a plugin makes come from the program. */
    #own(request: RegisterResourceRequest): readonly Callback[] {
        return this.#constructing.get(keyOf(request)) ?? request.getTransformsList();
    }

    /**
     * A registration as the functions changed it.
     * @throws UserError when one of them throws
     */
    async registration(request: RegisterResourceRequest): Promise<RegisterResourceRequest> {
        const own = this.#own(request);
        if (request.getRemote()) this.#constructing.set(keyOf(request), own);
        const functions = [...own, ...this.#inherited(request.getParent()), ...this.#ofStack];
        if (!functions.length) return request;
        const dependencies = propertyDependenciesOf(request);
        let inputs = asOutputs(decodeMap(request.getObject()), dependencies);
        let options = optionsOf(request);
        for (const callback of functions) {
            const call = new proto.TransformRequest();
            call.setType(request.getType());
            call.setName(request.getName());
            call.setCustom(request.getCustom());
            call.setParent(request.getParent());
            call.setProperties(encodeMap(inputs, { outputs: true }));
            call.setOptions(options);
            const subject = `"${request.getName()}" (${request.getType()})`;
            const answer = proto.TransformResponse.deserializeBinary(
                await this.#call(callback, call.serializeBinary(), `A transform of ${subject}`),
            );
            // The SDK's answer says of an input what it is, not where it comes from.
            if (answer.hasProperties()) inputs = asOutputs(decodeMap(answer.getProperties()), dependencies);
            options = completed(answer.getOptions(), options);
        }
        const result = request.cloneMessage();
        result.setObject(encodeMap(inputs, { outputs: true }));
        setOptions(result, options);
        const all = new Set(options.getDependsOnList());
        result.clearPropertydependenciesMap();
        for (const [key, value] of Object.entries(inputs)) {
            const urns = new Set(dependenciesOf(value));
            for (const urn of urns) all.add(urn);
            const entry = new proto.RegisterResourceRequest.PropertyDependencies();
            entry.setUrnsList([...urns]);
            result.getPropertydependenciesMap().set(key, entry);
        }
        result.setDependenciesList([...all]);
        result.clearTransformsList();
        return result;
    }

    /** A call of a function as the functions changed it; throws {@link UserError} when one of them throws. */
    async invoke(request: ResourceInvokeRequest): Promise<ResourceInvokeRequest> {
        const result = request.cloneMessage();
        for (const callback of this.#ofInvokes) {
            const options = new proto.TransformInvokeOptions();
            options.setProvider(result.getProvider());
            options.setVersion(result.getVersion());
            options.setPluginDownloadUrl(result.getPlugindownloadurl());
            const call = new proto.TransformInvokeRequest();
            call.setToken(request.getTok());
            call.setArgs(encodeMap(asOutputs(decodeMap(result.getArgs()), {}), { outputs: true }));
            call.setOptions(options);
            const bytes = await this.#call(callback, call.serializeBinary(), `An invoke transform of ${request.getTok()}`);
            const answer = proto.TransformInvokeResponse.deserializeBinary(bytes);
            const changed = answer.getOptions() ?? options;
            if (answer.hasArgs()) result.setArgs(answer.getArgs());
            result.setProvider(changed.getProvider());
            result.setVersion(changed.getVersion());
            result.setPlugindownloadurl(changed.getPluginDownloadUrl());
        }
        return result;
    }

    #inherited(parent: string): Callback[] {
        const found: Callback[] = [];
        for (let at = this.#registered.get(parent); at; at = this.#registered.get(at.parent)) found.push(...at.own);
        return found;
    }

    async #call(callback: Callback, request: Uint8Array, subject: string): Promise<Uint8Array> {
        try {
            return await this.#callbacks.call(callback, request, this.#signal);
        } catch (error) {
            throw new UserError(`${subject} failed: ${messageOf(error).replace(/^transform failed: (Error: )?/, "")}`, { cause: error });
        }
    }
}

function keyOf(request: RegisterResourceRequest): string {
    return `${request.getParent()}::${request.getType()}::${request.getName()}`;
}

function propertyDependenciesOf(request: RegisterResourceRequest): PropertyDependencies {
    const result: Record<string, readonly string[]> = {};
    request.getPropertydependenciesMap().forEach((dependencies, key) => {
        result[key] = dependencies.getUrnsList();
    });
    return result;
}
