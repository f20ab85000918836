/** Packages that the program registers before it asks for their resources: versions of plugins, with or without a parameter. */
import { randomUUID } from "node:crypto";
import type {
    ExistsResourceRequest,
    ReadResourceRequest,
    RegisterPackageRequest,
    RegisterResourceRequest,
    ResourceCallRequest,
    ResourceInvokeRequest,
} from "@pulumi/pulumi/proto/resource_pb.js";
import { UserError } from "../../common/errors.ts";
import { defaultProvider } from "../deployment/default-providers.ts";
import type { Deployment } from "../deployment/deployment.ts";
import { internalInputs, type PackageRequest } from "../plugins/parameterized.ts";
import { isProviderType } from "../urn.ts";
import type { PropertyMap } from "../values.ts";
import { encode } from "../wire.ts";

/** What requests for resources and functions have in common. */
interface Packaged {
    getPackageref(): string;
    setPackageref(ref: string): unknown;
    getProvider(): string;
    setProvider(reference: string): unknown;
    setVersion(version: string): unknown;
    cloneMessage(): unknown;
}

export class Packages {
    readonly #deployment: Deployment;
    readonly #packages = new Map<string, PackageRequest>();

    constructor(deployment: Deployment) {
        this.#deployment = deployment;
    }

    /** Remembers a package and returns what requests refer to it by; throws {@link UserError} for extensions. */
    register(request: RegisterPackageRequest): string {
        if (request.getExtension$()) {
            throw new UserError(
                `The program extends the package "${request.getName()}", which the embedded engine does not support. Remove the extension, or run the program with the official engine.`,
            );
        }
        const plugin = { name: request.getName(), version: request.getVersion() };
        const parameter = request.getParameterization();
        const ref = randomUUID();
        this.#packages.set(ref, {
            name: parameter?.getName() ?? plugin.name,
            plugin,
            ...(parameter && {
                parameter: { name: parameter.getName(), version: parameter.getVersion(), value: parameter.getValue_asB64() },
            }),
        });
        return ref;
    }

    /** A registration without its reference to a package; a provider resource keeps the package's parameter in its inputs. */
    async resource(request: RegisterResourceRequest): Promise<RegisterResourceRequest> {
        const subject = `"${request.getName()}" (${request.getType()})`;
        const owned = request.getCustom() || request.getRemote();
        if (!isProviderType(request.getType())) return await this.#resolved(request, subject, owned);
        const internals = this.#internals(request);
        const result = await this.#resolved(request, subject, false);
        for (const [key, value] of Object.entries(internals)) result.getObject()?.getFieldsMap().set(key, encode(value));
        return result;
    }

    /** The same for reading, asking whether something exists, and calling; see {@link resource}. */
    async read(request: ReadResourceRequest): Promise<ReadResourceRequest> {
        return await this.#resolved(request, `"${request.getName()}" (${request.getType()})`, true);
    }

    async existence(request: ExistsResourceRequest): Promise<ExistsResourceRequest> {
        return await this.#resolved(request, `the question for ${request.getType()}`, true);
    }

    async function<Request extends ResourceInvokeRequest | ResourceCallRequest>(request: Request): Promise<Request> {
        return await this.#resolved(request, `the function ${request.getTok()}`, true);
    }

    /** What provider resources of a request's package keep of it; nothing for packages without a parameter. */
    #internals(request: Packaged): PropertyMap {
        const found = this.#packages.get(request.getPackageref());
        return found ? internalInputs(found) : {};
    }

    /**
     * The request without its reference to a package: with the version, and the default provider of a package with a parameter.
     * @param owned whether it belongs to a provider
     */
    async #resolved<Request extends Packaged>(request: Request, subject: string, owned: boolean): Promise<Request> {
        const ref = request.getPackageref();
        if (!ref) return request;
        const found = this.#packages.get(ref);
        if (!found) throw new UserError(`${subject} is of a package that the program has not registered (${ref}).`);
        const { name, plugin, parameter } = found;
        const result = request.cloneMessage() as Request;
        result.setPackageref("");
        result.setVersion(parameter?.version ?? plugin.version);
        if (parameter && owned && !request.getProvider())
            result.setProvider(await defaultProvider(this.#deployment, name, parameter.version, subject, internalInputs(found)));
        return result;
    }
}
