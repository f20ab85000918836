/** Rules that resources call for by their input `ask`, so that one start of the pack serves many cases. */
import { PolicyPack, type ResourceValidationPolicy } from "@pulumi/policy";

/** What a resource calls for; resources with inputs of a fixed kind call for it by their keepers. */
const ask = (props: Record<string, unknown>): unknown => props["ask"] ?? (props["keepers"] as Record<string, unknown> | undefined)?.["ask"];

/** A rule that the resource calls for by name, as strict as its name says. */
const strict = (enforcementLevel: "advisory" | "mandatory" | "disabled"): ResourceValidationPolicy => ({
    name: `is-${enforcementLevel}`,
    description: "A rule of this level.",
    enforcementLevel,
    validateResource: ({ props, name }, report) => {
        if (ask(props) === enforcementLevel) report(`${name} broke it`);
    },
});

console.log("the pack starts");

// oxlint-disable-next-line no-new -- a pack serves from its construction on
new PolicyPack("rules", {
    policies: [
        strict("advisory"),
        strict("mandatory"),
        strict("disabled"),
        {
            name: "is-remediate",
            description: "Values are mended.",
            enforcementLevel: "remediate",
            severity: "high",
            remediateResource: ({ props }) => {
                if (ask(props) !== "remediate") return undefined;
                return {
                    ...props,
                    ...(props["breaks"] === true && { invalid: true }),
                    value: props["unmendable"] === true ? "still broken" : "mended",
                };
            },
            validateResource: ({ props }, report) => {
                if (ask(props) === "remediate" && !String(props["value"]).startsWith("mended")) report("the value is not mended");
            },
        },
        {
            name: "limit",
            description: "Sizes are limited.",
            enforcementLevel: "advisory",
            configSchema: {
                properties: { most: { type: "number", minimum: 1, default: 10 }, names: { type: "array", items: { type: "string" } } },
            },
            validateResource: ({ props, getConfig }, report) => {
                if (ask(props) === "limit") report(JSON.stringify(getConfig()));
            },
        },
        {
            name: "sees",
            description: "Tells what a rule is given.",
            enforcementLevel: "advisory",
            validateResource: ({ props, opts, provider, urn, type, name, stackTags }, report) => {
                if (ask(props) !== "sees") return;
                const tags = Object.fromEntries(stackTags?.entries() ?? []);
                report(
                    JSON.stringify({
                        props: { ...props },
                        opts,
                        provider: provider && { ...provider, props: { ...provider.props } },
                        urn,
                        type,
                        name,
                        tags,
                    }),
                );
            },
        },
        {
            name: "reads-value",
            description: "Needs the value.",
            enforcementLevel: "mandatory",
            validateResource: ({ props }, report) => {
                if (ask(props) === "reads-value") report(`the value is ${props["value"]}`);
            },
        },
        {
            name: "stops",
            description: "Throws, hangs, or ends the process.",
            enforcementLevel: "advisory",
            validateResource: async ({ props }) => {
                if (ask(props) === "hangs") await new Promise(() => console.log(`hangs in ${process.pid}`));
                if (ask(props) === "throws") throw new Error("the rule's own mistake");
                if (ask(props) === "dies") process.exit(7);
                if (ask(props) === "prints") console.log("the pack prints");
            },
        },
        {
            name: "counts-things",
            description: "Few things.",
            enforcementLevel: "mandatory",
            configSchema: { properties: { most: { type: "integer", default: 1000 } } },
            validateStack: ({ resources, getConfig }, report) => {
                const things = resources.filter(({ type }) => type === "double:index:Thing");
                const { most } = getConfig<{ most: number }>();
                if (things.length > most) report(`${things.length} things, ${most} allowed`);
                for (const { props, dependencies, propertyDependencies, urn } of things) {
                    if (ask(props) !== "stack") continue;
                    const of = Object.entries(propertyDependencies).map(([key, list]) => `${key}: ${list.map(({ name }) => name).join()}`);
                    report(`${String(props["generated"])} after ${dependencies.map(({ name }) => name).join()} (${of.join()})`, urn);
                }
            },
        },
    ],
});
