/**
 * Official provider plugins: executables that Pulumi's own engine would start. One that is named in `plugins.providers`
 * of Pulumi.yaml takes the place of a built-in provider; packages without a built-in provider use what is installed.
 */
import engine from "@pulumi/pulumi/proto/engine_grpc_pb.js";
import { UserError } from "../../common/errors.ts";
import type { Deployment } from "../deployment/deployment.ts";
import { engineService } from "../host/engine-service.ts";
import { startServer, type RunningServer } from "../host/server.ts";
import { locateProgram } from "../location.ts";
import { installedPlugin, pluginOfSetting, settingFor, type FoundPlugin, type PluginPlaces } from "./locate.ts";
import type { PackageRequest } from "./parameterized.ts";
import { startPlugin } from "./process.ts";
import { PluginProvider } from "./provider.ts";

/** The plugins of a run. */
export class Plugins {
    readonly #deployment: Deployment;
    readonly #made: PluginProvider[] = [];
    readonly #remarks = new Set<string>();
    #server: Promise<RunningServer> | undefined;

    constructor(deployment: Deployment) {
        this.#deployment = deployment;
        deployment.run.signal.addEventListener("abort", () => void Promise.all(this.#made.map((provider) => provider.cancel())), {
            once: true,
        });
    }

    get #places(): PluginPlaces {
        const { root, plugins = [] } = this.#deployment.run.project;
        return { root, settings: plugins, environment: process.env };
    }

    /** The provider that Pulumi.yaml names for a package; throws {@link UserError} when it is not where that says. */
    configured(request: PackageRequest): PluginProvider | undefined {
        const setting = settingFor(this.#places, request.plugin);
        if (!setting) return undefined;
        const found = pluginOfSetting(this.#places, setting);
        if (found) return this.#provider(request, found);
        throw new UserError(
            `Pulumi.yaml says in plugins.providers that the plugin of "${setting.name}" is in ${setting.path}, but there is no executable pulumi-resource-${setting.name}. Correct the path, or put the plugin there.`,
        );
    }

    /** The provider that is installed for a package; throws {@link UserError} with the places looked at. */
    installed(request: PackageRequest, builtIn: readonly string[]): PluginProvider {
        const { name, version: wanted } = request.plugin;
        const found = installedPlugin(this.#places, request.plugin);
        if ("executable" in found) return this.#provider(request, found);
        const version = wanted ? ` in version ${wanted}` : "";
        throw new UserError(
            `The package "${name}" has no provider in the embedded engine (it has ${builtIn.join(", ") || "none"}), and no plugin of it${version} is installed: looked for ${found.looked.join(", and for ")}. Install the plugin there, name its folder in plugins.providers of Pulumi.yaml, or use the official engine.`,
        );
    }

    #provider({ name, plugin, parameter }: PackageRequest, found: FoundPlugin): PluginProvider {
        const { run, reporter } = this.#deployment;
        if (found.remark && !this.#remarks.has(found.remark)) {
            this.#remarks.add(found.remark);
            reporter.diagnostic("warning", found.remark);
        }
        const cwd = locateProgram(run).folder;
        const engineAddress = async (): Promise<string> => (await this.#serving()).address;
        const provider = new PluginProvider({
            name,
            version: parameter?.version ?? plugin.version,
            parameter,
            start: async () =>
                await startPlugin({
                    name: plugin.name,
                    executable: found.executable,
                    engineAddress: await engineAddress(),
                    cwd,
                    onLine: (line, stream) => reporter.diagnostic(stream === "stdout" ? "info" : "info#err", line),
                }),
            handshake: async () => ({ engineAddress: await engineAddress(), rootDirectory: run.project.root, programDirectory: cwd }),
        });
        this.#made.push(provider);
        return provider;
    }

    /** Where plugins send their messages. */
    #serving(): Promise<RunningServer> {
        this.#server ??= startServer((server) =>
            server.addService(
                engine.EngineService,
                engineService(this.#deployment, () => true),
            ),
        );
        return this.#server;
    }

    async close(): Promise<void> {
        await (await this.#server?.catch(() => undefined))?.close();
    }
}
