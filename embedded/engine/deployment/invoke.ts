/** Functions: the provider's, and the few that the engine answers itself. */
import type { InvokeResult } from "@pulumi/pulumi/provider/index.js";
import { UserError } from "../../common/errors.ts";
import { locateProgram } from "../location.ts";
import type { OperationContext } from "../provider.ts";
import { plain } from "../secretness.ts";
import type { InvokeRequest } from "../steps/goal.ts";
import { packageOf } from "../urn.ts";
import type { PropertyMap } from "../values.ts";
import { defaultProvider } from "./default-providers.ts";
import type { Deployment } from "./deployment.ts";

export interface InvokeAnswer {
    /** Undefined when the answer is not known yet. */
    readonly outputs: PropertyMap | undefined;
    readonly failures: readonly { readonly property: string; readonly reason: string }[];
}

export async function invoke(deployment: Deployment, request: InvokeRequest): Promise<InvokeAnswer> {
    deployment.checkpoint();
    if (request.token === "pulumi:pulumi:getResource") return { outputs: resourceAnswer(deployment, request), failures: [] };
    const packageName = packageOf(request.token);
    const reference =
        request.provider ?? (await defaultProvider(deployment, packageName, request.version, `the function ${request.token}`));
    const { provider, known } = await deployment.registry.get(reference);
    if (!known) return { outputs: undefined, failures: [] };
    if (!provider.invoke)
        throw new UserError(`The built-in provider ${provider.name} has no functions: ${request.token} is not supported.`);
    const result: InvokeResult = await deployment.limiter.run(async () => {
        deployment.checkpoint();
        const context: OperationContext = {
            preview: deployment.preview,
            signal: deployment.run.signal,
            folder: locateProgram(deployment.run).folder,
            status: () => {},
            log: (severity, text) => deployment.reporter.diagnostic(severity, text),
        };
        return (await provider.invoke?.(request.token, plain(request.args), context)) as InvokeResult;
    });
    return { outputs: (result.outputs ?? {}) as PropertyMap, failures: result.failures ?? [] };
}

function resourceAnswer(deployment: Deployment, { args }: InvokeRequest): PropertyMap {
    const urn = String(plain(args)["urn"]);
    const done = deployment.news.get(urn);
    if (!done) throw new UserError(`There is no resource ${urn} in this run.`);
    return { urn, id: done.state.id ?? "", state: done.state.outputs };
}
