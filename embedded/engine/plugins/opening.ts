/** What plugins are told before they are asked anything. */
import proto, { type ParameterizeResponse, type ProviderHandshakeResponse } from "@pulumi/pulumi/proto/provider_pb.js";
import { UserError } from "../../common/errors.ts";
import { unlessUnimplemented } from "./messages.ts";
import type { Parameter } from "./parameterized.ts";
import type { PluginProcess } from "./process.ts";

export interface Handshake {
    readonly engineAddress: string;
    /** The project's folder, and the program's. */
    readonly rootDirectory: string;
    readonly programDirectory: string;
}

/** Tells a plugin where it is; older ones do not listen. */
export async function greet(process: PluginProcess, { engineAddress, rootDirectory, programDirectory }: Handshake): Promise<void> {
    const request = new proto.ProviderHandshakeRequest();
    request.setEngineAddress(engineAddress);
    request.setRootDirectory(rootDirectory);
    request.setProgramDirectory(programDirectory);
    request.setConfigureWithUrn(true);
    request.setInvokeWithPreview(true);
    await unlessUnimplemented(process.ask<ProviderHandshakeResponse>((client, done) => client.handshake(request, done)));
}

/** Has a plugin serve the package that a parameter says; throws {@link UserError} when it makes another one of it. */
export async function parameterize(process: PluginProcess, { name, version, value }: Parameter): Promise<void> {
    const parameter = new proto.ParameterizeRequest.ParametersValue();
    parameter.setName(name);
    parameter.setVersion(version);
    parameter.setValue(value);
    const request = new proto.ParameterizeRequest();
    request.setValue(parameter);
    const response = await process.ask<ParameterizeResponse>((client, done) => client.parameterize(request, done));
    if (response.getName() !== name)
        throw new UserError(
            `The plugin of the package "${name}" says after its parameter that it serves "${response.getName()}". Generate the package anew.`,
        );
}
