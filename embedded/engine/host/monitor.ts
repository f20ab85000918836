/** The service `ResourceMonitor`: what the program asks of the engine. */
import type { IResourceMonitorServer } from "@pulumi/pulumi/proto/resource_grpc_pb.js";
import type { ResourceMonitorFeature } from "@pulumi/pulumi/proto/resource_pb.js";
import provider, { type ConstructResponse } from "@pulumi/pulumi/proto/provider_pb.js";
import proto from "@pulumi/pulumi/proto/resource_pb.js";
import empty from "google-protobuf/google/protobuf/empty_pb.js";
import { messageOf } from "../../common/errors.ts";
import { Canceled, StepFailed, type Deployment, type Done } from "../deployment/deployment.ts";
import { objectExists } from "../deployment/exists.ts";
import { invoke } from "../deployment/invoke.ts";
import { registerOutputs } from "../deployment/outputs.ts";
import { readResource } from "../deployment/read.ts";
import { register } from "../deployment/register.ts";
import { withoutOutputValues } from "../secretness.ts";
import { decodeMap, encodeMap, encodeRaw, isUnknownString } from "../wire.ts";
import type { Callbacks } from "./callbacks.ts";
import { errorHookOf, resourceHookOf } from "./hooks.ts";
import { Packages } from "./packages.ts";
import { callMethod, construct, type Remote } from "./remote.ts";
import { existenceGoalOf, goalOf, invokeOf, readGoalOf } from "./requests.ts";
import { interrupted, unary } from "./server.ts";
import type { Transforms } from "./transforms.ts";

const feature = proto.ResourceMonitorFeature;

/** What the engine says it can do; the SDK refuses, or resolves by itself, what is missing here. */
const features: readonly ResourceMonitorFeature[] = [
    feature.RESOURCE_MONITOR_FEATURE_SECRETS,
    feature.RESOURCE_MONITOR_FEATURE_RESOURCE_REFERENCES,
    feature.RESOURCE_MONITOR_FEATURE_OUTPUT_VALUES,
    feature.RESOURCE_MONITOR_FEATURE_DELETED_WITH,
    feature.RESOURCE_MONITOR_FEATURE_ALIAS_SPECS,
    feature.RESOURCE_MONITOR_FEATURE_REPLACEMENT_TRIGGER,
    feature.RESOURCE_MONITOR_FEATURE_REPLACE_WITH,
    feature.RESOURCE_MONITOR_FEATURE_TRANSFORMS,
    feature.RESOURCE_MONITOR_FEATURE_INVOKE_TRANSFORMS,
    feature.RESOURCE_MONITOR_FEATURE_PARAMETERIZATION,
    feature.RESOURCE_MONITOR_FEATURE_RESOURCE_HOOKS,
    feature.RESOURCE_MONITOR_FEATURE_ERROR_HOOKS,
];
const featureNames: ReadonlySet<string> = new Set([
    "secrets",
    "resourceReferences",
    "outputValues",
    "deletedWith",
    "aliasSpecs",
    "replacementTrigger",
    "replaceWith",
    "transforms",
    "invokeTransforms",
    "parameterization",
    "resourceHooks",
    "errorHooks",
]);

/** What the service works with. */
export interface MonitorParts {
    readonly deployment: Deployment;
    readonly callbacks: Callbacks;
    readonly transforms: Transforms;
    /** Is given all work that may change something, which goes on when the program is gone. */
    readonly track: <T>(work: Promise<T>) => Promise<T>;
    /** Called when the program has said that it registered everything; answered when nothing will be asked of it any more. */
    readonly onSignal: () => Promise<void>;
    /** Where the service is, once it is served. */
    readonly address: () => string;
}

/** Makes the service. */
export function monitorService({ deployment, callbacks, transforms, track, onSignal, address }: MonitorParts): IResourceMonitorServer {
    const { run, reporter } = deployment;
    const remote = (): Remote => ({ deployment, address: address() });
    const packages = new Packages(deployment);
    /** Requests that the engine refuses are errors of the run, whatever the program makes of the answer. */
    const decoded = async <Goal>(decode: () => Goal | Promise<Goal>): Promise<Goal> => {
        try {
            return await decode();
        } catch (error) {
            if (deployment.canceled) throw new Canceled();
            if (error instanceof StepFailed) throw error;
            reporter.diagnostic("error", messageOf(error));
            throw new StepFailed(messageOf(error));
        }
    };

    return {
        getDeploymentInfo: unary(() => {
            const info = new proto.DeploymentInfo();
            info.setProject(run.project.name);
            info.setStack(run.stack);
            info.setOrganization(run.organization);
            for (const [key, value] of Object.entries(run.config)) info.getConfigMap().set(key, value);
            info.setConfigsecretkeysList([...run.configSecretKeys]);
            info.setDryrun(deployment.preview);
            info.setParallel(run.parallel);
            info.setSupportedfeaturesList([...features]);
            return info;
        }),
        supportsFeature: unary((request) => {
            const response = new proto.SupportsFeatureResponse();
            response.setHassupport(featureNames.has(request.getId()));
            return response;
        }),
        registerResource: unary(async (request) => {
            const response = new proto.RegisterResourceResponse();
            try {
                const asked = await decoded(async () => await packages.resource(await transforms.registration(request)));
                if (asked.getRemote()) return constructed(await track(construct(remote(), asked)));
                const goal = await decoded(() => goalOf(asked));
                const { state, skipped } = await track(register(deployment, goal));
                transforms.registered(state.urn, request);
                response.setUrn(state.urn);
                response.setId(knownId(state.id));
                response.setObject(encodeRaw(state.outputs, { resources: request.getAcceptresources() }));
                response.setUnknown(skipped === true);
                return response;
            } catch (error) {
                if (error instanceof Canceled) throw interrupted();
                if (!(error instanceof StepFailed)) reporter.diagnostic("error", messageOf(error));
                // The resource's outputs fail in the program, and with them what depends on it; the rest goes on.
                response.setResult(proto.Result.FAIL);
                return response;
            }
        }),
        registerResourceOutputs: unary(async (request) => {
            await track(registerOutputs(deployment, request.getUrn(), withoutOutputValues(decodeMap(request.getOutputs()))));
            return new empty.Empty();
        }),
        readResource: unary(async (request) => {
            const response = new proto.ReadResourceResponse();
            try {
                const { state } = await track(
                    readResource(deployment, await decoded(async () => readGoalOf(await packages.read(request)))),
                );
                setRead(response, state, request.getAcceptresources());
                return response;
            } catch (error) {
                if (error instanceof Canceled) throw interrupted();
                response.setResult(proto.Result.FAIL);
                throw error;
            }
        }),
        invoke: unary(async (request) => {
            const response = new proto.ResourceInvokeResponse();
            try {
                const { outputs, failures } = await track(
                    invoke(deployment, invokeOf(await packages.function(await transforms.invoke(request)))),
                );
                if (outputs) response.setReturn(encodeMap(outputs, { resources: request.getAcceptresources() }));
                else response.setUnknown(true);
                response.setFailuresList(
                    failures.map(({ property, reason }) => {
                        const failure = new provider.CheckFailure();
                        failure.setProperty(property);
                        failure.setReason(reason);
                        return failure;
                    }),
                );
                return response;
            } catch (error) {
                if (error instanceof Canceled) throw interrupted();
                throw new Error(reporter.redactor.clean(messageOf(error)), { cause: error });
            }
        }),
        signalAndWaitForShutdown: unary(async () => {
            await onSignal();
            return new empty.Empty();
        }),
        call: unary(async (request) => {
            try {
                return await track(callMethod(remote(), await packages.function(request)));
            } catch (error) {
                throw deployment.canceled ? interrupted() : new Error(reporter.redactor.clean(messageOf(error)), { cause: error });
            }
        }),
        existsResource: unary(async (request) => {
            const exists = await objectExists(deployment, await decoded(async () => existenceGoalOf(await packages.existence(request))));
            const response = new proto.ExistsResourceResponse();
            response.setExists(exists === true);
            response.setUnknown(exists === undefined);
            return response;
        }),
        registerStackTransform: unary((callback) => {
            transforms.addForStack(callback);
            return new empty.Empty();
        }),
        registerStackInvokeTransform: unary((callback) => {
            transforms.addForInvokes(callback);
            return new empty.Empty();
        }),
        registerResourceHook: unary(async (request) => {
            await decoded(() => deployment.hooks.addResourceHook(resourceHookOf(request, callbacks)));
            return new empty.Empty();
        }),
        registerErrorHook: unary(async (request) => {
            await decoded(() => deployment.hooks.addErrorHook(errorHookOf(request, callbacks)));
            return new empty.Empty();
        }),
        registerPackage: unary(async (request) => {
            const response = new proto.RegisterPackageResponse();
            response.setRef(await decoded(() => packages.register(request)));
            return response;
        }),
    };
}

/** An id as the SDK takes it: empty while it is not known. */
function knownId(id: string | undefined): string {
    return id && !isUnknownString(id) ? id : "";
}

function setRead(response: InstanceType<typeof proto.ReadResourceResponse>, state: Done["state"], resources: boolean): void {
    response.setUrn(state.urn);
    response.setProperties(encodeMap(state.outputs, { resources }));
}

/** What a plugin made, as the answer to who asked for it. */
function constructed(made: ConstructResponse): InstanceType<typeof proto.RegisterResourceResponse> {
    const response = new proto.RegisterResourceResponse();
    response.setUrn(made.getUrn());
    response.setObject(made.getState());
    made.getStatedependenciesMap().forEach((dependencies, key) => {
        const entry = new proto.RegisterResourceResponse.PropertyDependencies();
        entry.setUrnsList(dependencies.getUrnsList());
        response.getPropertydependenciesMap().set(key, entry);
    });
    return response;
}
