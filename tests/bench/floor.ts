/**
 * The least an engine can do: it runs a program and answers all it asks with what it was sent, made up ids added. A
 * floor to measure the engine against: `node floor.ts [--preview]` in the folder of a project.
 */
import { randomUUID } from "node:crypto";
import engine, { type IEngineServer } from "@pulumi/pulumi/proto/engine_grpc_pb.js";
import answers from "@pulumi/pulumi/proto/engine_pb.js";
import monitor, { type IResourceMonitorServer } from "@pulumi/pulumi/proto/resource_grpc_pb.js";
import proto from "@pulumi/pulumi/proto/resource_pb.js";
import empty from "google-protobuf/google/protobuf/empty_pb.js";
import structs from "google-protobuf/google/protobuf/struct_pb.js";
import { readProject } from "../../embedded/engine/config/project.ts";
import { startProgram } from "../../embedded/engine/host/program.ts";
import { startServer, unary } from "../../embedded/engine/host/server.ts";
import { emptySnapshot } from "../../embedded/engine/state/snapshot.ts";

const preview = process.argv.includes("--preview");
const project = await readProject(process.cwd());
const stack = "bench";

const monitorService = {
    getDeploymentInfo: unary(() => {
        const info = new proto.DeploymentInfo();
        info.setProject(project.name);
        info.setStack(stack);
        info.setDryrun(preview);
        // Secrets, resource references and output values, as the SDK wants them.
        info.setSupportedfeaturesList([0, 1, 2]);
        return info;
    }),
    supportsFeature: unary((request: InstanceType<typeof proto.SupportsFeatureRequest>) => {
        const response = new proto.SupportsFeatureResponse();
        response.setHassupport(["secrets", "resourceReferences", "outputValues"].includes(request.getId()));
        return response;
    }),
    registerResource: unary((request: InstanceType<typeof proto.RegisterResourceRequest>) => {
        const response = new proto.RegisterResourceResponse();
        response.setUrn(`urn:pulumi:${stack}::${project.name}::${request.getType()}::${request.getName()}`);
        if (request.getCustom() && !preview) response.setId(randomUUID());
        const outputs = request.getObject() ?? new structs.Struct();
        const text = new structs.Value();
        text.setStringValue("00");
        if (request.getCustom()) for (const name of ["hex", "dec", "b64Std", "b64Url"]) outputs.getFieldsMap().set(name, text);
        response.setObject(outputs);
        return response;
    }),
    registerResourceOutputs: unary(() => new empty.Empty()),
    signalAndWaitForShutdown: unary(() => new empty.Empty()),
} as unknown as IResourceMonitorServer;

let root = "";
const engineService = {
    setRootResource: unary((request: InstanceType<typeof answers.SetRootResourceRequest>) => {
        root = request.getUrn();
        return new answers.SetRootResourceResponse();
    }),
    getRootResource: unary(() => {
        const response = new answers.GetRootResourceResponse();
        response.setUrn(root);
        return response;
    }),
    log: unary((request: InstanceType<typeof answers.LogRequest>) => {
        if (request.getSeverity() !== answers.LogSeverity.DEBUG) process.stderr.write(`${request.getMessage()}\n`);
        return new empty.Empty();
    }),
} as unknown as IEngineServer;

const server = await startServer((grpc) => {
    grpc.addService(monitor.ResourceMonitorService, monitorService);
    grpc.addService(engine.EngineService, engineService);
});
const program = startProgram(
    {
        project: { name: project.name, root: project.root, main: project.main ?? ".", runtimeOptions: project.runtimeOptions },
        stack,
        organization: "organization",
        config: {},
        configSecretKeys: [],
        snapshot: emptySnapshot,
        providers: {},
        parallel: 16,
        signal: new AbortController().signal,
        events: () => {},
    },
    { address: server.address, preview, onLine: (line) => process.stderr.write(`${line}\n`) },
);
const { code } = await program.ended;
await server.close();
process.exitCode = code ?? 1;
