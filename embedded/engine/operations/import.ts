/** Takes existing objects into the state, without a program. */
import { UserError, messageOf } from "../../common/errors.ts";
import { ask, urnOf } from "../deployment/claim.ts";
import { defaultProvider } from "../deployment/default-providers.ts";
import { Deployment, StepFailed } from "../deployment/deployment.ts";
import { importObject } from "../deployment/import.ts";
import { resolvePending } from "../deployment/pending.ts";
import { registerOwned } from "../deployment/registration.ts";
import { plain } from "../secretness.ts";
import { nothingKept, type ResourceState } from "../state/snapshot.ts";
import { noOptions } from "../steps/goal.ts";
import type { EngineRun, OperationResult } from "../run.ts";
import { formatProviderReference, isProviderType, packageOf, providerType, STACK_TYPE } from "../urn.ts";
import { conduct } from "./finish.ts";

/** One object to take over. */
export interface ImportRequest {
    readonly type: string;
    readonly name: string;
    readonly id: string;
    /** URN of a resource of the stack or of another request; default the stack. */
    readonly parent?: string | undefined;
    /** URN of a provider resource of the stack; default the package's default provider. */
    readonly provider?: string | undefined;
    /** Default false. */
    readonly protect?: boolean | undefined;
}

/** Reads the objects by their ids and adds them to the state, with all the inputs that their providers tell. */
export async function importResources(
    run: EngineRun,
    options: { readonly preview: boolean; readonly requests: readonly ImportRequest[] },
): Promise<OperationResult> {
    const deployment = new Deployment(run, options.preview, true);
    return await conduct(deployment, async () => {
        await resolvePending(deployment);
        const stack = await stackOf(deployment);
        const requests = options.requests.map((request) => ({ ...request, parent: request.parent ?? stack }));
        const urns = new Map(requests.map((request) => [urnOf(deployment, request), request]));
        const begun = new Map<string, Promise<void>>();
        const take = (urn: string, request: ImportRequest & { readonly parent: string }): Promise<void> => {
            const known = begun.get(urn);
            if (known) return known;
            const taking = (async (): Promise<void> => {
                const above = urns.get(request.parent);
                if (above && above !== request) await take(request.parent, above);
                await takeOne(deployment, urn, request);
            })();
            begun.set(urn, taking);
            return taking;
        };
        if (urns.size < requests.length)
            throw new UserError("Two of the objects to import have the same type, name and parent. Give one of them another name.");
        await Promise.all([...urns].map(([urn, request]) => take(urn, request)));
    });
}

/** The URN of the stack's own resource, which the first operation makes. */
async function stackOf(deployment: Deployment): Promise<string> {
    const { olds, run } = deployment;
    const old = [...olds.values()].find(({ type }) => type === STACK_TYPE);
    if (old) return old.urn;
    const { state } = await registerOwned(deployment, {
        type: STACK_TYPE,
        name: `${run.project.name}-${run.stack}`,
        custom: false,
        inputs: {},
        ...noOptions,
    });
    return state.urn;
}

async function takeOne(deployment: Deployment, urn: string, request: ImportRequest & { readonly parent: string }): Promise<void> {
    const { olds, news, registry, reporter } = deployment;
    try {
        ask(deployment, urn);
        const old = olds.get(urn);
        if (old && (old.importID ?? old.id) === request.id) {
            reporter.diagnostic("info", `${urn} is the object ${request.id} already.`, urn);
            return;
        }
        if (old)
            throw new UserError(`${urn} is part of the stack with the id ${old.id ?? "(none)"}. Import ${request.id} under another name.`);
        if (!olds.has(request.parent) && !news.has(request.parent))
            throw new UserError(`The parent ${request.parent} of ${urn} is not part of the stack. Name one that is.`);
        if (isProviderType(request.type))
            throw new UserError(`${urn} is a provider, which is no object to import. Create it with the program.`);
        const reference = await providerOf(deployment, request);
        const loaded = await registry.get(reference);
        const state = await importObject(deployment, undefined, stateOf(urn, request, reference), request.id, loaded);
        const { importID: _importID, ...kept } = state;
        deployment.journal.change(state, kept);
        const { failures } = await loaded.provider.check(urn, plain(kept.inputs), plain(kept.inputs), deployment.context(urn));
        for (const { property, reason } of failures ?? [])
            reporter.diagnostic("warning", `The imported inputs are not valid as they are: property "${property}": ${reason}`, urn);
        news.set(urn, { state: kept, metadata: { op: "import", urn, type: kept.type, provider: reference, logical: true } });
    } catch (error) {
        deployment.failed.add(urn);
        if (error instanceof StepFailed || deployment.canceled) return;
        reporter.diagnostic("error", messageOf(error), urn);
    }
}

async function providerOf(deployment: Deployment, { name, provider, type }: ImportRequest): Promise<string> {
    const states = [...deployment.olds.values()];
    if (provider) {
        const found = states.find(({ urn }) => urn === provider);
        if (!found || !isProviderType(found.type))
            throw new UserError(`The provider ${provider} for "${name}" (${type}) is not part of the stack. Name one that is.`);
        return formatProviderReference({ urn: found.urn, id: found.id ?? "" });
    }
    // The one that the program's resources of this package have.
    const version = states.find((state) => state.type === providerType(packageOf(type)) && /::default(_|$)/.test(state.urn))?.inputs[
        "version"
    ];
    return await defaultProvider(deployment, packageOf(type), typeof version === "string" ? version : "", `"${name}" (${type})`);
}

function stateOf(urn: string, { type, parent, protect }: ImportRequest, provider: string): ResourceState {
    return {
        urn,
        custom: true,
        type,
        inputs: {},
        outputs: {},
        ...nothingKept,
        provider,
        ...(parent && { parent }),
        ...(protect && { protect }),
    };
}
