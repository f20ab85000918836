/** Hooks as the program registers them: functions that are called over gRPC. */
import proto, { type RegisterErrorHookRequest, type RegisterResourceHookRequest } from "@pulumi/pulumi/proto/resource_pb.js";
import type { ErrorHook, HookCall, ResourceHook } from "../deployment/hooks.ts";
import { encodeMap } from "../wire.ts";
import type { Callbacks } from "./callbacks.ts";

export function resourceHookOf(request: RegisterResourceHookRequest, callbacks: Callbacks): ResourceHook {
    const callback = request.getCallback();
    if (!callback) throw new Error(`the hook "${request.getName()}" has no function`);
    return {
        name: request.getName(),
        onDryRun: request.getOnDryRun(),
        ignoreErrors: request.getIgnoreErrors(),
        async run(call) {
            const message = new proto.ResourceHookRequest();
            fill(message, call);
            if (call.newOutputs) message.setNewOutputs(encodeMap(call.newOutputs));
            const answer = proto.ResourceHookResponse.deserializeBinary(await callbacks.call(callback, message.serializeBinary()));
            if (answer.getError()) throw new Error(answer.getError());
        },
    };
}

export function errorHookOf(request: RegisterErrorHookRequest, callbacks: Callbacks): ErrorHook {
    const callback = request.getCallback();
    if (!callback) throw new Error(`the hook "${request.getName()}" has no function`);
    return {
        name: request.getName(),
        async wantsRetry(call) {
            const message = new proto.ErrorHookRequest();
            fill(message, call);
            message.setFailedOperation(call.failedOperation);
            message.setErrorsList([...call.errors]);
            const answer = proto.ErrorHookResponse.deserializeBinary(await callbacks.call(callback, message.serializeBinary()));
            if (answer.getError()) throw new Error(answer.getError());
            return answer.getRetry();
        },
    };
}

function fill(
    message: InstanceType<typeof proto.ResourceHookRequest> | InstanceType<typeof proto.ErrorHookRequest>,
    { urn, id, name, type, newInputs, oldInputs, oldOutputs }: HookCall,
): void {
    message.setUrn(urn);
    message.setId(id);
    message.setName(name);
    message.setType(type);
    if (newInputs) message.setNewInputs(encodeMap(newInputs));
    if (oldInputs) message.setOldInputs(encodeMap(oldInputs));
    if (oldOutputs) message.setOldOutputs(encodeMap(oldOutputs));
}
