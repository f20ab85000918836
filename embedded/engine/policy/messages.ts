/** Resources as the protocol of policy packs describes them. */
import type { Struct } from "google-protobuf/google/protobuf/struct_pb.js";
import proto from "@pulumi/pulumi/proto/analyzer_pb.js";
import { aliasUrns } from "../deployment/aliases.ts";
import type { Goal } from "../steps/goal.ts";
import { isObject, OutputValue, Secret, type PropertyMap, type PropertyValue } from "../values.ts";
import type { ResourceState } from "../state/snapshot.ts";
import { parseUrn } from "../urn.ts";
import { encodeMap, flattenOutput } from "../wire.ts";
import type { PolicySubject } from "./gate.ts";

/** What a pack may know of the run. */
export interface StackFacts {
    readonly stack: string;
    readonly project: string;
    readonly organization: string;
    readonly preview: boolean;
    /** Secrets decrypted. */
    readonly config: Readonly<Record<string, string>>;
    readonly configSecretKeys: readonly string[];
    readonly tags: Readonly<Record<string, string>>;
}

/** The stack that a pack is about to judge. */
export function stackConfigureRequest(facts: StackFacts): InstanceType<typeof proto.AnalyzerStackConfigureRequest> {
    const request = new proto.AnalyzerStackConfigureRequest();
    request.setStack(facts.stack);
    request.setProject(facts.project);
    request.setOrganization(facts.organization);
    request.setDryRun(facts.preview);
    request.setConfigSecretKeysList([...facts.configSecretKeys]);
    for (const [key, value] of Object.entries(facts.config)) request.getConfigMap().set(key, value);
    for (const [key, value] of Object.entries(facts.tags)) request.getTagsMap().set(key, value);
    return request;
}

/** A resource before its step. @param internal whether properties of the SDK's own (`__…`) are sent too, as for remediations */
export function analyzeRequest(subject: PolicySubject, internal: boolean): InstanceType<typeof proto.AnalyzeRequest> {
    const { state } = subject;
    const request = new proto.AnalyzeRequest();
    request.setUrn(state.urn);
    request.setType(state.type);
    request.setName(parseUrn(state.urn).name);
    request.setProperties(encoded(internal ? state.inputs : withoutInternal(state.inputs)));
    request.setOptions(optionsOf(subject));
    request.setProvider(providerOf(subject));
    return request;
}

/** All resources of a stack, by their outputs. */
export function stackRequest(subjects: readonly PolicySubject[]): InstanceType<typeof proto.AnalyzeStackRequest> {
    const request = new proto.AnalyzeStackRequest();
    request.setResourcesList(
        subjects.map((subject) => {
            const { state } = subject;
            const resource = new proto.AnalyzerResource();
            resource.setUrn(state.urn);
            resource.setType(state.type);
            resource.setName(parseUrn(state.urn).name);
            resource.setProperties(encoded(withoutInternal(state.outputs)));
            resource.setOptions(optionsOf(subject));
            resource.setProvider(providerOf(subject));
            resource.setParent(state.parent ?? "");
            resource.setDependenciesList([...state.dependencies]);
            for (const [key, urns] of Object.entries(state.propertyDependencies)) {
                if (!urns.length) continue;
                const dependencies = new proto.AnalyzerPropertyDependencies();
                dependencies.setUrnsList([...urns]);
                resource.getPropertydependenciesMap().set(key, dependencies);
            }
            return resource;
        }),
    );
    return request;
}

/** The SDK of policies knows secrets and assets, and reads references as the id or URN they stand for. */
function encoded(map: PropertyMap): Struct {
    return encodeMap(map, { resources: false });
}

function withoutInternal(map: PropertyMap): PropertyMap {
    return Object.fromEntries(
        Object.entries(map)
            .filter(([key]) => !key.startsWith("__"))
            .map(([key, value]) => [key, withoutInternalOf(value)]),
    );
}

function withoutInternalOf(value: PropertyValue): PropertyValue {
    if (value instanceof Secret) return new Secret(withoutInternalOf(value.value));
    if (value instanceof OutputValue) return withoutInternalOf(flattenOutput(value));
    if (Array.isArray(value)) return value.map(withoutInternalOf);
    return isObject(value) ? withoutInternal(value) : value;
}

function optionsOf({ state, goal }: PolicySubject): InstanceType<typeof proto.AnalyzerResourceOptions> {
    const options = new proto.AnalyzerResourceOptions();
    options.setProtect(state.protect ?? false);
    options.setIgnorechangesList([...state.ignoreChanges]);
    options.setDeletebeforereplacedefined(goal?.deleteBeforeReplace !== undefined);
    options.setDeletebeforereplace(goal?.deleteBeforeReplace ?? false);
    options.setAdditionalsecretoutputsList([...state.additionalSecretOutputs]);
    options.setAliasesList(aliasesOf(state, goal));
    options.setParent(state.parent ?? "");
    const timeouts = new proto.AnalyzerResourceOptions.CustomTimeouts();
    timeouts.setCreate(state.customTimeouts?.create ?? 0);
    timeouts.setUpdate(state.customTimeouts?.update ?? 0);
    timeouts.setDelete(state.customTimeouts?.delete ?? 0);
    options.setCustomtimeouts(timeouts);
    return options;
}

/** What the program says that the resource was called. */
function aliasesOf(state: ResourceState, goal: Goal | undefined): string[] {
    if (!goal) return [...state.aliases];
    const { stack, project, type, name } = parseUrn(state.urn);
    return aliasUrns({ stack, project, type, name, parent: state.parent }, goal.aliases, () => undefined);
}

function providerOf({ provider }: PolicySubject): InstanceType<typeof proto.AnalyzerProviderResource> | undefined {
    return provider && providerMessage(provider);
}

function providerMessage(state: ResourceState): InstanceType<typeof proto.AnalyzerProviderResource> {
    const message = new proto.AnalyzerProviderResource();
    message.setUrn(state.urn);
    message.setType(state.type);
    message.setName(parseUrn(state.urn).name);
    message.setProperties(encoded(state.inputs));
    return message;
}
