/** What `--json` prints: a digest of a preview at its end, the events of anything else as they happen. */
import { DigestBuilder } from "../display/digest.ts";
import { EventStream } from "../display/stream.ts";
import type { EngineEvent } from "../events.ts";
import type { Options } from "./options.ts";

export interface JsonOutput {
    take(event: EngineEvent): void;
    finish(): void;
}

export function jsonOutput(planning: boolean, options: Options, write: (text: string) => void): JsonOutput {
    if (!planning || ["1", "true"].includes(process.env["PULUMI_ENABLE_STREAMING_JSON_PREVIEW"] ?? "")) return new EventStream(write);
    const digest = new DigestBuilder({
        showSames: options["show-sames"] === true,
        showReplacementSteps: options["show-replacement-steps"] === true,
        suppressOutputs: options["suppress-outputs"] === true,
    });
    return { take: (event) => digest.take(event), finish: () => write(digest.text()) };
}
