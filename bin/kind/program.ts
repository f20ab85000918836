/** kind itself: https://kind.sigs.k8s.io */
import { delimiter } from "node:path";
import { UserError } from "../../embedded/common/errors.ts";
import { run, type RunResult } from "../../embedded/common/process.ts";
import type { Progress } from "../../embedded/common/progress.ts";
import { buildKindTools } from "../../embedded/kind/index.ts";
import type { Provider } from "./engine.ts";

export interface KindCall {
    readonly stdin?: string;
    readonly onLine?: (line: string) => void;
}

/** Runs kind with these arguments to its end. */
export type Kind = (args: readonly string[], call?: KindCall) => Promise<RunResult>;

/**
 * kind as it is found on PATH, else as it is built from its Go module. Every call is told which engine to use: left to
 * itself, kind takes the first that it finds.
 * @throws UserError when it is not there and cannot be built
 */
export async function findKind(provider: Provider, progress: Progress, signal?: AbortSignal): Promise<Kind> {
    const env: Record<string, string> = { KIND_EXPERIMENTAL_PROVIDER: provider };
    const options = signal ? { signal } : {};
    const kind: Kind = (args, call = {}) => run("kind", args, { ...options, ...call, env });
    if (await kind(["version"]).catch(() => undefined)) return kind;
    const folders = await buildKindTools(progress, signal, ["kind"]).catch((error: Error) => {
        throw new UserError(
            `There is no program kind on PATH, and it could not be built: ${error.message} Install it: https://kind.sigs.k8s.io/docs/user/quick-start/#installation`,
            { cause: error },
        );
    });
    env["PATH"] = [process.env["PATH"], folders.kind].join(delimiter);
    return kind;
}
