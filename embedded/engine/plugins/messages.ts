/** Answers of plugins → what the engine works with. */
import { Metadata, status } from "@grpc/grpc-js";
import type { CheckFailure } from "@pulumi/pulumi/provider/index.js";
import errors from "@pulumi/pulumi/proto/errors_pb.js";
import proto, { type CheckFailure as FailureMessage, type DiffResponse } from "@pulumi/pulumi/proto/provider_pb.js";
import statuses from "@pulumi/pulumi/proto/status_pb.js";
import { messageOf } from "../../common/errors.ts";
import { difference, equal } from "../compare.ts";
import { PartialError, type DiffResult, type PropertyDiffKind } from "../provider.ts";
import type { PropertyMap } from "../values.ts";
import { decodeMap } from "../wire.ts";

export function failuresOf(list: readonly FailureMessage[]): CheckFailure[] {
    return list.map((failure) => ({ property: failure.getProperty(), reason: failure.getReason() }));
}

const { DiffChanges } = proto.DiffResponse;
const { Kind } = proto.PropertyDiff;
const kinds: ReadonlyMap<number, PropertyDiffKind> = new Map([
    [Kind.ADD, "add"],
    [Kind.ADD_REPLACE, "add-replace"],
    [Kind.DELETE, "delete"],
    [Kind.DELETE_REPLACE, "delete-replace"],
    [Kind.UPDATE, "update"],
    [Kind.UPDATE_REPLACE, "update-replace"],
]);

/** What a plugin says of a change; where it leaves that open, the inputs decide. */
export function diffOf(response: DiffResponse, olds: PropertyMap, news: PropertyMap): DiffResult {
    const said = response.getChanges();
    const changes = said === DiffChanges.DIFF_UNKNOWN ? !equal(olds, news) : said === DiffChanges.DIFF_SOME;
    const replaces = response.getReplacesList();
    const detailed: Record<string, PropertyDiffKind> = {};
    if (response.getHasdetaileddiff()) {
        response.getDetaileddiffMap().forEach((entry, path) => {
            detailed[path] = kinds.get(entry.getKind()) ?? "update";
        });
    } else if (changes) Object.assign(detailed, difference(olds, news));
    return {
        changes: changes || replaces.length > 0,
        replaces,
        deleteBeforeReplace: response.getDeletebeforereplace(),
        detailedDiff: detailed,
    };
}

const DETAILS = "grpc-status-details-bin";

/** An error as the engine knows it: of an object that exists but failed to become ready, of inputs that are wrong. */
export function partialFailure(error: unknown): unknown {
    const metadata = error instanceof Error && "metadata" in error ? error.metadata : undefined;
    if (!(metadata instanceof Metadata)) return error;
    for (const bytes of metadata.get(DETAILS)) {
        if (typeof bytes === "string") continue;
        for (const detail of statuses.Status.deserializeBinary(bytes).getDetailsList()) {
            const type = detail.getTypeUrl().split("/").at(-1);
            if (type === "pulumirpc.ErrorResourceInitFailed") {
                const failed = proto.ErrorResourceInitFailed.deserializeBinary(detail.getValue_asU8());
                const reasons = failed.getReasonsList();
                return new PartialError(failed.getId(), decodeMap(failed.getProperties()), reasons.length ? reasons : [detailsOf(error)]);
            }
            if (type === "pulumirpc.InputPropertiesError") {
                const wrong = errors.InputPropertiesError.deserializeBinary(detail.getValue_asU8()).getErrorsList();
                const lines = wrong.map((one) => `  property "${one.getPropertyPath()}": ${one.getReason()}`);
                return new Error([detailsOf(error) || "invalid inputs:", ...lines].join("\n"), { cause: error });
            }
        }
    }
    return Object.assign(new Error(detailsOf(error), { cause: error }), { code: codeOf(error) });
}

/** The gRPC code of an error; undefined for errors of another kind. */
export function codeOf(error: unknown): unknown {
    return error instanceof Error && "code" in error ? error.code : undefined;
}

/** The plugin's own words, without what gRPC puts before them. */
function detailsOf(error: unknown): string {
    return error instanceof Error && "details" in error && typeof error.details === "string" ? error.details : messageOf(error);
}

/** The answer, or undefined from a plugin that does not know the request. */
export async function unlessUnimplemented<T>(answer: Promise<T>): Promise<T | undefined> {
    try {
        return await answer;
    } catch (error) {
        if (codeOf(error) === status.UNIMPLEMENTED) return undefined;
        throw error;
    }
}
