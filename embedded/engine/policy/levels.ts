/** Names of the protocol's numbers. */
import proto from "@pulumi/pulumi/proto/analyzer_pb.js";
import type { EnforcementLevel as LevelNumber, PolicySeverity } from "@pulumi/pulumi/proto/analyzer_pb.js";
import type { PolicyViolationEvent } from "../events.ts";

/** How strictly a policy is applied. */
export type Level = "advisory" | "mandatory" | "remediate" | "disabled";

const { EnforcementLevel, PolicySeverity: Severities } = proto;

const LEVELS: Readonly<Record<Level, LevelNumber>> = {
    advisory: EnforcementLevel.ADVISORY,
    mandatory: EnforcementLevel.MANDATORY,
    remediate: EnforcementLevel.REMEDIATE,
    disabled: EnforcementLevel.DISABLED,
};

export const LEVEL_NAMES = Object.keys(LEVELS) as readonly Level[];

export function isLevel(value: unknown): value is Level {
    return typeof value === "string" && Object.hasOwn(LEVELS, value);
}

export function levelNumber(level: Level): LevelNumber {
    return LEVELS[level];
}

export function levelOf(number: LevelNumber): Level {
    return LEVEL_NAMES.find((name) => LEVELS[name] === number) ?? "advisory";
}

/** Undefined when the pack gives none. */
export function severityOf(number: PolicySeverity): PolicyViolationEvent["severity"] {
    switch (number) {
        case Severities.POLICY_SEVERITY_LOW:
            return "low";
        case Severities.POLICY_SEVERITY_MEDIUM:
            return "medium";
        case Severities.POLICY_SEVERITY_HIGH:
            return "high";
        case Severities.POLICY_SEVERITY_CRITICAL:
            return "critical";
        default:
            return undefined;
    }
}
