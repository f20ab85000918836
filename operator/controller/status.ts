/** Puts together the status of a server from what was found, and tells whether it is worth a write. Pure. */
import type { Condition, ConditionType, MCPServer, MCPServerStatus } from "../api/mcpserver.ts";
import { canonicalJson } from "../kubernetes/apply.ts";
import type { Availability, Finding } from "./availability.ts";
import type { Verification } from "./prober.ts";

/** While nothing else changes, lastVerifiedTime is written this seldom: an idle cluster is left in peace. */
const VERIFIED_TIME_MS = 5 * 60_000;

export interface Findings {
    readonly accepted: Finding;
    /** Undefined when the spec was not accepted. */
    readonly availability: Availability | undefined;
    /** What the last probe found; undefined before the first. */
    readonly verification: Verification | undefined;
    /** Where clients reach the server. */
    readonly url: string;
    readonly now: Date;
}

/** The status that follows from what was found. */
export function statusOf(server: MCPServer, findings: Findings): MCPServerStatus {
    const previous = server.status ?? {};
    const { availability, verification, now } = findings;
    const generation = server.metadata.generation;
    const available: Finding = availability?.available ?? { status: "False", reason: "NotAccepted", message: findings.accepted.message };
    const verified = verifiedFinding(previous, available, verification);
    const ready = [findings.accepted, available, verified].find(({ status }) => status !== "True") ?? {
        ...verified,
        reason: available.reason === "PodsAvailable" ? "Ready" : available.reason,
        message: available.reason === "PodsAvailable" ? verified.message : `${verified.message}; ${available.message}`,
    };
    // While pods of an older spec still serve, what is true is true of that spec: whoever waits for the new one waits on.
    const serving = available.status === "True" && !availability?.rolledOut;
    const observed = serving ? Math.min(previous.observedGeneration ?? generation - 1, generation) : generation;
    const condition = (type: ConditionType, { status, reason, message }: Finding, of = generation): Condition => {
        const before = previous.conditions?.find((c) => c.type === type);
        const since = before?.status === status ? before.lastTransitionTime : undefined;
        return { type, status, reason, message, lastTransitionTime: since ?? timestamp(now), observedGeneration: of };
    };
    const info = verification?.ok ? verification : undefined;
    const verifiedAt = info ? timestamp(new Date(info.at)) : previous.lastVerifiedTime;
    const url = info ? findings.url : previous.url && findings.url;
    const serverInfo = info?.serverInfo ?? previous.serverInfo;
    const protocolVersion = info?.protocolVersion ?? previous.protocolVersion;
    const tools = info?.tools ?? previous.tools;
    return {
        observedGeneration: observed,
        conditions: [
            condition("Accepted", findings.accepted),
            condition("Available", available, available.status === "True" ? observed : generation),
            condition("Verified", verified, verified.status === "True" ? observed : generation),
            condition(
                "Ready",
                { ...ready, status: ready.status === "True" ? "True" : "False" },
                ready.status === "True" ? observed : generation,
            ),
        ],
        ...(url && { url }),
        ...(serverInfo && { serverInfo }),
        ...(protocolVersion && { protocolVersion }),
        ...(tools !== undefined && { tools }),
        ...(verifiedAt && { lastVerifiedTime: verifiedAt }),
    };
}

function verifiedFinding(previous: MCPServerStatus, available: Finding, verification: Verification | undefined): Finding {
    if (available.status !== "True") return { status: "False", reason: "NotAvailable", message: `not probed: ${available.message}` };
    if (!verification) {
        // After a restart of the operator the status stands until the first probe has been made.
        const before = previous.conditions?.find(({ type }) => type === "Verified");
        return before?.status === "True"
            ? before
            : { status: "Unknown", reason: "Probing", message: "the first handshake through the route has not ended yet" };
    }
    if (!verification.ok) return { status: "False", reason: verification.reason, message: verification.message };
    const { serverInfo, protocolVersion, tools } = verification;
    const who = serverInfo ? `${serverInfo.name} ${serverInfo.version}` : "the server";
    return {
        status: "True",
        reason: "HandshakeSucceeded",
        message: `${who} answers over MCP ${protocolVersion} with ${tools} ${tools === 1 ? "tool" : "tools"}`,
    };
}

/** Everything of a status but the time of the last probe and, if not wanted, the texts. */
function comparable(status: MCPServerStatus, messages: boolean): string {
    const conditions = status.conditions?.map(({ message, ...condition }) => (messages ? { ...condition, message } : condition));
    return canonicalJson({ ...status, lastVerifiedTime: undefined, conditions });
}

/** How much the new status differs: not at all, in texts only, or in what programs act on. */
export function changeOf(before: MCPServerStatus | undefined, after: MCPServerStatus): "none" | "text" | "substance" {
    if (!before) return "substance";
    if (comparable(before, false) !== comparable(after, false)) return "substance";
    const age = Date.parse(after.lastVerifiedTime ?? "") - Date.parse(before.lastVerifiedTime ?? "");
    return comparable(before, true) !== comparable(after, true) ||
        age >= VERIFIED_TIME_MS ||
        (after.lastVerifiedTime && !before.lastVerifiedTime)
        ? "text"
        : "none";
}

/** As Kubernetes writes times: to the second. */
export function timestamp(date: Date): string {
    return `${date.toISOString().slice(0, 19)}Z`;
}
