/** The service `Engine`: the program's messages and its root resource. */
import type { IEngineServer } from "@pulumi/pulumi/proto/engine_grpc_pb.js";
import proto from "@pulumi/pulumi/proto/engine_pb.js";
import empty from "google-protobuf/google/protobuf/empty_pb.js";
import { UserError } from "../../common/errors.ts";
import type { Deployment } from "../deployment/deployment.ts";
import type { Severity } from "../events.ts";
import { ownFrames } from "./frames.ts";
import { STACK_TYPE } from "../urn.ts";
import { unary } from "./server.ts";

const severities: readonly Severity[] = ["debug", "info", "warning", "error"];

/**
 * Makes the service.
 * @param filter decides whether a message of the program is shown
 */
export function engineService(deployment: Deployment, filter: (severity: Severity, message: string) => boolean): IEngineServer {
    let root = "";
    return {
        log: unary((request) => {
            const severity = severities[request.getSeverity()] ?? "info";
            const message = severity === "error" ? ownFrames(request.getMessage(), deployment.run.project.root) : request.getMessage();
            // The SDK tells every request and answer as a debug message, values included.
            if (severity !== "debug" && filter(severity, message))
                deployment.reporter.diagnostic(severity, message, request.getUrn() || undefined, request.getEphemeral());
            return new empty.Empty();
        }),
        setRootResource: unary((request) => {
            root = request.getUrn();
            return new proto.SetRootResourceResponse();
        }),
        getRootResource: unary(() => {
            const response = new proto.GetRootResourceResponse();
            response.setUrn(root || stackOf(deployment));
            return response;
        }),
        startDebugging: unary(() => {
            throw new UserError("Debugging a program is not supported by the embedded engine.");
        }),
        requirePulumiVersion: unary((request) => {
            throw new UserError(
                `The program requires Pulumi ${request.getPulumiVersionRange()}; the embedded engine has no such version. Remove requirePulumiVersion, or use the official engine.`,
            );
        }),
    };
}

/** The stack's URN, for those that did not set it: plugins. */
function stackOf({ news }: Deployment): string {
    for (const [urn, { state }] of news) if (state.type === STACK_TYPE) return urn;
    return "";
}
