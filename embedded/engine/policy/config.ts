/** How policies are set: the file of `--policy-pack-config`, and what comes of it with the pack's own defaults. */
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { z } from "zod";
import { messageOf, UserError } from "../../common/errors.ts";
import { isMap } from "../config/yaml.ts";
import type { PropertyMap } from "../values.ts";
import { isLevel, LEVEL_NAMES, type Level } from "./levels.ts";

/** What a file, or the pack itself, says about a policy. */
export interface GivenConfig {
    readonly level?: Level | undefined;
    readonly properties: PropertyMap;
}

export type GivenConfigs = Readonly<Record<string, GivenConfig>>;

/** A policy as its pack describes it. */
export interface PolicyDescription {
    readonly name: string;
    readonly level: Level;
    /** The JSON schemas of its properties. */
    readonly schema: PropertyMap;
    readonly required: readonly string[];
}

/** What a policy is configured with. */
export interface PolicyConfig {
    readonly level: Level;
    readonly properties: PropertyMap;
}

/** The name that stands for every policy of a pack. */
const ALL = "all";
/** References to environments of Pulumi Cloud. */
const ENVIRONMENTS = "environments";

/**
 * Reads a file of `--policy-pack-config`; an empty one says nothing.
 * @throws UserError with everything that is wrong with it
 */
export async function readConfigFile(given: string, cwd: string): Promise<GivenConfigs> {
    const subject = `The policy pack configuration ${given} (--policy-pack-config)`;
    const text = await readFile(resolve(cwd, given), "utf8").catch((error: unknown) => {
        const missing = (error as NodeJS.ErrnoException).code === "ENOENT";
        throw new UserError(missing ? `${subject} does not exist.` : `${subject} cannot be read: ${messageOf(error)}`);
    });
    if (!text.trim()) return {};
    const value = parse(text, subject);
    if (!isMap(value)) throw new UserError(`${subject} must be a JSON object of policies, found ${describe(value)}.`);
    const problems: string[] = [];
    const configs: Record<string, GivenConfig> = {};
    for (const [name, entry] of Object.entries(value)) {
        if (name === ENVIRONMENTS)
            problems.push(
                `${ENVIRONMENTS}: environments of Pulumi Cloud are not supported by the embedded engine; write the values into this file`,
            );
        else if (isLevel(entry)) configs[name] = { level: entry, properties: {} };
        else if (!isMap(entry)) problems.push(`${name}: must be one of ${LEVEL_NAMES.join(", ")}, or an object, found ${describe(entry)}`);
        else {
            const { enforcementLevel, ...properties } = entry;
            if (enforcementLevel === undefined || isLevel(enforcementLevel))
                configs[name] = { level: enforcementLevel, properties: properties as PropertyMap };
            else problems.push(`${name}.enforcementLevel: must be one of ${LEVEL_NAMES.join(", ")}, found ${describe(enforcementLevel)}`);
        }
    }
    if (problems.length) throw new UserError(listed(given, problems));
    return configs;
}

function parse(text: string, subject: string): unknown {
    try {
        return JSON.parse(text);
    } catch (error) {
        throw new UserError(`${subject} is not JSON: ${messageOf(error)}`);
    }
}

/**
 * The configuration of every policy of a pack: the defaults of its schemas and its own levels, then what the pack was
 * made with, then the file. `all` sets the level of those that are not named.
 * @param source the file, for messages; undefined when there is none
 * @throws UserError with every policy and property that is wrong
 */
export function configure(
    pack: string,
    policies: readonly PolicyDescription[],
    initial: GivenConfigs,
    given: GivenConfigs,
    source: string | undefined,
): ReadonlyMap<string, PolicyConfig> {
    const problems = Object.keys(given)
        .filter((name) => name !== ALL && !policies.some((policy) => policy.name === name))
        .map(
            (name) =>
                `${name}: the policy pack ${pack} has no such policy; it has ${policies.map((policy) => policy.name).join(", ") || "none"}`,
        );
    const configs = new Map<string, PolicyConfig>();
    for (const policy of policies) {
        const level =
            [given[policy.name]?.level, given[ALL]?.level, initial[policy.name]?.level, initial[ALL]?.level].find(Boolean) ?? policy.level;
        const properties = { ...defaultsOf(policy.schema), ...initial[policy.name]?.properties, ...given[policy.name]?.properties };
        problems.push(...mistakes(policy, properties));
        configs.set(policy.name, { level, properties });
    }
    if (problems.length) throw new UserError(listed(source ?? `The policy pack ${pack}`, problems));
    return configs;
}

function defaultsOf(schema: PropertyMap): PropertyMap {
    return Object.fromEntries(
        Object.entries(schema).flatMap(([key, property]) =>
            isMap(property) && property["default"] !== undefined ? [[key, property["default"] as PropertyMap]] : [],
        ),
    );
}

function mistakes({ name, schema, required }: PolicyDescription, properties: PropertyMap): string[] {
    let type: z.ZodType;
    try {
        type = z.fromJSONSchema({ type: "object", properties: schema, required } as Parameters<typeof z.fromJSONSchema>[0]);
    } catch (error) {
        return [`${name}: its configSchema cannot be used: ${messageOf(error)}`];
    }
    const result = type.safeParse(properties);
    if (result.success) return [];
    return result.error.issues.map(({ path, message }) => {
        const found = path.reduce<unknown>((value, key) => (value as Record<PropertyKey, unknown> | undefined)?.[key], properties);
        const place = [name, ...path].join(".");
        return found === undefined
            ? `${place}: is required`
            : `${place}: ${message.replace(/^Invalid (input|option): |, received .*$/g, "")}, found ${describe(found)}`;
    });
}

function listed(subject: string, problems: readonly string[]): string {
    return `${subject} has ${problems.length === 1 ? "1 mistake" : `${problems.length} mistakes`} in the configuration of policies:\n${problems.map((problem) => `  - ${problem}`).join("\n")}`;
}

function describe(value: unknown): string {
    const text = JSON.stringify(value) ?? "nothing";
    return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
