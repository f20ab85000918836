/** Requests of the SDK → goals. What the engine does not support is refused here, by name. */
import type { Alias as AliasMessage } from "@pulumi/pulumi/proto/alias_pb.js";
import type {
    ExistsResourceRequest,
    ReadResourceRequest,
    RegisterResourceRequest,
    ResourceInvokeRequest,
} from "@pulumi/pulumi/proto/resource_pb.js";
import { UserError } from "../../common/errors.ts";
import { withoutOutputValues } from "../secretness.ts";
import type { CustomTimeouts } from "../state/snapshot.ts";
import type { Alias, ExistenceGoal, Goal, HookBindings, HookMoment, InvokeRequest, ReadGoal } from "../steps/goal.ts";
import type { PropertyValue } from "../values.ts";
import { decodeMap, decode, isUnknownString } from "../wire.ts";

function refuse(what: string, subject: string): never {
    throw new UserError(
        `${subject} uses ${what}, which the embedded engine does not support. Remove it, or run the program with the official engine.`,
    );
}

/** Decodes a registration; throws {@link UserError} for options that are not supported. */
export function goalOf(request: RegisterResourceRequest): Goal {
    const subject = `"${request.getName()}" (${request.getType()})`;
    if (request.getStateMigrationsList().length) refuse("the option stateMigrations", subject);
    if (request.getEnvvarmappingsMap().getLength()) refuse("the option envVarMappings", subject);

    const propertyDependencies: Record<string, string[]> = {};
    request.getPropertydependenciesMap().forEach((dependencies, key) => {
        propertyDependencies[key] = dependencies.getUrnsList();
    });
    return {
        type: request.getType(),
        name: request.getName(),
        custom: request.getCustom(),
        inputs: withoutOutputValues(decodeMap(request.getObject())),
        parent: request.getParent() || undefined,
        protect: request.hasProtect() ? request.getProtect() : undefined,
        dependencies: request.getDependenciesList(),
        propertyDependencies,
        provider: request.getProvider() || undefined,
        version: request.getVersion(),
        ignoreChanges: request.getIgnorechangesList(),
        replaceOnChanges: request.getReplaceonchangesList(),
        additionalSecretOutputs: request.getAdditionalsecretoutputsList(),
        hideDiff: request.getHidediffsList(),
        deleteBeforeReplace: request.getDeletebeforereplacedefined() ? request.getDeletebeforereplace() : undefined,
        aliases: [...request.getAliasurnsList(), ...request.getAliasesList().map(aliasOf)],
        customTimeouts: timeoutsOf(request, subject),
        retainOnDelete: request.hasRetainondelete() ? request.getRetainondelete() : undefined,
        deletedWith: request.getDeletedwith() || undefined,
        replaceWith: request.getReplaceWithList(),
        replacementTrigger: triggerOf(request),
        importId: request.getImportid() || undefined,
        hooks: hooksOf(request.getHooks()),
        sourcePosition: positionOf(request),
    };
}

function aliasOf(alias: AliasMessage): Alias {
    const spec = alias.getSpec();
    if (!spec) return alias.getUrn();
    return {
        ...(spec.getName() && { name: spec.getName() }),
        ...(spec.getType() && { type: spec.getType() }),
        ...(spec.getStack() && { stack: spec.getStack() }),
        ...(spec.getProject() && { project: spec.getProject() }),
        ...(spec.getParenturn() && { parent: spec.getParenturn() }),
        ...(spec.getNoparent() && { noParent: true as const }),
    };
}

function triggerOf(request: RegisterResourceRequest): PropertyValue | undefined {
    const trigger = request.getReplacementTrigger();
    return trigger && withoutOutputValues({ trigger: decode(trigger) })["trigger"];
}

/** The names of hooks by moment, as requests and the options of transforms bind them. */
function hooksOf(binding: RegisterResourceRequest.ResourceHooksBinding | undefined): HookBindings {
    if (!binding) return {};
    const all: Record<HookMoment, readonly string[]> = {
        beforeCreate: binding.getBeforeCreateList(),
        afterCreate: binding.getAfterCreateList(),
        beforeUpdate: binding.getBeforeUpdateList(),
        afterUpdate: binding.getAfterUpdateList(),
        beforeDelete: binding.getBeforeDeleteList(),
        afterDelete: binding.getAfterDeleteList(),
        onError: binding.getOnErrorList(),
    };
    return Object.fromEntries(Object.entries(all).filter(([, names]) => names.length));
}

function positionOf(request: RegisterResourceRequest): string | undefined {
    const position = request.getSourceposition();
    return position?.getUri() ? `${position.getUri()}#${position.getLine()},${position.getColumn()}` : undefined;
}

export function readGoalOf(request: ReadResourceRequest): ReadGoal {
    return {
        type: request.getType(),
        name: request.getName(),
        id: isUnknownString(request.getId()) ? undefined : request.getId(),
        inputs: withoutOutputValues(decodeMap(request.getProperties())),
        parent: request.getParent() || undefined,
        dependencies: request.getDependenciesList(),
        provider: request.getProvider() || undefined,
        version: request.getVersion(),
        additionalSecretOutputs: request.getAdditionalsecretoutputsList(),
    };
}

export function existenceGoalOf(request: ExistsResourceRequest): ExistenceGoal {
    return {
        type: request.getType(),
        id: isUnknownString(request.getId()) ? undefined : request.getId(),
        inputs: withoutOutputValues(decodeMap(request.getProperties())),
        parent: request.getParent() || undefined,
        provider: request.getProvider() || undefined,
        version: request.getVersion(),
    };
}

export function invokeOf(request: ResourceInvokeRequest): InvokeRequest {
    return {
        token: request.getTok(),
        args: withoutOutputValues(decodeMap(request.getArgs())),
        provider: request.getProvider() || undefined,
        version: request.getVersion(),
    };
}

function timeoutsOf(request: RegisterResourceRequest, subject: string): CustomTimeouts | undefined {
    const sent = request.getCustomtimeouts();
    const timeouts: { create?: number; update?: number; delete?: number; read?: number } = {};
    if (sent?.getCreate()) timeouts.create = seconds(sent.getCreate(), subject);
    if (sent?.getUpdate()) timeouts.update = seconds(sent.getUpdate(), subject);
    if (sent?.getDelete()) timeouts.delete = seconds(sent.getDelete(), subject);
    if (sent?.getRead()) timeouts.read = seconds(sent.getRead(), subject);
    return Object.keys(timeouts).length ? timeouts : undefined;
}

const UNITS: Readonly<Record<string, number>> = { ns: 1e-9, us: 1e-6, µs: 1e-6, ms: 1e-3, s: 1, m: 60, h: 3600 };

/** Reads a duration as Go writes it, `1h30m`. */
export function seconds(duration: string, subject: string): number {
    const parts = [...duration.matchAll(/(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)/g)];
    if (!parts.length || parts.map((part) => part[0]).join("") !== duration) {
        throw new UserError(`${subject}: the timeout "${duration}" is not a duration. Write it with units: 30s, 10m, 1h30m.`);
    }
    return parts.reduce((sum, [, number, unit]) => sum + Number(number) * (UNITS[unit ?? ""] ?? 0), 0);
}
