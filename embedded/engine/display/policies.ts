/** What policy packs found and mended, as Pulumi lists it: a block by pack after the resources, or line by line with `--diff`. */
import { equal } from "../compare.ts";
import type { EngineEvent, PolicyLoadEvent, PolicyRemediationEvent, PolicyViolationEvent } from "../events.ts";
import type { StoredValue } from "../state/types.ts";
import type { PropertyMap } from "../values.ts";
import type { Paint } from "./colors.ts";
import { mapDiff, type DiffOptions } from "./diff.ts";
import { displayType, nameOf, typeOf } from "./names.ts";

const ITEM = "        ";
const LEVELS = ["mandatory", "advisory"];
const SEVERITIES = ["critical", "high", "medium", "low"];

/** The verdicts of an operation as the events told them so far. */
export class Verdicts {
    readonly #packs: PolicyLoadEvent[] = [];
    readonly #violations: PolicyViolationEvent[] = [];
    readonly #remediations: PolicyRemediationEvent[] = [];

    take(event: EngineEvent): void {
        if (event.type === "policy-load") this.#packs.push(event);
        if (event.type === "policy-violation") this.#violations.push(event);
        if (event.type === "policy-remediation") this.#remediations.push(event);
    }

    /** Whether a mandatory rule was broken. */
    get refused(): boolean {
        return this.#violations.some(({ enforcementLevel }) => enforcementLevel === "mandatory");
    }

    /**
     * Every pack that ran with its violations, the gravest first, and how many resources it mended.
     * @param each whether to list what was mended one by one
     */
    lines(paint: Paint, each = false): string[] {
        if (!this.#packs.length) return [];
        return [paint("headline", "Policies:"), ...this.#byPack().flatMap((pack) => this.#packLines(pack, paint, each)), ""];
    }

    /** The packs that ran, for `--diff`, where the verdicts were told as they came. */
    table(paint: Paint): string[] {
        if (!this.#packs.length) return [];
        const width = Math.max("Name".length, ...this.#packs.map(({ pack }) => pack.length));
        const rows = this.#byPack().map(({ pack, packVersion }) => `    ${pack.padEnd(width)}  ${packVersion}`);
        return [paint("headline", "Policy Packs run:"), `    ${"Name".padEnd(width)}  Version`, ...rows, ""];
    }

    #byPack(): PolicyLoadEvent[] {
        return this.#packs.toSorted((a, b) => compare(keyOf(a), keyOf(b)));
    }

    #packLines(pack: PolicyLoadEvent, paint: Paint, each: boolean): string[] {
        const violations = this.#violations.filter((event) => keyOf(event) === keyOf(pack)).toSorted(byGravity);
        const mark = !violations.length ? "✅" : violations[0]?.enforcementLevel === "mandatory" ? "❌" : "⚠️";
        const mended = this.#remediations.filter((event) => keyOf(event) === keyOf(pack));
        return [
            `    ${mark} ${paint("magenta", keyOf(pack))} (local: ${pack.path})`,
            // In their order, which matters when one corrects what another left.
            ...(each ? mended.map((event) => remediationLine(event, paint)) : remediationCounts(mended, paint)),
            ...violations.flatMap((event) => [`${ITEM}- ${headline(event, paint)}`, ...messageLines(event.message, `${ITEM}  `)]),
        ];
    }
}

function remediationCounts(events: readonly PolicyRemediationEvent[], paint: Paint): string[] {
    const counts = new Map<string, number>();
    for (const { policy } of events) counts.set(policy, (counts.get(policy) ?? 0) + 1);
    return [...counts]
        .toSorted(([a], [b]) => compare(a, b))
        .map(([policy, n]) => `${ITEM}- ${paint("magenta", `[remediate]  ${policy}`)}  (${n} ${n === 1 ? "resource" : "resources"})`);
}

function remediationLine({ policy, urn, before, after }: PolicyRemediationEvent, paint: Paint): string {
    const changes = [...new Set([...Object.keys(before), ...Object.keys(after)])].toSorted().flatMap((key) => {
        if (!(key in before)) return [paint("green", `+${key}`)];
        if (!(key in after)) return [paint("red", `-${key}`)];
        return equal(before[key], after[key]) ? [] : [paint("yellow", `~${key}`)];
    });
    return `${ITEM}- ${paint("magenta", `[remediate]  ${policy}`)}${about(urn)} [${changes.join(",")}]`;
}

/** A verdict by itself, told when it comes. */
export function verdictLines(event: PolicyViolationEvent | PolicyRemediationEvent, options: DiffOptions): string[] {
    const { paint } = options;
    const pack = paint("magenta", keyOf(event));
    if (event.type === "policy-violation") return [`    ${pack} ${headline(event, paint)}`, ...messageLines(event.message, "    ")];
    return [
        `    ${pack} ${paint("magenta", `[remediate]  ${event.policy}`)}${about(event.urn)}`,
        ...mapDiff(event.before, event.after, [], "        ", options),
    ];
}

/** A violation as the digest lists it, with Pulumi's names for policy events. */
export interface DigestViolation {
    resourceUrn?: string;
    message: string;
    policyName: string;
    policyPackName: string;
    policyPackVersion: string;
    enforcementLevel: string;
    severity?: string;
}

export function digestViolation(event: PolicyViolationEvent): DigestViolation {
    return {
        ...(event.urn && { resourceUrn: event.urn }),
        message: event.message,
        policyName: event.policy,
        policyPackName: event.pack,
        policyPackVersion: event.packVersion,
        enforcementLevel: event.enforcementLevel,
        ...(event.severity && { severity: event.severity }),
    };
}

/** A remediation as the digest lists it. */
export interface DigestRemediation {
    resourceUrn: string;
    policyName: string;
    policyPackName: string;
    policyPackVersion: string;
    before: Record<string, StoredValue>;
    after: Record<string, StoredValue>;
}

/** @param write makes JSON of properties, without secrets */
export function digestRemediation(
    event: PolicyRemediationEvent,
    write: (map: PropertyMap) => Record<string, StoredValue>,
): DigestRemediation {
    return {
        resourceUrn: event.urn,
        policyName: event.policy,
        policyPackName: event.pack,
        policyPackVersion: event.packVersion,
        before: write(event.before),
        after: write(event.after),
    };
}

function keyOf({ pack, packVersion }: { readonly pack: string; readonly packVersion: string }): string {
    return `${pack}@v${packVersion}`;
}

function headline({ enforcementLevel, severity, policy, urn }: PolicyViolationEvent, paint: Paint): string {
    const color = enforcementLevel === "mandatory" ? "red" : "yellow";
    return `${paint(color, `[${enforcementLevel}]${severity ? ` [severity: ${severity}]` : ""}  ${policy}`)}${about(urn)}`;
}

function about(urn: string | undefined): string {
    return urn ? `  (${displayType(typeOf(urn))}: ${nameOf(urn)})` : "";
}

function messageLines(message: string, indent: string): string[] {
    return message
        .trimEnd()
        .split("\n")
        .map((line) => `${indent}${line}`.trimEnd());
}

function byGravity(a: PolicyViolationEvent, b: PolicyViolationEvent): number {
    return (
        LEVELS.indexOf(a.enforcementLevel) - LEVELS.indexOf(b.enforcementLevel) ||
        rank(a.severity) - rank(b.severity) ||
        compare(a.policy, b.policy) ||
        compare(a.urn ?? "", b.urn ?? "")
    );
}

function rank(severity: PolicyViolationEvent["severity"]): number {
    return severity ? SEVERITIES.indexOf(severity) : SEVERITIES.length;
}

function compare(a: string, b: string): number {
    return a < b ? -1 : a > b ? 1 : 0;
}
