/** Components of other packages: a plugin makes them and their children, through the engine as a program does. */
import provider, { type CallResponse, type ConstructResponse } from "@pulumi/pulumi/proto/provider_pb.js";
import { type RegisterResourceRequest, type ResourceCallRequest } from "@pulumi/pulumi/proto/resource_pb.js";
import { UserError } from "../../common/errors.ts";
import { defaultProvider } from "../deployment/default-providers.ts";
import { StepFailed, type Deployment } from "../deployment/deployment.ts";
import { PluginProvider } from "../plugins/provider.ts";
import { packageOf } from "../urn.ts";

/** Who is asked, and where the plugin finds the engine. */
export interface Remote {
    readonly deployment: Deployment;
    /** The address of the service `ResourceMonitor`. */
    readonly address: string;
}

/** Has a plugin make a component; rejects with `StepFailed` when something it depends on failed. */
export async function construct({ deployment, address }: Remote, request: RegisterResourceRequest): Promise<ConstructResponse> {
    const subject = `"${request.getName()}" (${request.getType()})`;
    const blocked = [request.getParent(), ...request.getDependenciesList()].find((urn) => deployment.failed.has(urn));
    if (blocked) throw new StepFailed(`not tried, since ${blocked} failed`);
    const name = packageOf(request.getType());
    const named = request.getProvider() || request.getProvidersMap().get(name);
    const plugin = await pluginFor(deployment, name, named, request.getVersion(), subject);

    const call = new provider.ConstructRequest();
    place(call, deployment, address);
    call.setType(request.getType());
    call.setName(request.getName());
    call.setParent(request.getParent());
    call.setInputs(request.getObject());
    request.getPropertydependenciesMap().forEach((dependencies, key) => {
        const entry = new provider.ConstructRequest.PropertyDependencies();
        entry.setUrnsList(dependencies.getUrnsList());
        call.getInputdependenciesMap().set(key, entry);
    });
    request.getProvidersMap().forEach((reference, key) => call.getProvidersMap().set(key, reference));
    call.setDependenciesList(request.getDependenciesList());
    if (request.hasProtect()) call.setProtect(request.getProtect() ?? false);
    if (request.hasRetainondelete()) call.setRetainondelete(request.getRetainondelete() ?? false);
    if (request.getDeletebeforereplacedefined()) call.setDeletebeforereplace(request.getDeletebeforereplace());
    call.setAdditionalsecretoutputsList(request.getAdditionalsecretoutputsList());
    call.setIgnorechangesList(request.getIgnorechangesList());
    call.setReplaceonchangesList(request.getReplaceonchangesList());
    call.setDeletedwith(request.getDeletedwith());
    call.setReplaceWithList(request.getReplaceWithList());
    call.setReplacementTrigger(request.getReplacementTrigger());
    call.setAliasesList(request.getAliasesList());
    const timeouts = request.getCustomtimeouts();
    if (timeouts) call.setCustomtimeouts(provider.ConstructRequest.CustomTimeouts.deserializeBinary(timeouts.serializeBinary()));
    const hooks = request.getHooks();
    if (hooks) call.setResourceHooks(provider.ConstructRequest.ResourceHooksBinding.deserializeBinary(hooks.serializeBinary()));
    return await plugin.ask<ConstructResponse>((client, done) => client.construct(call, done));
}

/** Calls a method of a component that a plugin made. */
export async function callMethod({ deployment, address }: Remote, request: ResourceCallRequest): Promise<CallResponse> {
    const subject = `the method ${request.getTok()}`;
    const plugin = await pluginFor(deployment, packageOf(request.getTok()), request.getProvider(), request.getVersion(), subject);
    const call = new provider.CallRequest();
    place(call, deployment, address);
    call.setTok(request.getTok());
    call.setArgs(request.getArgs());
    request.getArgdependenciesMap().forEach((dependencies, key) => {
        const entry = new provider.CallRequest.ArgumentDependencies();
        entry.setUrnsList(dependencies.getUrnsList());
        call.getArgdependenciesMap().set(key, entry);
    });
    return await plugin.ask<CallResponse>((client, done) => client.call(call, done));
}

async function pluginFor(
    deployment: Deployment,
    name: string,
    named: string | undefined,
    version: string,
    subject: string,
): Promise<PluginProvider> {
    const reference = named || (await defaultProvider(deployment, name, version, subject));
    const { provider: found } = await deployment.registry.get(reference);
    if (found instanceof PluginProvider) return found;
    throw new UserError(
        `${subject} is a part of the package "${name}" that its built-in provider does not have: components of other packages need a plugin. Install it and name its folder in plugins.providers of Pulumi.yaml, or use the official engine.`,
    );
}

type Placed = InstanceType<typeof provider.ConstructRequest> | InstanceType<typeof provider.CallRequest>;

function place(call: Placed, { run, preview }: Deployment, address: string): void {
    call.setProject(run.project.name);
    call.setStack(run.stack);
    call.setOrganization(run.organization);
    for (const [key, value] of Object.entries(run.config)) call.getConfigMap().set(key, value);
    call.setConfigsecretkeysList([...run.configSecretKeys]);
    call.setDryrun(preview);
    call.setParallel(run.parallel);
    call.setMonitorendpoint(address);
    call.setAcceptsOutputValues(true);
}
